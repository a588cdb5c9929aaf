"""A dump in pg_dump's custom format (PGDMP 1.11 to 1.16), read as a stream.

The blocks are taken in the order in which they stand, so that offsets are not needed: a dump that
went through a compressor has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.byte_stream import ByteStream, EndOfStream
from steps.hosted_engine.archive.copy_text import (
    Block,
    CopyHead,
    SkippedBlock,
    match_head,
    skip_table,
)
from steps.hosted_engine.archive.dump_block import unpacked
from steps.hosted_engine.archive.problems import ArchiveFault

MAGIC: Final = b"PGDMP"
_OLDEST, _NEWEST = (1, 11), (1, 16)
_MAX_ENTRIES: Final = 200_000
_MAX_DEPENDENCIES: Final = 2_000_000
"""An engine's dump has some 10,000 entries with a few dependencies each."""
_MAX_TEXT: Final = 1 << 20
_MAX_BYTES: Final = 1 << 30
_DATA, _LARGE_OBJECTS = 1, 3
_NO_DATA: Final = 3
_ALGORITHMS: Final = ("none", "zlib", "lz4", "zstd")


@dataclass(frozen=True, slots=True)
class _Layout:
    version: tuple[int, int]
    int_bytes: int
    offset_bytes: int


def read_custom(
    pieces: Iterator[bytes], begin: Callable[[CopyHead], Block], budget: Budget
) -> None:
    """Read to the end; `begin` says for each table what becomes of its rows.

    Raises ArchiveFault `corrupt-dump`, or `unknown-dump` for a version that is not known.
    """
    stream = ByteStream(pieces)
    try:
        _Reader(stream, begin, budget).read()
    except EndOfStream as error:
        raise ArchiveFault("corrupt-dump", "The database dump ends too early.") from error


def server_version(head: bytes) -> str | None:
    """The version of the server that was dumped, from the first bytes of a dump."""
    try:
        return _Reader(ByteStream(iter([head])), skip_table, Budget(0)).server_version()
    except (EndOfStream, ArchiveFault):
        return None


class _Reader:
    def __init__(
        self, stream: ByteStream, begin: Callable[[CopyHead], Block], budget: Budget
    ) -> None:
        self._stream, self._begin, self._budget = stream, begin, budget
        self._layout = _layout(stream)
        self._algorithm = "none"
        self._dependencies = 0

    def server_version(self) -> str | None:
        self._algorithm = self._compression()
        for _ in range(7):
            self._int()
        self._skip_text()
        found = re.match(rb"\d[\d.]{0,20}", self._text() or b"")
        self._skip_text()
        return found[0].decode() if found else None

    def read(self) -> None:
        self.server_version()
        entries = self._int()
        if not 0 <= entries <= _MAX_ENTRIES:
            raise _damaged(f"it claims {entries} entries")
        heads: dict[int, CopyHead] = {}
        due: set[int] = set()
        for _ in range(entries):
            self._entry(heads, due)
        self._blocks(heads, due)

    def _compression(self) -> str:
        if self._layout.version >= (1, 15):
            number = self._stream.byte()
            if number >= len(_ALGORITHMS):
                raise _unknown(f"compression {number}")
            return _ALGORITHMS[number]
        return "zlib" if self._int() else "none"

    def _entry(self, heads: dict[int, CopyHead], due: set[int]) -> None:
        dump_id = self._int()
        self._int()
        self._skip_text()
        self._skip_text()
        self._skip_text()
        kind = self._text()
        self._int()
        self._skip_text()
        self._skip_text()
        statement = self._text() if kind == b"TABLE DATA" else self._skip_text()
        namespace = self._text() if kind == b"TABLE DATA" else self._skip_text()
        self._skip_text()
        if self._layout.version >= (1, 14):
            self._skip_text()
        if self._layout.version >= (1, 16):
            self._int()
        self._skip_text()
        self._skip_text()
        while self._skip_text() is not None:
            self._dependencies += 1
            if self._dependencies > _MAX_DEPENDENCIES:
                raise _damaged("it claims dependencies without end")
        state = self._stream.byte()
        self._stream.skip(self._layout.offset_bytes)
        if kind == b"TABLE DATA" and state != _NO_DATA:
            due.add(dump_id)
            head = _head(statement, namespace)
            if head is not None:
                heads[dump_id] = head

    def _blocks(self, heads: dict[int, CopyHead], due: set[int]) -> None:
        """The data; every table that announced some must have brought it."""
        while self._stream.peek(1):
            kind, dump_id = self._stream.byte(), self._int()
            if kind == _LARGE_OBJECTS:
                while self._int():
                    self._skip_chunks()
            elif kind == _DATA:
                due.discard(dump_id)
                self._table(heads.get(dump_id))
            else:
                raise _damaged(f"a block of kind {kind}")
        if due:
            raise _damaged(f"the data of {len(due)} tables is missing")

    def _table(self, head: CopyHead | None) -> None:
        block = self._begin(head) if head is not None else SkippedBlock()
        if isinstance(block, SkippedBlock):
            self._skip_chunks()
            return
        ended = False
        with unpacked(self._chunks(), self._algorithm, self._budget) as pieces:
            for piece in pieces:
                # What follows the end mark are blank lines.
                ended = ended or block.feed(piece, 0) >= 0
        if not ended:
            raise _damaged("the rows of a table have no end")

    def _chunks(self) -> Iterator[bytes]:
        while length := self._length(_MAX_BYTES):
            yield from self._stream.pieces(length)

    def _skip_chunks(self) -> None:
        try:
            self._stream.skip_chunks(self._layout.int_bytes)
        except ValueError as error:
            raise _damaged(f"a length of -{error}") from error

    def _int(self) -> int:
        raw = self._stream.read(self._layout.int_bytes + 1)
        value = int.from_bytes(raw[1:], "little")
        return -value if raw[0] else value

    def _length(self, most: int) -> int:
        length = self._int()
        if not 0 <= length <= most:
            raise _damaged(f"a length of {length}")
        return length

    def _text(self) -> bytes | None:
        length = self._int()
        if length < 0:
            return None
        if length > _MAX_TEXT:
            raise _damaged(f"a name of {length} bytes")
        return self._stream.read(length)

    def _skip_text(self) -> bytes | None:
        """Pass over a text; None where it is NULL."""
        length = self._int()
        if length < 0:
            return None
        if length > _MAX_BYTES:
            raise _damaged(f"a text of {length} bytes")
        self._stream.skip(length)
        return b""


def _layout(stream: ByteStream) -> _Layout:
    head = stream.read(len(MAGIC) + 6)
    if not head.startswith(MAGIC):
        raise _damaged("it does not begin as one")
    major, minor, _revision, int_bytes, offset_bytes, kind = head[len(MAGIC) :]
    version = (major, minor)
    if not _OLDEST <= version <= _NEWEST:
        raise _unknown(f"version {major}.{minor}")
    if kind != 1 or not 1 <= int_bytes <= 8 or not 1 <= offset_bytes <= 16:
        raise _damaged("its header")
    return _Layout(version, int_bytes, offset_bytes)


def _head(statement: bytes | None, namespace: bytes | None) -> CopyHead | None:
    found = match_head(statement or b"")
    if found is None:
        return None
    head = found[0]
    schema = (namespace or b"").decode("utf-8", "replace")
    return CopyHead(head.schema or schema or None, head.table, head.columns)


def _damaged(what: str) -> ArchiveFault:
    return ArchiveFault("corrupt-dump", f"The database dump is damaged: {what}.")


def _unknown(what: str) -> ArchiveFault:
    return ArchiveFault(
        "unknown-dump",
        f"The database dump is in a form that is not known here: {what}.",
        "Look at it with pg_restore --list of a newer PostgreSQL.",
    )
