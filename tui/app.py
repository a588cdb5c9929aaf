"""The full-screen application: one look, the guards, and the screens one after the other."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.events import Resize
from textual.screen import Screen

from tui import theme
from tui.screens.too_small import ask_for_room


class RekindleApp(App[int]):
    """Shows `first()` and whatever it leads to; returns an exit code."""

    CSS = theme.CSS
    ENABLE_COMMAND_PALETTE = False
    TITLE = "Rekindle"
    BINDINGS = [Binding("ctrl+q", "quit", "quit", show=False, priority=True)]

    def __init__(self, first: Callable[[], Screen[Any]]) -> None:
        os.environ.setdefault("COLORTERM", "")
        super().__init__(ansi_color=True)
        theme.plain_scroll_bars()
        self.animation_level = "none"
        self._first = first

    def on_mount(self) -> None:
        self.theme = theme.NAME
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit, 128 + number)
        self.push_screen(self._first())

    def on_resize(self, event: Resize) -> None:
        ask_for_room(self, event.size)
