"""Lines with a label before them, wrapped so that the label's column stays free."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from tui.hanging import Row, wrapped


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
