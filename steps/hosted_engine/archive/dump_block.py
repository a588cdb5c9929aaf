"""The compression within a custom dump: one stream for each table's data.

lz4 and zstd (PostgreSQL 16 on, and never what engine-backup itself asks for) are unpacked by the
programs of that name, so that nobody else has to install a library for them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import IO, Final

from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.problems import ArchiveFault

_PIECE: Final = 256 << 10
_PROGRAMS: Final = {
    "lz4": ("lz4", "-d", "-c", "-q"),
    "zstd": ("zstd", "-d", "-c", "-q", "--memory=64MB"),
}


def unpacked(
    chunks: Iterator[bytes], algorithm: str, budget: Budget
) -> AbstractContextManager[Iterator[bytes]]:
    """The text of a block. All chunks are read once its pieces are."""
    if algorithm == "none":
        return nullcontext(chunks)
    if algorithm == "zlib":
        return nullcontext(_inflated(chunks, budget))
    return _piped(chunks, algorithm, budget)


def _inflated(chunks: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    try:
        for chunk in chunks:
            data = chunk
            while data:
                piece = inflater.decompress(data, _PIECE)
                data = inflater.unconsumed_tail
                budget.spend(len(piece), "the database dump")
                yield piece
        yield inflater.flush()
    except zlib.error as error:
        raise _damaged(str(error)) from error
    if not inflater.eof:
        raise _damaged("its compressed data is cut off")


@contextmanager
def _piped(chunks: Iterator[bytes], algorithm: str, budget: Budget) -> Iterator[Iterator[bytes]]:
    command = list(_PROGRAMS[algorithm])
    program = shutil.which(command[0])
    if program is None:
        raise ArchiveFault(
            "decompressor-missing",
            f"The database dump is compressed with {algorithm}, and that program is not here.",
            f"Install the package {algorithm}, and inspect the archive again.",
        )
    with subprocess.Popen(
        [program, *command[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    ) as child:
        pipe = _Pipe(child, chunks)
        try:
            yield pipe.pieces(budget)
        finally:
            pipe.stop()


class _Pipe:
    """Chunks into a program, by a thread; what comes out of it."""

    def __init__(self, child: subprocess.Popen[bytes], chunks: Iterator[bytes]) -> None:
        self._child, self._chunks = child, chunks
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._feeder = threading.Thread(target=self._feed, name="archive", daemon=True)
        self._feeder.start()

    def pieces(self, budget: Budget) -> Iterator[bytes]:
        assert self._child.stdout is not None
        while piece := os.read(self._child.stdout.fileno(), _PIECE):
            budget.spend(len(piece), "the database dump")
            yield piece
        self._feeder.join()
        if self._error is not None:
            raise self._error
        if self._child.wait() != 0:
            raise _damaged("its compressed data cannot be unpacked")

    def stop(self) -> None:
        """Afterwards nobody reads the chunks."""
        self._stopped.set()
        self._child.kill()
        self._feeder.join()

    def _feed(self) -> None:
        assert self._child.stdin is not None
        given_up = False
        try:
            for chunk in self._chunks:
                if self._stopped.is_set():
                    break
                # A program that has given up takes no more; the chunks are read to their end.
                given_up = given_up or not _wrote(self._child.stdin, chunk)
        except BaseException as error:  # noqa: BLE001  (carried over to the reading thread)
            self._error = error
        with suppress(OSError):
            self._child.stdin.close()


def _wrote(pipe: IO[bytes], chunk: bytes) -> bool:
    try:
        pipe.write(chunk)
    except OSError:
        return False
    return True


def _damaged(what: str) -> ArchiveFault:
    return ArchiveFault("corrupt-dump", f"The database dump is damaged: {what}.")
