"""The pane below the rows: everything about the row in hand, readable to the last word."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from steps.conflicts import Desk, Row
from tui.widgets.conflict_standing import Standing
from tui.widgets.conflict_words import detail


class ConflictDetail(VerticalScroll):
    """Scrolls with the arrows when it has the focus (Tab), for rows that say more than fits."""

    DEFAULT_CSS = """
    ConflictDetail { height: 1fr; }
    ConflictDetail > Static { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__(can_focus=True)
        self._text = ""

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    @property
    def text(self) -> str:
        """What it says now."""
        return self._text

    def show(self, desk: Desk, row: Row | None, standing: Standing | None) -> None:
        """Show a row; paints only where the text differs from what stands there."""
        text = " No row matches the filter."
        if row is not None and standing is not None:
            width = (self.size.width or 78) - 1
            text = detail(row, standing, desk.conflicts, desk.decided, width)
        if text != self._text:
            self._text = text
            self.query_one(Static).update(text)
            self.scroll_home(animate=False)
