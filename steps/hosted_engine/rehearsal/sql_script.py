"""A plain dump as a sequence of statements and blocks of rows, each to be handed to a server.

Nothing is interpreted. A line that psql would act upon (it begins with a backslash) is never handed
on: the few that pg_dump itself writes are passed over, any other ends the work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from steps.hosted_engine.archive.copy_text import CopyHead, SkippedBlock, match_head
from steps.hosted_engine.archive.plain_dump import refuse_commands
from steps.hosted_engine.archive.problems import ArchiveFault

_MAX_STATEMENT: Final = 64 << 20
_END_BYTES: Final = 3
_TOKEN: Final = re.compile(
    rb"'|\"|--|/\*|\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]{0,62})?\$|;|\(|\)"
    rb"|(?<![\w$\x80-\xff])(?:BEGIN|CASE|END)(?![\w$\x80-\xff])",
    re.IGNORECASE,
)
_MARGIN: Final = 80
"""No token is longer, so none is torn that begins before it."""
_BLANK: Final = re.compile(rb"[ \t\r\n\f\v]*")
_WITH_BODY: Final = re.compile(rb"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b", re.I)
_CLOSING: Final = {b"--": b"\n", b"/*": b"*/"}


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for the server."""

    sql: bytes


@dataclass(frozen=True, slots=True)
class CopyRows:
    """A COPY with its rows, which are read to their end before the next part is asked for."""

    sql: bytes
    head: CopyHead
    rows: Iterator[bytes]


def script_parts(pieces: Iterator[bytes]) -> Iterator[Statement | CopyRows]:
    """Every part of a plain dump. Raises ArchiveFault `dump-commands` or `corrupt-dump`."""
    script = _Script(pieces)
    while script.find_statement():
        sql = script.take_statement()
        found = match_head(sql + b"\n")
        if found is None:
            yield Statement(sql)
        else:
            yield CopyRows(sql, found[0], script.rows())


class _Script:
    """The text that is at hand, and how far it was taken."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._text, self._at = b"", 0

    def find_statement(self) -> bool:
        """Go to the next statement, over blanks, comments and psql's lines; False at the end."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]
            if len(self._text) - self._at < 2 and self._more():
                continue
            if self._at >= len(self._text):
                return False
            if self._text.startswith(b"--", self._at):
                self._skip_comment()
            elif self._text.startswith(b"\\", self._at):
                refuse_commands(self._line())
            else:
                return True

    def take_statement(self) -> bytes:
        """Up to the semicolon that ends it, which lies in no string, name, comment or body."""
        scan, at = _Scan(), self._at
        while True:
            end = scan.find_end(self._text, at)
            if end is not None:
                found = self._text[self._at : end]
                self._at = end
                return found
            at = scan.at - self._at
            if len(self._text) - self._at > _MAX_STATEMENT:
                raise _damaged(f"a statement of more than {_MAX_STATEMENT >> 20} MiB")
            if not self._more():
                if scan.last:
                    raise _damaged("its last statement has no end")
                scan.last = True
            at += self._at

    def rows(self) -> Iterator[bytes]:
        """The rows behind the head that was taken, without their end mark."""
        block, held = SkippedBlock(), b""
        if self._line().strip():
            raise _damaged("something stands between a table's head and its rows")
        while True:
            end = block.feed(self._text, self._at)
            if end < 0:
                held += self._text[self._at :]
                self._text, self._at = b"", 0
                yield held[:-_END_BYTES]
                held = held[-_END_BYTES:]
                if not self._more():
                    raise _damaged("the rows of a table have no end")
            else:
                held += self._text[self._at : end]
                self._at = end
                yield held[:-_END_BYTES]
                return

    def _line(self) -> bytes:
        """The rest of the line."""
        while (end := self._text.find(b"\n", self._at)) < 0:
            if len(self._text) - self._at > _MAX_STATEMENT or not self._more():
                end = len(self._text)
                break
        line, self._at = self._text[self._at : end], min(end + 1, len(self._text))
        return line

    def _skip_comment(self) -> None:
        """To the end of its line, however long."""
        while (end := self._text.find(b"\n", self._at)) < 0:
            self._text, self._at = b"", 0
            if not self._more():
                return
        self._at = end + 1

    def _more(self) -> bool:
        piece = next((piece for piece in self._pieces if piece), None)
        if piece is None:
            return False
        self._text, self._at = self._text[self._at :] + piece, 0
        return True


class _Scan:
    """Looks for the end of one statement, over texts that grow."""

    def __init__(self) -> None:
        self.at = 0
        self.last = False
        self._closing = b""
        self._depth = self._bodies = 0
        self._has_body: bool | None = None

    def find_end(self, text: bytes, start: int) -> int | None:
        """Where it ends, or None: go on at `at` with more text."""
        self.at = start
        if self._has_body is None:
            if len(text) - start < _MARGIN and not self.last:
                return None
            self._has_body = _WITH_BODY.match(text, start) is not None
        end = len(text) - (0 if self.last else _MARGIN)
        while True:
            if self._closing:
                found = text.find(self._closing, self.at)
                if found < 0:
                    self.at = max(self.at, len(text) - len(self._closing) + 1)
                    return None
                self.at, self._closing = found + len(self._closing), b""
            token = _TOKEN.search(text, self.at)
            if token is None or token.start() >= end:
                self.at = max(self.at, min(token.start() if token else end, end))
                return None
            self.at = token.end()
            if self._takes(token[0]):
                return self.at

    def _takes(self, token: bytes) -> bool:
        """Note what a token means; True where it ends the statement."""
        if token == b";":
            return self._depth <= 0 and self._bodies <= 0
        if token == b"(":
            self._depth += 1
        elif token == b")":
            self._depth -= 1
        elif token.isalpha():
            if self._has_body:
                self._bodies += -1 if token.upper() == b"END" else 1
        else:
            self._closing = _CLOSING.get(token, token)
        return False


def _damaged(what: str) -> ArchiveFault:
    return ArchiveFault("corrupt-dump", f"The database dump is damaged: {what}.")
