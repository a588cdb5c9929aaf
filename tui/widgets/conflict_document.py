"""One document that will be written, with its changed lines marked; any length, any width."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from steps.conflicts import Preview
from tui.widgets.conflict_words import visible

_IN_HAND = Style(reverse=True)
_PLAIN = Style()


class ConflictDocument(ScrollView, can_focus=True):
    """Paints only the lines in view. A changed line starts with `*`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("space", "page_down", show=False),
    ]

    DEFAULT_CSS = """
    ConflictDocument { height: 1fr; background: ansi_default; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._changed: list[int] = []
        self._at: int | None = None

    def show(self, preview: Preview) -> None:
        """Show a document from its first line."""
        self._lines = [
            f"{'*' if number in preview.changed else ' '} {visible(line.expandtabs(4))}"
            for number, line in enumerate(preview.lines)
        ]
        self._changed = sorted(preview.changed)
        self._at = None
        width = max(map(cell_len, self._lines), default=0)
        self.virtual_size = Size(width, len(self._lines))
        self.scroll_to(0, 0, animate=False)
        self.refresh()

    def next_change(self, direction: int) -> int | None:
        """Go to the next (1) or previous (-1) changed line, around the end.

        Returns its place among the changes, from 1; None where nothing is changed.
        """
        if not self._changed:
            return None
        index = self._nearest(direction) % len(self._changed)
        self._at = self._changed[index]
        self.scroll_to(y=max(self._at - 2, 0), animate=False)
        self.refresh()
        return index + 1

    def _nearest(self, direction: int) -> int:
        if self._at is None:
            return 0 if direction > 0 else len(self._changed) - 1
        if direction > 0:
            return bisect_right(self._changed, self._at)
        return bisect_left(self._changed, self._at) - 1

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        number = top + y
        text = self._lines[number] if number < len(self._lines) else ""
        style = self.rich_style + (_IN_HAND if number == self._at else _PLAIN)
        strip = Strip([Segment(text, style)])
        return strip.crop_extend(left, left + self.size.width, self.rich_style)
