"""Look into an archive of engine-backup: which one, for which new host, and how far the look is."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from config.errors import Interrupted, RekindleError
from tui.background import in_thread
from tui.inspect_form import ARCHIVE, FIELDS, HINT, look
from tui.screens.page import Page
from tui.widgets.line_input import LineInput
from tui.widgets.place import Place
from tui.wording import bar, size

SHOW_SECONDS = 0.5


class InspectScreen(Page[None]):
    """Asks, looks in the background, and shows what was found. Esc goes back to Home."""

    HELP = """
Shows what an archive of engine-backup holds before anything is restored: hosts, machines, storage,
what the restore will do to each, and where a new host would clash with those in the backup.

Enter begins to look, arrows and Tab go from line to line. Esc stops a look, then goes back. What
you typed stays while this screen is open.
"""
    SHOWS_ELAPSED = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "look", "look into it"),
        Binding("tab", "app.focus_next", "next line"),
        Binding("escape", "back", "back"),
    ]
    DEFAULT_CSS = """
    InspectScreen .row { height: 1; }
    InspectScreen .label { width: 20; }
    InspectScreen #said { height: auto; margin-top: 1; }
    """

    def __init__(self) -> None:
        super().__init__(Place("Inspect an archive"))
        self._cancel: threading.Event | None = None
        self._read, self._whole = 0, 0
        self._problem = ""

    def body(self) -> Iterable[Widget]:
        for name, label in FIELDS.items():
            yield Horizontal(
                Static(label, classes="label", markup=False), LineInput(id=name), classes="row"
            )
        yield VerticalScroll(Static(HINT, id="said", markup=False), can_focus=False)

    def on_mount(self) -> None:
        self.query_one(f"#{ARCHIVE}").focus()
        self.set_interval(SHOW_SECONDS, self._show)

    def _typed(self, name: str) -> str:
        return self.query_one(f"#{name}", LineInput).value.strip()

    def _show(self) -> None:
        said = self.query_one("#said", Static)
        if self._problem:
            said.update(f"error   {self._problem}\n\nF6 copies this.")
        elif self._cancel is not None:
            progress = f"{bar(self._read, self._whole)} {size(self._read)} of {size(self._whole)}"
            said.update(f"Looking into {self._typed(ARCHIVE)} ...\n{progress}\nEsc stops it.")
        else:
            said.update(HINT)

    def wrong_text(self) -> str:
        return f"{self.place.path}\n{self._problem}" if self._problem else ""

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        self.action_look()

    def action_look(self) -> None:
        """Begin to look into the archive."""
        if self._cancel is None and self._typed(ARCHIVE):
            self._cancel = threading.Event()
            self._read = self._whole = 0
            self._problem = ""
            self._show()
            self.run_worker(self._work(self._cancel))

    def _progress(self, read: int, whole: int) -> None:
        # Called in the thread that looks; the screen reads it when it paints.
        self._read, self._whole = read, whole

    async def _work(self, cancel: threading.Event) -> None:
        values = {name: self._typed(name) for name in FIELDS}
        try:
            found = await in_thread(partial(look, values, self._progress, cancel))
        except Interrupted:
            found = None
        except RekindleError as error:
            found, self._problem = None, str(error)
        self._cancel = None
        if self.gone:
            return
        self._show()
        if found is not None:
            from tui.screens.inspection import InspectionScreen

            self.app.push_screen(InspectionScreen(found, os.path.expanduser(values[ARCHIVE])))

    def action_back(self) -> None:
        """Stop the look, or go back."""
        if self._cancel is not None:
            self._cancel.set()
        else:
            self.finish(None)
