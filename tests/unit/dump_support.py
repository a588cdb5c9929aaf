"""Dumps made by hand: plain ones from pieces, custom ones of every version from 1.11 to 1.16."""

from __future__ import annotations

from steps.drill.practice_engine.dump_writer import (
    END,
    CustomDump,
    copy_block,
    copy_rows,
    plain,
)
from steps.hosted_engine.archive.budget import Budget
from steps.hosted_engine.archive.copy_text import Block, CopyHead, RowBlock, SkippedBlock, value_of
from steps.hosted_engine.archive.dump import read_dump

__all__ = ["END", "Collected", "CustomDump", "copy_block", "copy_rows", "plain"]


class Collected:
    """Takes the rows of the named tables (all where none is named), as values."""

    def __init__(self, *wanted: str) -> None:
        self.wanted = wanted
        self.rows: dict[tuple[str | None, str], list[tuple[str | None, ...]]] = {}
        self.columns: dict[str, tuple[str, ...]] = {}
        self.form = ("", "")

    def begin(self, head: CopyHead) -> Block:
        if self.wanted and head.table not in self.wanted:
            return SkippedBlock()
        taken = self.rows.setdefault((head.schema, head.table), [])
        self.columns[head.table] = head.columns
        return RowBlock(
            head.table,
            len(head.columns),
            lambda cells: taken.append(tuple(map(value_of, cells))),
        )

    def read(self, data: bytes, size: int = 1 << 16) -> Collected:
        """Read a dump that comes in pieces of that size."""

        def note(form: str, compressor: str) -> None:
            self.form = (form, compressor)

        pieces = (data[at : at + size] for at in range(0, len(data), size))
        read_dump(pieces, "db/engine_backup.db", self.begin, Budget(len(data)), note)
        return self
