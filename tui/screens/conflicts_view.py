"""What the conflict screen shows: the rows, the one in hand, the counts. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import DataTable, Static

from steps.conflicts import Desk, Row
from tui.screens.page import Page, Result
from tui.widgets.conflict_counts import hidden_words, middle_rule, status
from tui.widgets.conflict_detail import ConflictDetail
from tui.widgets.conflict_entry import ConflictEntry
from tui.widgets.conflict_standing import Overview
from tui.widgets.conflict_table import ConflictTable
from tui.widgets.conflict_words import searchable, visible
from tui.widgets.place import Place

_TITLE_GAPS = 14
"""Cells of the title line that are neither place, site nor counts: margins, gaps, the time."""


class ConflictsView(Page[Result]):
    """A desk, as text. `_update` after every change of the desk; `_go_to` moves the cursor."""

    DEFAULT_CSS = """
    ConflictsView > #body { padding: 0; }
    ConflictsView #counts { height: 1; }
    ConflictsView #hidden { height: auto; display: none; }
    ConflictsView ConflictTable { max-height: 40%; }
    ConflictsView #hand { height: 1fr; }
    ConflictsView #said { height: auto; min-height: 1; max-height: 3; padding: 0 1; }
    ConflictsView #said { text-style: bold; }
    ConflictsView.-tall ConflictTable { max-height: 55%; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-tall")]

    def __init__(self, desk: Desk, place: Place | str) -> None:
        here = Place(place) if isinstance(place, str) else place
        super().__init__(here.at("Conflicts"))
        self.desk = desk
        self._overview = Overview.of(desk)
        self._rows = {row.id: row for row in desk.conflicts.rows}
        self._filter = ""

    def body(self) -> Iterable[Widget]:
        yield ConflictTable()
        yield Static(id="hidden", markup=False)
        yield Static(id="counts", markup=False)
        with Vertical(id="hand"):
            yield ConflictDetail()
            yield ConflictEntry()
            yield Static(id="said", markup=False)

    def on_mount(self) -> None:
        self.query_one("#hidden", Static).update(hidden_words(self.desk.conflicts))
        self._table.fill(self.desk.conflicts.rows, self._overview.rows)
        self._table.focus()
        standings = self._overview.rows
        self._go_to(next((name for name in self._rows if not standings[name].settled), None))

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_row)

    @property
    def _table(self) -> ConflictTable:
        return self.query_one(ConflictTable)

    @property
    def _entry(self) -> ConflictEntry:
        return self.query_one(ConflictEntry)

    @property
    def _row(self) -> Row | None:
        """The row in hand."""
        current = self._table.current
        return self._rows.get(current) if current else None

    def _say(self, text: str) -> None:
        self.query_one("#said", Static).update(visible(text))

    def _go_to(self, row_id: str | None) -> None:
        if row_id is not None:
            self._table.go_to(row_id)
        self._show_row()

    def _show_row(self) -> None:
        """Show the row in hand below, and the counts above."""
        row = self._row
        self.query_one(ConflictDetail).show(
            self.desk, row, self._overview.rows[row.id] if row else None
        )
        ids = self._table.row_ids
        position = (self._table.cursor_row + 1, len(ids))
        rule = middle_rule(self.desk.conflicts, position, self._filter, self.size.width)
        self.query_one("#counts", Static).update(rule)
        room = self.size.width - len(self.place.path) - len(self.place.badge) - _TITLE_GAPS
        self.set_status(status(self.desk.conflicts, self._overview, room))

    def _update(self) -> None:
        """Look at the desk again after a change."""
        self._overview = Overview.of(self.desk)
        self._table.update_standings(self._overview.rows)
        self._show_row()

    def _unsettled(self, direction: int) -> Iterator[str]:
        """Rows on show that are open or blocked, from the next one on, around the end."""
        ids = self._table.row_ids
        at = self._table.cursor_row
        around = (ids[(at + direction * step) % len(ids)] for step in range(1, len(ids) + 1))
        return (row_id for row_id in around if not self._overview.rows[row_id].settled)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Only the pane below changes."""
        event.stop()
        self._show_row()

    def _show_row_of(self, row_id: str) -> None:
        if row_id in self._rows and row_id not in self._table.row_ids:
            self._show_only("")
        if row_id in self._rows:
            self._go_to(row_id)

    def _show_only(self, words: str) -> None:
        self._filter = words
        wanted = [row for row in self._rows.values() if self._matches(row)]
        self._table.fill(wanted, self._overview.rows)
        self._show_row()

    def _matches(self, row: Row) -> bool:
        text = f"{searchable(row)} {self._overview.rows[row.id].word}".casefold()
        return all(word in text for word in self._filter.casefold().split())
