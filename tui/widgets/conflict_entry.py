"""The line the operator types into on the conflict screen: a value of his own, or a filter."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from tui.widgets.line_input import LineInput


class KnownInput(LineInput):
    """A line that Up and Down fill with the row's known values."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "fill(0)", "backup value", show=False),
        Binding("down", "fill(1)", "today's value", show=False),
    ]
    known: tuple[str, str] = ("", "")

    def start(self, value: str) -> None:
        """Write a value into the line, to be edited."""
        self.value = value
        self.cursor_position = len(value)

    def action_fill(self, which: int) -> None:
        """The backup's value (0) or today's (1); nothing where it is not known."""
        if self.known[which]:
            self.start(self.known[which])


class ConflictEntry(Horizontal):
    """A label and a line; hidden until something is asked."""

    DEFAULT_CSS = """
    ConflictEntry { height: 1; display: none; }
    ConflictEntry Static { width: auto; }
    ConflictEntry LineInput { width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.purpose = ""

    def compose(self) -> ComposeResult:
        yield Static(markup=False)
        yield KnownInput()

    def ask(self, purpose: str, label: str, value: str, known: tuple[str, str] = ("", "")) -> None:
        """Show the line with a label and a first value, and put the focus on it."""
        self.purpose = purpose
        self.query_one(Static).update(f" {label}: ")
        self.display = True
        line = self.query_one(KnownInput)
        line.known = known
        line.start(value)
        line.focus()

    def close(self) -> None:
        """Hide the line again."""
        self.purpose = ""
        self.display = False
