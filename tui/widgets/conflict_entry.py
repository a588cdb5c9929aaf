"""The line the operator types into on the conflict screen: a value of his own, or a filter."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from tui.widgets.line_input import LineInput


class ConflictEntry(Horizontal):
    """Hidden until something is asked. Up and Down fill in the row's known values."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "fill(0)", "backup value", show=False),
        Binding("down", "fill(1)", "today's value", show=False),
    ]
    DEFAULT_CSS = """
    ConflictEntry { height: 1; display: none; }
    ConflictEntry Static { width: auto; }
    ConflictEntry LineInput { width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.purpose = ""
        self._known: tuple[str, str] = ("", "")

    def compose(self) -> ComposeResult:
        yield Static(markup=False)
        yield LineInput()

    def ask(self, purpose: str, label: str, value: str, known: tuple[str, str] = ("", "")) -> None:
        """Show the line with a label and a first value, and put the focus on it."""
        self.purpose, self._known = purpose, known
        self.query_one(Static).update(f" {label}: ")
        self.display = True
        line = self.query_one(LineInput)
        line.value = value
        line.cursor_position = len(value)
        line.focus()

    def close(self) -> None:
        """Hide the line again."""
        self.purpose = ""
        self.display = False

    def action_fill(self, which: int) -> None:
        """Write the backup's value (0) or today's (1) into the line, to be edited."""
        if self._known[which]:
            line = self.query_one(LineInput)
            line.value = self._known[which]
            line.cursor_position = len(line.value)
