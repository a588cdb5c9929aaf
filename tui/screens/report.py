"""The end of a run: the summary first, then every step, then where everything is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from config.errors import RekindleError
from tui.background import in_thread
from tui.report_text import plain_report
from tui.screens.page import Page
from tui.widgets.place import Place


class ReportScreen(Page[None]):
    """Esc or Enter goes on. `read` brings the report as Markdown; it may block."""

    HELP = """
What was done, how long it took, what was decided and what is left to do; below it every step with
its time and what was found. The files named at the bottom hold the same and more, without secrets.
"""
    SHOWS_ELAPSED = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "back", "close"),
        Binding("down", "scroll(1)", "scroll", key_display="arrows"),
        Binding("up", "scroll(-1)", "scroll up", show=False),
        Binding("pagedown,space", "scroll(15)", "a page down", show=False),
        Binding("pageup", "scroll(-15)", "a page up", show=False),
        Binding("escape", "back", "back", show=False),
    ]
    DEFAULT_CSS = """
    ReportScreen #text { height: auto; }
    """

    def __init__(self, place: Place, read: Callable[[], str]) -> None:
        super().__init__(place.at("Report"))
        self._read = read

    def body(self) -> Iterable[Widget]:
        yield VerticalScroll(
            Static("Reading the report ...", id="text", markup=False), id="page", can_focus=False
        )

    def on_mount(self) -> None:
        self.run_worker(self._load())

    async def _load(self) -> None:
        try:
            text = plain_report(await in_thread(self._read))
        except RekindleError as error:
            text = f"error   {error}"
        if not self.gone:
            self.query_one("#text", Static).update(text)

    def action_scroll(self, lines: int) -> None:
        """Move through the report."""
        self.query_one("#page", VerticalScroll).scroll_relative(y=lines, animate=False)
