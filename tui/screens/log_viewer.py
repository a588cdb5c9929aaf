"""The whole log of a step, of any size: only the lines on the screen are ever read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.background import in_thread
from tui.line_index import LineIndex
from tui.screens.page import Page
from tui.widgets.conflict_words import visible
from tui.widgets.line_input import LineInput
from tui.widgets.place import Place

GROW_SECONDS = 0.5


class LogView(ScrollView, can_focus=True):
    """The visible lines of a LineIndex. Follows the end until the operator scrolls up."""

    DEFAULT_CSS = """
    LogView { height: 1fr; overflow-x: hidden; overflow-y: scroll; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "scroll_home", "first line", show=False),
        Binding("G", "scroll_end", "last line", show=False),
    ]

    def __init__(self, index: LineIndex) -> None:
        super().__init__()
        self._index = index
        self._left = 0
        self._lines: list[str] = []
        self._first = -1

    def grown(self) -> None:
        """Take notice of new lines."""
        at_end = self.max_scroll_y == 0 or self.scroll_offset.y >= self.max_scroll_y
        width = self.scrollable_content_region.width
        self.virtual_size = Size(width, self._index.count)
        self._first = -1
        if at_end:
            self.scroll_end(animate=False, immediate=True)
        self.refresh()

    def shift(self, columns: int) -> None:
        """Show what stands further right or left in long lines."""
        self._left = max(self._left + columns, 0)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        first = self.scroll_offset.y
        if first != self._first:
            self._lines = self._index.lines(first, self.size.height)
            self._first = first
        text = self._lines[y] if y < len(self._lines) else ""
        line = visible(text)[self._left : self._left + width]
        return Strip([Segment(line)]).adjust_cell_length(width)


class LogViewer(Page[None]):
    """Esc goes back to the run."""

    HELP = """
The whole log of one step, as it was written, secrets taken out. Arrows, Page Up, Page Down, Home
and End move; left and right show the rest of long lines; / finds text, n finds it again further up.
"""
    SHOWS_ELAPSED = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "find"),
        Binding("n", "find_next", "next match up"),
        Binding("left", "shift(-40)", "left", show=False),
        Binding("right", "shift(40)", "right", show=False),
        Binding("q", "back", "back", show=False),
    ]
    DEFAULT_CSS = """
    LogViewer #find { display: none; }
    """

    def __init__(self, place: Place, path: Path) -> None:
        super().__init__(place)
        self._path = path
        self._index: LineIndex | None = None
        self._wanted = ""

    def body(self) -> Iterable[Widget]:
        try:
            self._index = LineIndex(self._path)
        except OSError as error:
            yield Static(f"There is no log yet: {self._path}: {error.strerror}.", markup=False)
            return
        yield LogView(self._index)
        yield LineInput(placeholder="find", id="find")

    def on_mount(self) -> None:
        if self._index is not None:
            self.query_one(LogView).focus()
            self.run_worker(self._grow(self._index))

    def on_unmount(self) -> None:
        index, self._index = self._index, None
        if index is not None:
            index.close()

    async def _grow(self, index: LineIndex) -> None:
        while self._index is index:
            before = index.count
            more = await in_thread(index.scan)
            if index.count != before and not self.gone:
                self.query_one(LogView).grown()
                self.set_status(f"{index.count} lines")
            if not more:
                await asyncio.sleep(GROW_SECONDS)

    def action_shift(self, columns: int) -> None:
        """Move sideways in long lines."""
        if self._index is not None:
            self.query_one(LogView).shift(columns)

    def action_find(self) -> None:
        """Ask what to find."""
        if self._index is not None:
            find = self.query_one("#find", LineInput)
            find.display = True
            find.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._wanted = event.value
        event.input.display = False
        self.query_one(LogView).focus()
        self._jump(self.query_one(LogView).scroll_offset.y + self.query_one(LogView).size.height)

    def action_find_next(self) -> None:
        """The next match above the first line of the screen."""
        if self._index is not None:
            self._jump(self.query_one(LogView).scroll_offset.y - 1)

    def _jump(self, start: int) -> None:
        if self._index is None or not self._wanted or start < 0:
            return
        self.run_worker(self._search(self._index, start), exclusive=True, group="find")

    async def _search(self, index: LineIndex, start: int) -> None:
        found = await in_thread(lambda: index.find(self._wanted, start, backwards=True))
        if self.gone:
            return
        if found is None:
            self.set_status(f"{self._wanted!r} is not above  {index.count} lines")
        else:
            self.set_status(f"line {found + 1} of {index.count}")
            self.query_one(LogView).scroll_to(y=found, animate=False)
