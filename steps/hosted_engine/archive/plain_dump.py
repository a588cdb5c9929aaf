"""A plain dump of pg_dump, read as a stream: the rows of the wanted tables.

COPY counts only at the start of a line outside strings, names and comments: functions are dumped
as strings that may hold any text. What lies between is found by searching, not line by line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from steps.hosted_engine.archive.copy_text import (
    MAX_HEAD,
    Block,
    CopyHead,
    match_head,
)
from steps.hosted_engine.archive.problems import ArchiveFault, shown_name

BeginTable = Callable[[CopyHead], Block]

_END_MARK: Final = b"-- PostgreSQL database dump complete"
_MARGIN: Final = 300
"""No token that is looked for is longer, so none is torn that begins before it."""
_TOKEN: Final = re.compile(
    rb"'|\"|--|\\|\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]{0,62})?\$|COPY "
    rb"|SET search_path = [^,;\n]{0,200}"
)
_HARMLESS: Final = re.compile(rb"\\(?:un)?restrict [0-9A-Za-z]{1,200}\s*")
_WORD: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$") | (
    frozenset(range(0x80, 0x100))
)
_NEWLINE: Final = 0x0A


def read_plain(pieces: Iterator[bytes], begin: BeginTable) -> None:
    """Read to the end; `begin` says for each table what becomes of its rows.

    A head without a schema gets the one of the search path. Raises ArchiveFault `corrupt-dump`.
    """
    scanner = _Scanner()
    block: Block | None = None
    carry, tail = b"\n", b""
    for piece in pieces:
        text, at = carry + piece, 1
        tail = (tail + piece)[-1000:] if len(piece) < 1000 else piece[-1000:]
        block, carry = _step(scanner, block, text, at, begin)
    block, carry = _step(scanner, block, carry + b"\n" * (_MARGIN + 1), 1, begin)
    if block is not None or scanner.inside or _END_MARK not in tail:
        raise ArchiveFault("corrupt-dump", "The database dump ends before its end mark.")


def _step(
    scanner: _Scanner, block: Block | None, text: bytes, at: int, begin: BeginTable
) -> tuple[Block | None, bytes]:
    """Take in one text; what is open after it, and what must be seen again (one byte before)."""
    while True:
        if block is not None:
            at = block.feed(text, at)
            if at < 0:
                return block, b"\n"
            block = None
        head, at = scanner.scan(text, at)
        if head is None:
            return None, text[at - 1 :]
        block = begin(head)


class _Scanner:
    """What lies between the blocks."""

    def __init__(self) -> None:
        self._closing = b""
        self._schema: str | None = None

    @property
    def inside(self) -> bool:
        """Whether a string or name is open; a comment does not count."""
        return self._closing not in (b"", b"\n")

    def scan(self, text: bytes, at: int) -> tuple[CopyHead | None, int]:
        """The next head and where its rows begin, or None and where to go on with more text."""
        end = len(text) - _MARGIN
        while True:
            if self._closing:
                found = text.find(self._closing, at)
                if found < 0:
                    return None, max(at, len(text) - len(self._closing) + 1)
                # The line end of a comment is also the start of the next line.
                at = found + (0 if self._closing == b"\n" else len(self._closing))
                self._closing = b""
            token = _TOKEN.search(text, at)
            if token is None or token.start() >= end:
                return None, max(at, min(token.start() if token else end, end))
            start, at = token.start(), token.end()
            if token[0] == b"COPY " and text[start - 1] == _NEWLINE:
                found_head = self._head(text, start)
                if found_head is not None:
                    return found_head
                if len(text) - start < MAX_HEAD and b";\n" not in text[start:]:
                    return None, start
            elif token[0] == b"\\":
                refuse_commands(text[start : start + _MARGIN].partition(b"\n")[0])
                self._closing = b"\n"
            else:
                self._note(token[0], text[start - 1])

    def _head(self, text: bytes, start: int) -> tuple[CopyHead, int] | None:
        found = match_head(text, start)
        if found is None:
            return None
        head, rows = found
        if head.schema is None:
            head = CopyHead(self._schema, head.table, head.columns)
        return head, rows

    def _note(self, token: bytes, before: int) -> None:
        if token in (b"'", b'"'):
            self._closing = token
        elif token == b"--":
            self._closing = b"\n"
        elif token.startswith(b"$") and before not in _WORD:
            self._closing = token
        elif token.startswith(b"SET") and before == _NEWLINE:
            schema = token.partition(b"= ")[2].strip()
            self._schema = schema.decode("utf-8", "replace") or None


def refuse_commands(line: bytes) -> None:
    """Raises ArchiveFault `dump-commands` for a line of psql's own that pg_dump does not write.

    `line` begins with the backslash. psql takes such a command anywhere outside strings and rows.
    """
    if _HARMLESS.fullmatch(line) is None:
        word = line[1:20].partition(b" ")[0].decode("ascii", "replace")
        raise ArchiveFault(
            "dump-commands",
            f"The database dump holds a command for psql, \\{shown_name(word)[1:-1]}: no backup "
            "does.",
            "Do not restore this archive: engine-backup would have it run as root. Find out who "
            "put it there.",
        )
