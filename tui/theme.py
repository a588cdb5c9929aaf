"""The one look: the terminal's own palette, plain lines, marks and words instead of colours."""

from __future__ import annotations

from math import ceil

from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBar, ScrollBarRender

NAME = "ansi-dark"

CSS = """
* { scrollbar-size: 1 1; scrollbar-color: ansi_default; scrollbar-background: ansi_default;
    scrollbar-color-hover: ansi_default; scrollbar-color-active: ansi_default;
    scrollbar-background-hover: ansi_default; scrollbar-background-active: ansi_default; }
Screen { background: ansi_default; color: ansi_default; layers: base notice; }
ModalScreen { background: ansi_default; }
.rule { height: 1; color: ansi_default; }
.muted { text-style: dim; }
.strong { text-style: bold; }
Input { border: none; height: 1; padding: 0; scrollbar-size-horizontal: 0;
    background: ansi_default; text-style: underline; }
Input:focus { border: none; background-tint: ansi_default 0%; }
OptionList { background: ansi_default; }
OptionList:focus { background-tint: ansi_default 0%; }
OptionList > .option-list--option-highlighted {
    color: ansi_default; background: ansi_default; text-style: none; }
OptionList:focus > .option-list--option-highlighted {
    color: ansi_default; background: ansi_default; text-style: reverse; }
OptionList > .option-list--option-disabled { color: ansi_default; text-style: dim; }
"""


class PlainScrollBar(ScrollBarRender):
    """`#` on `|`: readable in one colour and present in every console font."""

    @classmethod
    def render_bar(
        cls,
        size: int = 25,
        virtual_size: float = 50,
        window_size: float = 20,
        position: float = 0,
        thickness: int = 1,
        vertical: bool = True,
        back_color: Color | None = None,
        bar_color: Color | None = None,
    ) -> Segments:
        """The bar as one character a cell; colours are ignored on purpose."""
        first, last = _thumb(size, virtual_size, window_size, position)
        track = "|" if vertical else "-"
        cells = ["#" if first <= cell < last else track for cell in range(size)]
        if vertical:
            return Segments([Segment(cell * thickness, Style()) for cell in cells], new_lines=True)
        return Segments([Segment("".join(cells), Style())] * thickness, new_lines=True)


def _thumb(size: int, virtual_size: float, window_size: float, position: float) -> tuple[int, int]:
    if not (size and window_size and virtual_size > window_size):
        return 0, size
    length = max(1, ceil(size * window_size / virtual_size))
    share = min(max(position / (virtual_size - window_size), 0.0), 1.0)
    first = round((size - length) * share)
    return first, first + length


def plain_scroll_bars() -> None:
    """Make every scroll bar of this process draw itself in ASCII."""
    ScrollBar.renderer = PlainScrollBar
