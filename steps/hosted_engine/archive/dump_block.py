"""The compression within a custom dump: one stream for each table's data.

lz4 and zstd (PostgreSQL 16 on, and never what engine-backup itself asks for) are unpacked by the
programs of that name, so that nobody else has to install a library for them.
"""

from __future__ import annotations

import shutil
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.piped import piped
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
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    with piped(
        [program, *command[1:]], chunks, _not_unpacked, subprocess.DEVNULL, environment, {}
    ) as pieces:
        yield _spent(pieces, budget)


def _spent(pieces: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    for piece in pieces:
        budget.spend(len(piece), "the database dump")
        yield piece


def _not_unpacked(_code: int) -> ArchiveFault:
    return _damaged("its compressed data cannot be unpacked")


def _damaged(what: str) -> ArchiveFault:
    return ArchiveFault("corrupt-dump", f"The database dump is damaged: {what}.")
