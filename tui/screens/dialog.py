"""A question in the middle of the screen: text, then choices or one line to type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from config.errors import RekindleError
from tui.widgets.line_input import LineInput
from tui.widgets.pick_list import PickList

Row = tuple[str, str]
"""Id of a choice and how it reads."""


class Dialog(ModalScreen[str | None]):
    """Dismisses with the id of the choice, or None when the operator steps back."""

    BINDINGS = [Binding("escape", "dismiss_none", "back")]

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > #box {
        width: 76; height: auto; max-height: 22; border: ascii ansi_default; padding: 0 1;
        background: ansi_default;
    }
    Dialog #text { height: auto; max-height: 12; }
    Dialog #text Static { height: auto; }
    Dialog #choices { height: auto; max-height: 8; margin-top: 1; }
    Dialog #keys { margin-top: 1; }
    """

    def __init__(self, title: str, text: str, choices: Sequence[Row]) -> None:
        super().__init__()
        self._title, self._text, self._choices = title, text, choices

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(self._title, classes="strong", markup=False)
            with VerticalScroll(id="text", can_focus=False):
                yield Static(self._text, markup=False)
            yield from self.control()
            yield Static(self.keys(), id="keys", markup=False)

    def control(self) -> ComposeResult:
        """What the operator answers with."""
        yield PickList(*(Option(label, id=value) for value, label in self._choices), id="choices")

    def keys(self) -> str:
        """The keys that work here."""
        return "enter choose  esc back"

    def on_mount(self) -> None:
        for choices in self.query("#choices").results(PickList):
            choices.action_first()
        for answer in self.query("#choices, #answer"):
            answer.focus()
        self.call_after_refresh(self._let_text_scroll)

    def _let_text_scroll(self) -> None:
        """A text that is longer than its room can be reached; it has the focus if nothing else."""
        text = self.query_one("#text", VerticalScroll)
        text.can_focus = text.max_scroll_y > 0
        if text.can_focus and not self.query("#choices, #answer"):
            text.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)

    def action_dismiss_none(self) -> None:
        """Step back without an answer."""
        self.dismiss(None)


class TextDialog(Dialog):
    """Asks for one line; with `secret` it is never shown. Dismisses with the text."""

    def __init__(self, title: str, text: str, *, secret: bool = False, value: str = "") -> None:
        super().__init__(title, text, ())
        self._secret, self._value = secret, value

    def control(self) -> ComposeResult:
        yield LineInput(value=self._value, password=self._secret, id="answer")

    def keys(self) -> str:
        return "enter accept  esc back"

    def on_input_submitted(self, event: LineInput.Submitted) -> None:
        event.stop()
        self.dismiss(event.value)


def copy_and_tell(app: App[Any], text: str) -> None:
    """Copy a text to the operator's clipboard and to a file, and show the file's path."""
    from tui.keep import keep_text

    if not text:
        return
    app.copy_to_clipboard(text)
    try:
        said = f"Copied, as far as this terminal allows it. It is also in\n{keep_text(text)}"
    except RekindleError as error:
        said = f"Copied, as far as this terminal allows it. {error}"
    app.push_screen(Notice("What is wrong is copied", said))


class Notice(Dialog):
    """Something to read; any of Enter and Esc closes it."""

    DEFAULT_CSS = """
    Notice #text { max-height: 17; }
    """

    BINDINGS = [
        Binding("enter", "dismiss_none", "close"),
        Binding("f6", "copy", "copy"),
        Binding("space", "dismiss_none", "close"),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title, text, ())

    def control(self) -> ComposeResult:
        return
        yield

    def keys(self) -> str:
        return "enter close  F6 copy, also to a file"

    def action_copy(self) -> None:
        """Copy what it says, and keep it in a file."""
        copy_and_tell(self.app, f"{self._title}\n\n{self._text}")
