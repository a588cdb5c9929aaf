"""Looking at the world before a plan is made: at what, for how long, and how to stop it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from config.errors import Interrupted, RekindleError
from steps.procedure import Survey
from tui.background import in_thread
from tui.screens.page import Page
from tui.widgets.place import Place


class SurveyScreen(Page[Survey]):
    """Dismisses with what was found, or None when the operator stopped it or it failed."""

    HELP = """
Rekindle looks at everything the plan depends on: the backup, the directory, the hypervisor. Nothing
is changed. Esc stops it and goes back to the questions; every answer is kept.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "again", "look again"),
        Binding("escape", "back", "stop and go back"),
    ]
    DEFAULT_CSS = """
    SurveyScreen Static { height: auto; margin-top: 1; }
    """

    def __init__(
        self, place: Place, subject: str, look: Callable[[threading.Event], Survey]
    ) -> None:
        super().__init__(place.at("Looking"))
        self._subject, self._look = subject, look
        self._cancel = threading.Event()
        self._since = time.monotonic()
        self._problem = ""

    def body(self) -> Iterable[Widget]:
        yield Static(id="said", markup=False)

    def on_mount(self) -> None:
        self.set_interval(1, self._show)
        self.action_again()

    def _show(self) -> None:
        said = self.query_one("#said", Static)
        if self._problem:
            said.update(
                f"error   {self._problem}\n\n"
                "F5 looks again, F6 copies this, Esc goes back to the questions."
            )
        else:
            took = int(time.monotonic() - self._since)
            said.update(f"Looking at {self._subject} ... {took} s\nNothing is changed.")

    def wrong_text(self) -> str:
        return f"{self.place.path}\n{self._problem}" if self._problem else ""

    def action_again(self) -> None:
        """Look (again)."""
        self._cancel.set()
        self._cancel = threading.Event()
        self._since, self._problem = time.monotonic(), ""
        self._show()
        self.run_worker(self._work(), exclusive=True)

    async def _work(self) -> None:
        try:
            survey = await in_thread(partial(self._look, self._cancel))
        except Interrupted:
            return
        except RekindleError as error:
            self._problem = str(error)
            if not self.gone:
                self._show()
        else:
            self.finish(survey)

    def action_back(self) -> None:
        """Stop looking and go back."""
        self._cancel.set()
        self.finish(None)
