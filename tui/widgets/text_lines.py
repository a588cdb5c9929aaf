"""Rows to read, of any number: wrapped once for the width there is, painted a screen at a time."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.hanging import Row, wrapped


class TextLines(ScrollView, can_focus=True):
    """Scrolls by arrows, Page Up, Page Down, Home and End."""

    DEFAULT_CSS = """
    TextLines { height: 1fr; overflow-x: hidden; overflow-y: auto; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._lines: list[str] = []

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows, from the first on."""
        self._rows = rows
        self._wrap()
        self.scroll_home(animate=False)

    def on_resize(self) -> None:
        self._wrap()

    def _wrap(self) -> None:
        # One column stays free for a scroll bar, so that its coming changes no line.
        width = max(self.size.width - 1, 20)
        self._lines = wrapped(self._rows, width)
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        line = self.scroll_offset.y + y
        text = self._lines[line] if line < len(self._lines) else ""
        return Strip([Segment(text)]).adjust_cell_length(self.scrollable_content_region.width)
