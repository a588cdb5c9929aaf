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
from steps.hosted_engine.archive.dump import dump_content

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
        pieces = (data[at : at + size] for at in range(0, len(data), size))
        with dump_content(pieces, "db/engine_backup.db", Budget(len(data))) as content:
            self.form = (content.format, content.compressor)
            content.read(self.begin)
        return self
