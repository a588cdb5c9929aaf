"""Pieces of bytes through a program: fed by a thread, so that neither side waits for the other."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

from steps.hosted_engine.archive.problems import ArchiveFault

_PIECE: Final = 256 << 10


@contextmanager
def piped(
    command: Sequence[str],
    chunks: Iterator[bytes],
    failed: Callable[[int], ArchiveFault],
    said: int | IO[bytes],
    environment: Mapping[str, str],
    options: Mapping[str, Any],
) -> Iterator[Iterator[bytes]]:
    """What the program makes of the chunks; all of them are read once its pieces are.

    `said` takes its standard error; `failed` is raised for an exit code that is not 0; `options`
    are subprocess's own.
    """
    with subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        env=dict(environment),
        cwd="/",
        **options,
    ) as child:
        pipe = _Pipe(child, chunks)
        try:
            yield pipe.pieces(failed)
        finally:
            pipe.stop()


class _Pipe:
    def __init__(self, child: subprocess.Popen[bytes], chunks: Iterator[bytes]) -> None:
        self._child, self._chunks = child, chunks
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._feeder = threading.Thread(target=self._feed, name="archive", daemon=True)
        self._feeder.start()

    def pieces(self, failed: Callable[[int], ArchiveFault]) -> Iterator[bytes]:
        assert self._child.stdout is not None
        while piece := os.read(self._child.stdout.fileno(), _PIECE):
            yield piece
        self._feeder.join()
        if self._error is not None:
            raise self._error
        code = self._child.wait()
        if code != 0:
            raise failed(code)

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
