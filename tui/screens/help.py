"""F1: what this screen is, what the focused thing is for, every key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.widgets.key_line import all_hints

if TYPE_CHECKING:
    from tui.screens.page import Page


class HelpScreen(ModalScreen[None]):
    """Closes with Esc, Enter, F1 or q."""

    BINDINGS = [Binding("escape,enter,f1,q", "dismiss", "close")]

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > #box {
        width: 76; height: auto; max-height: 95%; border: ascii ansi_default; padding: 0 1;
        background: ansi_default;
    }
    HelpScreen Static { height: auto; }
    """

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    @classmethod
    def about(cls, page: Page[Any]) -> HelpScreen:
        """Help for a page and whatever has the focus on it."""
        focused = page.focused_help()
        keys = "Keys:\n" + "\n".join(all_hints(page))
        briefing = getattr(page.app, "briefing", "")
        told = f"What there is to do\n\n{briefing}" if briefing else ""
        parts = [reflowed(page.HELP), focused.strip(), told, keys]
        return cls(f"Help: {page.place.path}", "\n\n".join(part for part in parts if part))

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box"):
            yield Static(self._title, classes="strong", markup=False)
            yield Static(f"\n{self._text}\n\nEsc closes this help.", markup=False)

    async def action_dismiss(self, result: None = None) -> None:
        """Close."""
        self.dismiss(None)


def reflowed(text: str) -> str:
    """Paragraphs as one line each, for the width of the box to break; indented ones stay."""
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(
        part if "\n " in part or part.startswith(" ") else " ".join(part.splitlines())
        for part in paragraphs
    )
