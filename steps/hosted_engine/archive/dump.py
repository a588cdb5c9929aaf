"""A database dump of any kind: its compressor, its format, and the rows of its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from steps.hosted_engine.archive.custom_dump import MAGIC, read_custom
from steps.hosted_engine.archive.plain_dump import read_plain
from steps.hosted_engine.archive.problems import ArchiveFault, shown_name
from steps.hosted_engine.archive.read_ahead import read_ahead

PLAIN, CUSTOM = "plain", "custom"
_TEXT_START: Final = (b"--", b"\\restrict", b"SET ", b"\n--")

NoteForm = Callable[[str, str], None]
"""Called with the dump's format and compressor once they are known."""


def read_dump(
    pieces: Iterator[bytes],
    what: str,
    begin: Callable[[CopyHead], Block],
    budget: Budget,
    note: NoteForm,
) -> None:
    """Read a dump to its end; `begin` says for each table what becomes of its rows.

    Raises ArchiveFault `corrupt-dump` and what the compression has.
    """
    stream = ByteStream(pieces)
    compressor = compression_of(stream.peek(MAGIC_BYTES))
    if compressor == NONE:
        _read_content(stream, what, begin, budget, lambda form: note(form, NONE))
        return
    with read_ahead(decompressed(stream.rest(), compressor, budget, what)) as content:
        _read_content(ByteStream(content), what, begin, budget, lambda form: note(form, compressor))


def _read_content(
    stream: ByteStream,
    what: str,
    begin: Callable[[CopyHead], Block],
    budget: Budget,
    note: Callable[[str], None],
) -> None:
    head = stream.peek(16)
    if head.startswith(MAGIC):
        note(CUSTOM)
        read_custom(stream.rest(), begin, budget)
    elif head.startswith(_TEXT_START):
        note(PLAIN)
        read_plain(stream.rest(), begin)
    else:
        raise ArchiveFault(
            "corrupt-dump", f"The member {shown_name(what)} is not a dump of PostgreSQL."
        )
