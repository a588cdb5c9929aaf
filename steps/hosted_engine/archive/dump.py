"""A database dump of any kind: its compressor, its format, and the rows of its tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.byte_stream import ByteStream
from steps.hosted_engine.archive.compression import (
    MAGIC_BYTES,
    NONE,
    compression_of,
    decompressed,
)
from steps.hosted_engine.archive.copy_text import Block, CopyHead
from steps.hosted_engine.archive.custom_dump import MAGIC, read_custom, server_version
from steps.hosted_engine.archive.plain_dump import read_plain
from steps.hosted_engine.archive.problems import ArchiveFault, shown_name
from steps.hosted_engine.archive.read_ahead import read_ahead

PLAIN, CUSTOM = "plain", "custom"
_TEXT_START: Final = (b"--", b"\\restrict", b"SET ", b"\n--")


_HEAD_BYTES: Final = 4096
_SERVER_VERSION: Final = re.compile(rb"^-- Dumped from database version (\d[\d.]{0,20})", re.M)


@dataclass(frozen=True, slots=True)
class DumpContent:
    """A dump without its compressor; it is read once, by `read` or by its stream."""

    format: str
    compressor: str
    stream: ByteStream
    budget: Budget

    @property
    def server_version(self) -> str | None:
        """The version of the server that was dumped, where the dump says so."""
        head = self.stream.peek(_HEAD_BYTES)
        if self.format == CUSTOM:
            return server_version(head)
        found = _SERVER_VERSION.search(head)
        return found[1].decode() if found else None

    def read(self, begin: Callable[[CopyHead], Block]) -> None:
        """Read it to its end; `begin` says for each table what becomes of its rows.

        Raises ArchiveFault `corrupt-dump` and what the compression has.
        """
        if self.format == CUSTOM:
            read_custom(self.stream.rest(), begin, self.budget)
        else:
            read_plain(self.stream.rest(), begin)


@contextmanager
def dump_content(pieces: Iterator[bytes], what: str, budget: Budget) -> Iterator[DumpContent]:
    """The dump within a member. Raises ArchiveFault `corrupt-dump` where it is none."""
    stream = ByteStream(pieces)
    compressor = compression_of(stream.peek(MAGIC_BYTES))
    if compressor == NONE:
        yield _content(stream, what, compressor, budget)
        return
    with read_ahead(decompressed(stream.rest(), compressor, budget, what)) as content:
        yield _content(ByteStream(content), what, compressor, budget)


def _content(stream: ByteStream, what: str, compressor: str, budget: Budget) -> DumpContent:
    head = stream.peek(16)
    if head.startswith(MAGIC):
        return DumpContent(CUSTOM, compressor, stream, budget)
    if head.startswith(_TEXT_START):
        return DumpContent(PLAIN, compressor, stream, budget)
    raise ArchiveFault(
        "corrupt-dump", f"The member {shown_name(what)} is not a dump of PostgreSQL."
    )
