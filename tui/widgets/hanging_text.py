"""Lines with a label before them, wrapped so that the label's column stays free."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from tui.widgets.conflict_words import visible

Row = tuple[str, str]
"""A label (with its spaces) and the text beside it; the text may have several lines."""


class HangingText(Widget):
    """As high as its text needs at the width it has."""

    DEFAULT_CSS = """
    HangingText { height: auto; width: 1fr; }
    """

    rows: reactive[tuple[Row, ...]] = reactive((), layout=True)

    def __init__(self, rows: Sequence[Row] = (), id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(HangingText.rows, tuple(rows))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(wrapped(self.rows, width))

    def render(self) -> Content:
        return Content("\n".join(wrapped(self.rows, self.content_size.width)))


def wrapped(rows: Sequence[Row], width: int) -> list[str]:
    """The rows as lines of at most `width` characters."""
    lines: list[str] = []
    for label, text in rows:
        lines += hang(label, text, width)
    return lines


def hang(label: str, text: str, width: int) -> list[str]:
    """One row: the label stands before its first line, blanks before the others."""
    lines: list[str] = []
    for part in text.splitlines() or [""]:
        indent = " " * len(label)
        lines += textwrap.wrap(
            visible(part),
            max(width, len(label) + 8),
            initial_indent=indent if lines else label,
            subsequent_indent=indent,
            break_on_hyphens=False,
        ) or [label.rstrip()]
    return lines
