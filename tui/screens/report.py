"""The end of a run: the summary first, then the timeline, then where everything is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from steps.run.directory import RunDirectory
from tui.background import in_thread
from tui.report_text import report_lines
from tui.run_summary import read_view
from tui.screens.page import Page
from tui.widgets.place import Place


class ReportScreen(Page[None]):
    """Esc or Enter goes on."""

    HELP = """
What was done, how long it took, what was decided and what is left to do; below it every step with
its time and what was found. The files named at the bottom hold the same and more, without secrets.
"""
    SHOWS_ELAPSED = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "back", "close"),
        Binding("down", "scroll(1)", "scroll", key_display="arrows"),
        Binding("up", "scroll(-1)", "scroll", show=False),
        Binding("pagedown", "scroll(15)", "scroll", show=False),
        Binding("pageup", "scroll(-15)", "scroll", show=False),
        Binding("escape", "back", "back", show=False),
    ]
    DEFAULT_CSS = """
    ReportScreen #text { height: auto; }
    """

    def __init__(self, place: Place, run: RunDirectory) -> None:
        super().__init__(place.at("Report"))
        self._run = run

    def body(self) -> Iterable[Widget]:
        yield VerticalScroll(Static(id="text", markup=False), id="page", can_focus=False)

    def on_mount(self) -> None:
        self.run_worker(self._load())

    async def _load(self) -> None:
        view = await in_thread(lambda: read_view(self._run))
        self.set_what(f"{view.verb} {view.object}".strip() or self._run.id)
        self.query_one("#text", Static).update("\n".join(report_lines(self._run, view)))

    def action_scroll(self, lines: int) -> None:
        """Move through the report."""
        self.query_one("#page", VerticalScroll).scroll_relative(y=lines, animate=False)
