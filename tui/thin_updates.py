"""Sends only the cells that changed.

Textual repaints the whole screen when the focus moves, which over 64 kbit/s takes more than half a
second. What really differs from what the terminal shows is a few words. This is also the one gate
to the terminal: nothing that is not printable passes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from rich.style import Style
from textual._compositor import CompositorUpdate
from textual.screen import Screen
from textual.strip import Strip

Cell = tuple[str, Style]
"""A character and how it looks; the second half of a wide character is an empty text."""

PLAIN = Style()
BLANK: Cell = (" ", PLAIN)
GAP = 6
"""So many equal cells between two changes cost less to send again than to jump over."""
ERASE_TO_END = "\x1b[K"


class Shown:
    """What the terminal shows now; no lines while that is not known."""

    def __init__(self) -> None:
        self.lines: list[list[Cell]] = []

    def forget(self) -> None:
        """The terminal may show anything: the next update sends every cell."""
        self.lines = []


class ThinUpdate(CompositorUpdate):
    """An update of the whole screen, worked out when it is really written."""

    def __init__(self, screen: Screen[Any], shown: Shown) -> None:
        self._screen, self._shown = screen, shown

    def render_segments(self, console: Console) -> str:
        """The bytes that turn what is shown into what shall be shown."""
        after = [_cells(strip) for strip in self._screen._compositor.render_strips()]
        before = self._shown.lines
        if [len(line) for line in before] != [len(line) for line in after]:
            before = [[] for _ in after]
        self._shown.lines = after
        colours = console._color_system or ColorSystem.STANDARD
        return "".join(
            "".join(_line_changes(y, old, new, colours))
            for y, (old, new) in enumerate(zip(before, after, strict=True))
            if old != new
        )


def _cells(strip: Strip) -> list[Cell]:
    cells: list[Cell] = []
    for text, style, _ in strip:
        look = _look(style) if style else PLAIN
        if text.isascii() and text.isprintable():
            cells += [(char, look) for char in text]
            continue
        for char in text:
            width = cell_len(char)
            if not char.isprintable():
                # Text of the world may hold what a terminal obeys: it never gets there.
                cells += [("?", look)] * width
            elif width == 0 and cells:
                cells[-1] = (cells[-1][0] + char, look)
            else:
                cells += [(char, look), *[("", look)] * (width - 1)]
    return cells


@lru_cache(maxsize=1024)
def _look(style: Style) -> Style:
    """The style without what a terminal does not show: meta data, and defaults named as colours."""
    bare = style.clear_meta_and_links()
    default = bool(bare.color and bare.color.is_default)
    default_ground = bool(bare.bgcolor and bare.bgcolor.is_default)
    if not default and not default_ground:
        return bare
    kept = bare.without_color + Style(
        color=None if default else bare.color, bgcolor=None if default_ground else bare.bgcolor
    )
    return kept or PLAIN


def _line_changes(y: int, old: list[Cell], new: list[Cell], colours: ColorSystem) -> Iterator[str]:
    """Jumps to each changed stretch and writes it; a blank rest of the line is erased."""
    used = len(new)
    while used and new[used - 1] == BLANK:
        used -= 1
    for start, end in _stretches(old, new, used):
        yield Control.move_to(start, y).segment.text
        yield _written(new[start:end], colours)
    if used < len(new) and (not old or old[used:] != new[used:]):
        yield Control.move_to(used, y).segment.text
        yield ERASE_TO_END


def _stretches(old: list[Cell], new: list[Cell], used: int) -> Iterator[tuple[int, int]]:
    """Changed stretches of the first `used` cells; short equal gaps are sent along."""
    start = end = -1
    for x in range(used):
        if old and old[x] == new[x]:
            continue
        if start >= 0 and x - end > GAP:
            yield start, end
            start = -1
        start, end = (x if start < 0 else start), x + 1
    if start >= 0:
        yield start, end


def _written(cells: list[Cell], colours: ColorSystem) -> str:
    return "".join(
        look.render("".join(char for char, _ in run), color_system=colours)
        for look, run in groupby(cells, key=lambda cell: cell[1])
    )
