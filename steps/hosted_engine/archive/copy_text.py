"""The text that COPY writes: the head of a block, its rows, its end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from steps.hosted_engine.archive.problems import ArchiveFault

Cells = list[bytes]
TakeRow = Callable[[Cells], None]

MAX_HEAD: Final = 256 << 10
_MAX_LINE: Final = 8 << 20
"""The wanted tables have small rows; those with rows of megabytes are skipped."""

_END: Final = b"\n\\.\n"
_NAME: Final = rb'(?:"(?:[^"]|"")*"|[^\s"().,;]+)'
_HEAD: Final = re.compile(
    rb"COPY (?:(%b)\.)?(%b) ?(?:\((%b(?:, %b)*)\))? FROM stdin;\n" % ((_NAME,) * 4)
)
_SPLIT: Final = re.compile(_NAME)
_ESCAPE: Final = re.compile(rb"\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)", re.DOTALL)
_LETTERS: Final = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


@dataclass(frozen=True, slots=True)
class CopyHead:
    """Table and columns of a block; no schema where the dump relies on its search path."""

    schema: str | None
    table: str
    columns: tuple[str, ...]


def match_head(text: bytes, at: int = 0) -> tuple[CopyHead, int] | None:
    """The head of a block that begins at `at`, and where its rows begin."""
    match = _HEAD.match(text, at)
    if match is None:
        return None
    schema, table, columns = match.groups()
    names = tuple(_plain(name) for name in _SPLIT.findall(columns or b""))
    head = CopyHead(_plain(schema) if schema is not None else None, _plain(table), names)
    return head, match.end()


def _plain(name: bytes) -> str:
    if name.startswith(b'"'):
        name = name[1:-1].replace(b'""', b'"')
    return name.decode("utf-8", "replace")


def value_of(cell: bytes) -> str | None:
    """What a cell holds; None is NULL. Not UTF-8 is shown as such."""
    if cell == b"\\N":
        return None
    if b"\\" in cell:
        cell = _ESCAPE.sub(_unescaped, cell)
    return cell.decode("utf-8", "replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    found = match[1]
    if found[:1] == b"x" and len(found) > 1:
        return bytes([int(found[1:], 16)])
    if found[:1].isdigit() and found[:1] < b"8":
        return bytes([int(found, 8) & 0xFF])
    return _LETTERS.get(found, found)


class SkippedBlock:
    """A block that nobody wants: only its end is looked for."""

    def __init__(self) -> None:
        self._tail = b"\n"

    def feed(self, text: bytes, at: int) -> int:
        """Where the block ends in this text, after its end mark; -1 where it goes on."""
        join = self._tail + text[at : at + 3]
        found = join.find(_END)
        if found >= 0:
            return at + found + len(_END) - len(self._tail)
        found = text.find(_END, at)
        if found >= 0:
            return found + len(_END)
        self._tail = text[-3:] if len(text) - at >= 3 else join[-3:]
        return -1


class RowBlock:
    """A block whose rows are taken, each as its cells before they are unescaped."""

    def __init__(self, table: str, columns: int, take: TakeRow) -> None:
        self._table, self._columns, self._take = table, columns, take
        self._carry = b""

    def feed(self, text: bytes, at: int) -> int:
        """Where the block ends in this text, after its end mark; -1 where it goes on."""
        held = len(self._carry)
        text = self._carry + text[at:]
        if text.startswith(_END[1:]):
            return at + 3 - held
        found = text.find(_END)
        if found >= 0:
            self._rows(text[:found])
            return at + found + len(_END) - held
        cut = text.rfind(b"\n")
        self._carry = text[cut + 1 :]
        if len(self._carry) > _MAX_LINE:
            raise ArchiveFault("corrupt-dump", f"A row of the table {self._table} has no end.")
        if cut >= 0:
            self._rows(text[:cut])
        return -1

    def _rows(self, text: bytes) -> None:
        for line in text.split(b"\n"):
            cells = line.split(b"\t")
            if len(cells) != self._columns and (self._columns or line):
                raise ArchiveFault(
                    "corrupt-dump",
                    f"A row of the table {self._table} has {len(cells)} columns, "
                    f"and its head names {self._columns}.",
                )
            self._take(cells)


class CountedBlock:
    """A block whose rows are counted, whatever their size; `bytes` is what they are long."""

    def __init__(self) -> None:
        self._end = SkippedBlock()
        self.rows = self.bytes = 0

    def feed(self, text: bytes, at: int) -> int:
        """Where the block ends in this text, after its end mark; -1 where it goes on."""
        end = self._end.feed(text, at)
        upto = end if end >= 0 else len(text)
        # The end mark is a line of its own, and no row.
        self.rows += text.count(b"\n", at, upto) - (end >= 0)
        self.bytes += upto - at
        return end


Block = SkippedBlock | RowBlock | CountedBlock


def skip_table(_head: CopyHead) -> Block:
    """For the readers of dumps: nobody wants it."""
    return SkippedBlock()
