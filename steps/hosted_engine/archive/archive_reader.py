"""One pass over an archive of engine-backup of any era, as a stream. Nothing is written to disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from config.errors import InvalidInput
from steps.hosted_engine.archive.budget import Budget, Progress
from steps.hosted_engine.archive.byte_stream import ByteStream, EndOfStream
from steps.hosted_engine.archive.compression import (
    MAGIC_BYTES,
    NONE,
    compression_of,
    decompressed,
)
from steps.hosted_engine.archive.contents import Contents
from steps.hosted_engine.archive.member_names import MemberNames
from steps.hosted_engine.archive.member_readers import MemberReaders, TakeDump
from steps.hosted_engine.archive.problems import ArchiveFault, Problem
from steps.hosted_engine.archive.read_ahead import read_ahead
from steps.hosted_engine.archive.tar_stream import members
from steps.targets.os_errors import explaining

_PIECE: Final = 256 << 10


def read_archive(
    path: Path,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    take_dump: TakeDump | None = None,
) -> Contents:
    """Read all of it. What is wrong within is a problem of the contents.

    `take_dump` reads the dumps itself, instead of what an inspection looks for in them.

    Raises InvalidInput where there is no such regular file, StepFailed or Unreachable where it
    cannot be read, Interrupted once `cancel` is set.
    """
    with explaining(f"Cannot read {str(path)!r}"), _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        contents = Contents()
        if not size:
            contents.add(_empty(path))
            return contents
        budget = Budget(size, progress, cancel)
        try:
            _read(file, MemberReaders(contents, budget, take_dump))
        except ArchiveFault as fault:
            contents.add(fault)
        return contents


def _opened(path: Path) -> BinaryIO:
    from steps.targets.files import open_regular

    if not path.exists():
        raise InvalidInput(f"There is no file {str(path)!r}.", "Check the path of the archive.")
    return os.fdopen(open_regular(str(path)), "rb", buffering=0)


def _empty(path: Path) -> Problem:
    return Problem(
        "empty-file",
        f"{str(path)!r} is empty (0 bytes).",
        "A failed engine-backup leaves such a file. Look for an older archive, and at the log of "
        "the backup.",
    )


def _read(file: BinaryIO, readers: MemberReaders) -> None:
    contents, budget = readers.contents, readers.budget
    pieces = _file_pieces(file, budget)
    first = next(pieces, b"")
    contents.outer = compression_of(first[:MAGIC_BYTES])
    whole = chain([first], pieces)
    if contents.outer == NONE:
        _read_members(ByteStream(whole), readers)
        return
    with read_ahead(decompressed(whole, contents.outer, budget, "the archive")) as content:
        _read_members(ByteStream(content), readers)


def _file_pieces(file: BinaryIO, budget: Budget) -> Iterator[bytes]:
    read = 0
    while piece := file.read(_PIECE):
        read += len(piece)
        budget.read_from_file(read)
        yield piece


def _read_members(stream: ByteStream, readers: MemberReaders) -> None:
    contents, names = readers.contents, MemberNames()
    try:
        for member in members(stream, readers.budget, "the file"):
            name = names.accept(member.header, contents)
            if name:
                readers.read(name, member)
        # The compressor's own checksum comes after the last member.
        for _piece in stream.rest():
            pass
        contents.complete = True
    except EndOfStream as error:
        raise ArchiveFault("truncated", "The archive is cut off.") from error
    finally:
        readers.finish()
