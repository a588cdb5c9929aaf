"""Asks for more room below 80x24. It stands above the screen in hand, which keeps all state."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

LEAST = Size(80, 24)


def is_too_small(size: Size) -> bool:
    """Whether the screens do not fit."""
    return size.width < LEAST.width or size.height < LEAST.height


def ask_for_room(app: App[Any], size: Size | None = None) -> None:
    """Put the notice above everything while the terminal is below 80x24."""
    if is_too_small(size or app.size) and not isinstance(app.screen, TooSmallScreen):
        app.push_screen(TooSmallScreen())


class TooSmallScreen(Screen[None]):
    """Goes away by itself as soon as there is room."""

    def compose(self) -> ComposeResult:
        yield Static(id="notice", markup=False)

    def on_resize(self, event: Resize) -> None:
        self.query_one("#notice", Static).update(
            f"Rekindle needs {LEAST.width}x{LEAST.height}; this terminal is"
            f" {event.size.width}x{event.size.height}.\nEnlarge the window or choose a smaller"
            " font.\nNothing is lost."
        )
        self.go_if_there_is_room()

    def on_screen_resume(self) -> None:
        self.go_if_there_is_room()

    def go_if_there_is_room(self) -> None:
        """Close when the terminal has grown and nothing stands above."""
        if self.app.screen is self and not is_too_small(self.app.size):
            self.dismiss(None)
