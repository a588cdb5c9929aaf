"""The rows of the conflict screen: field, backup, now, result, and a mark for the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from steps.conflicts import FieldClass, Row
from tui.widgets.conflict_standing import Standing
from tui.widgets.conflict_words import now, result, shorten, then, visible

_ROOMY = 110
"""From this many columns on, class and state get columns of their own."""

_MARK_WIDTH = 3
_CLASS_WIDTH = 15
_STATE_WIDTH = 8
_GAP = 1
_FIELD_SHARE = 0.23

_CLASSES = {
    FieldClass.FROZEN: "frozen",
    FieldClass.HOST: "host",
    FieldClass.DIRECTORY_ONLY: "directory only",
    FieldClass.RISK: "risk",
}


def column_widths(total: int) -> dict[str, int]:
    """Columns and their widths in cells, the gap to the next column included."""
    extra = {"class": _CLASS_WIDTH, "state": _STATE_WIDTH} if total >= _ROOMY else {}
    room = max(total - _MARK_WIDTH - sum(extra.values()), 40)
    # A result may be two values, so it gets the room of one and a half where there is room.
    value = int(room * (1 - _FIELD_SHARE) / (3.5 if extra else 3))
    last = value + value // 2 if extra else value
    field = room - 2 * value - last
    return {
        "": _MARK_WIDTH, "field": field, "backup": value, "now": value, "result": last, **extra,
    }  # fmt: skip


class ConflictTable(DataTable[Text]):
    """A table that keeps its place when rows change and repaints only what changed."""

    DEFAULT_CSS = """
    ConflictTable {
        height: auto;
        background: ansi_default;
    }
    ConflictTable > .datatable--header, ConflictTable:ansi > .datatable--header {
        background: ansi_default;
        color: ansi_default;
        text-style: bold;
    }
    ConflictTable > .datatable--cursor, ConflictTable:focus > .datatable--cursor {
        background: ansi_default;
        color: ansi_default;
        text-style: reverse;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=0)
        self._fields: Mapping[str, Row] = {}
        self._standings: Mapping[str, Standing] = {}
        self._shown: dict[str, dict[str, str]] = {}
        self._widths: dict[str, int] = {}
        self._pointed: str | None = None

    @property
    def row_ids(self) -> list[str]:
        """Ids of the rows on show, in order."""
        return list(self._shown)

    @property
    def current(self) -> str | None:
        """Id of the row under the cursor; None when no row is on show."""
        ids = self.row_ids
        return ids[self.cursor_row] if 0 <= self.cursor_row < len(ids) else None

    def fill(self, rows: Sequence[Row], standings: Mapping[str, Standing]) -> None:
        """Show exactly these rows, with the cursor where it was if that row is still there."""
        kept = self.current
        self._shown, self._pointed = {}, None
        self.clear(columns=True)
        self._fields, self._standings = {row.id: row for row in rows}, standings
        self._widths = self._column_widths()
        for name, width in self._widths.items():
            self.add_column(Text(name), width=width, key=name)
        for row in rows:
            self._shown[row.id] = texts = self._texts(row)
            self.add_row(*map(Text, texts.values()), key=row.id)
        self.go_to(kept)

    def update_standings(self, standings: Mapping[str, Standing]) -> None:
        """Write the cells that changed, and no others."""
        self._standings = standings
        for row in self._fields.values():
            self._rewrite(row.id, self._texts(row))

    def go_to(self, row_id: str | None) -> None:
        """Put the cursor on a row; the first one where that row is not on show."""
        ids = self.row_ids
        self.move_cursor(row=ids.index(row_id) if row_id in self._shown else 0, animate=False)
        self._point(self.current)

    def watch_cursor_coordinate(
        self, old_coordinate: Coordinate, new_coordinate: Coordinate
    ) -> None:
        super().watch_cursor_coordinate(old_coordinate, new_coordinate)
        self._point(self.current)

    def _point(self, row_id: str | None) -> None:
        """Mark the cursor's row with `>`: a highlight alone would not be read aloud."""
        before, self._pointed = self._pointed, row_id
        for changed in {before, row_id}:
            if changed is not None and changed in self._shown:
                self._rewrite(changed, self._texts(self._fields[changed]))

    def _rewrite(self, row_id: str, texts: dict[str, str]) -> None:
        before = self._shown[row_id]
        for column, text in texts.items():
            if before[column] != text:
                self.update_cell(row_id, column, Text(text))
        self._shown[row_id] = texts

    def _texts(self, row: Row) -> dict[str, str]:
        standing = self._standings[row.id]
        texts = {
            "": (">" if row.id == self._pointed else " ") + standing.mark + " ",
            "field": visible(row.title),
            "backup": then(row),
            "now": now(row),
            "result": result(row, standing, self._widths["result"] - _GAP),
            "class": _CLASSES[row.field_class],
            "state": standing.word,
        }
        return {
            name: texts[name] if not name else shorten(texts[name], width - _GAP)
            for name, width in self._widths.items()
        }

    def _column_widths(self) -> dict[str, int]:
        return column_widths((self.size.width or 78) - 1)

    def on_resize(self) -> None:
        """Give the columns the new width."""
        if self._column_widths() != self._widths:
            self.fill(tuple(self._fields.values()), self._standings)
