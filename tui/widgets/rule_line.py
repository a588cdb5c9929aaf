"""A horizontal line across the screen."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class RuleLine(Widget):
    """One line of `─`, which every console font has."""

    DEFAULT_CSS = """
    RuleLine { height: 1; }
    """

    def render(self) -> Content:
        return Content("─" * self.size.width)
