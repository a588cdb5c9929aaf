"""The button that starts something: verb and object, in brackets, marked when it has the focus."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class ActionButton(Widget, can_focus=True):
    """One line: `[ Restore web01 ]`. Enter or Space presses it."""

    DEFAULT_CSS = """
    ActionButton { height: 1; width: auto; text-style: bold; }
    ActionButton:focus { text-style: bold reverse; }
    """
    BINDINGS = [Binding("enter,space", "press", "press", show=False)]

    class Pressed(Message):
        """It was pressed."""

    label: reactive[str] = reactive("", layout=True)

    def __init__(self, label: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self.label = label

    def render(self) -> Content:
        mark = ">" if self.has_focus else " "
        return Content(f"[{mark} {self.label} ]")

    def action_press(self) -> None:
        """Press it."""
        self.post_message(self.Pressed())

    def on_click(self) -> None:
        self.action_press()
