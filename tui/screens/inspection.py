"""What was found in an archive: a part at a time, each to scroll through."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from config.errors import RekindleError
from steps.hosted_engine.archive.inspection import Inspection
from tui.background import in_thread
from tui.inspect_report import Part, parts, verdict
from tui.rehearsal_report import CONFIRM_TEXT, CONFIRM_TITLE, TITLE, rehearsal_part
from tui.rehearsing import RehearsingArchive
from tui.screens.dialog import Dialog, Notice
from tui.screens.page import Page
from tui.widgets.place import Place
from tui.widgets.text_lines import TextLines

CONFIRMED: Final = "yes"
SHOW_SECONDS: Final = 0.5


class InspectionScreen(Page[None]):
    """Left and right go from part to part, arrows up and down through one."""

    HELP = """
Summary, hosts, machines, storage, what the restore will do, conflicts of the new host, problems.
The part in hand stands in brackets. "!" marks what stands in the way of a restore, or a conflict.

A machine that is "left up" is believed to run on its old host until that host is fenced or removed.
"not known" means that this archive, by its age or its scope, does not tell.

r rehearses the restore: every database of the archive goes into a PostgreSQL of its own, every row
is counted, and it is removed again. You may read on meanwhile; Esc ends it.
"""
    SHOWS_ELAPSED = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,tab", "turn(1)", "parts", key_display="left/right"),
        Binding("left,shift+tab", "turn(-1)", "part before", show=False),
        Binding("s", "part(0)", "summary", show=False),
        Binding("h", "part(1)", "hosts", show=False),
        Binding("m", "part(2)", "machines", show=False),
        Binding("t", "part(3)", "storage", show=False),
        Binding("e", "part(4)", "effects", show=False),
        Binding("c", "part(5)", "conflicts"),
        Binding("p", "part(6)", "problems"),
        Binding("r", "rehearse", "rehearse"),
        Binding("escape,q", "back", "back"),
    ]
    DEFAULT_CSS = """
    InspectionScreen #parts { height: 1; margin-bottom: 1; }
    """

    def __init__(self, found: Inspection, path: str) -> None:
        super().__init__(Place(f"Inspect {path.rpartition('/')[2]}"))
        self._found, self._path, self._parts = found, path, parts(found)
        self._rehearsing = RehearsingArchive(Path(path))
        self._wrong = ""
        self._at = 0 if found.fit_for_restore else len(self._parts) - 1

    def body(self) -> Iterable[Widget]:
        yield Static(id="parts", markup=False)
        yield TextLines(id="lines")

    def on_mount(self) -> None:
        self.set_status(verdict(self._found).partition(":")[0].partition(",")[0])
        self.query_one("#lines").focus()
        self._show()
        self.set_interval(SHOW_SECONDS, self._show_stage)

    def _show(self) -> None:
        self.query_one("#parts", Static).update(self._headings())
        self.query_one("#lines", TextLines).show(self._parts[self._at].rows)

    def _headings(self) -> str:
        """All the parts in one line; the counts go first where they do not fit."""
        for with_counts in (True, False):
            words = [part.heading if with_counts else part.title for part in self._parts]
            words[self._at] = f"[{words[self._at]}]"
            if len(line := " ".join(words)) <= self.size.width - 2:
                break
        return line

    def on_resize(self) -> None:
        """A wider terminal has room for the counts."""
        self._show()

    def action_turn(self, step: int) -> None:
        """The next part, or the one before."""
        self.action_part((self._at + step) % len(self._parts))

    def action_part(self, number: int) -> None:
        """Show a part."""
        self._at = number
        self._show()

    # -- the rehearsal -----------------------------------------------------------------------

    def action_rehearse(self) -> None:
        """Ask, then restore the databases into a PostgreSQL of their own."""
        if self._rehearsing.is_running:
            self.action_part(len(self._parts) - 1)
        elif not self._found.is_archive:
            self.app.push_screen(Notice("Nothing to rehearse", "The file is no archive."))
        else:
            choices = (("no", "leave it"), (CONFIRMED, "rehearse it now"))
            self.app.push_screen(Dialog(CONFIRM_TITLE, CONFIRM_TEXT, choices), self._confirmed)

    def _confirmed(self, choice: str | None) -> None:
        if choice == CONFIRMED and not self._rehearsing.is_running:
            self.run_worker(self._rehearse())

    async def _rehearse(self) -> None:
        work = self._rehearsing.begin()
        self._turn_to_rehearsal(Part(TITLE, (("", "beginning"),)))
        try:
            rehearsal = await in_thread(work)
            found, self._wrong = rehearsal_part(rehearsal), ""
            if not rehearsal.passed and not self.gone:
                self.set_status("the rehearsal FAILED")
        except RekindleError as error:
            self._wrong = str(error)
            found = Part(TITLE, (("error   ", self._wrong), ("", "F6 copies this.")))
        if not self.gone:
            self._replace_rehearsal(found)

    def _turn_to_rehearsal(self, part: Part) -> None:
        self._replace_rehearsal(part)
        self.action_part(len(self._parts) - 1)

    def _replace_rehearsal(self, part: Part) -> None:
        self._parts = (*(p for p in self._parts if p.title != TITLE), part)
        self._show()

    def _show_stage(self) -> None:
        if self._rehearsing.is_running:
            stage = self._rehearsing.stage_text
            part = Part(TITLE, (("", stage), ("", ""), ("", "Esc ends it. You may read on.")))
            self._parts = (*self._parts[:-1], part)
            if self._at == len(self._parts) - 1:
                self.query_one("#lines", TextLines).show(part.rows)

    def action_back(self) -> None:
        """End the rehearsal, or go back."""
        if self._rehearsing.is_running:
            self._rehearsing.stop()
        else:
            self.finish(None)

    def wrong_text(self) -> str:
        problems = "\n".join(
            f"{problem.code}: {problem.message}\n{problem.remedy}"
            for problem in self._found.problems
        )
        return "\n\n".join(filter(None, (self._wrong, problems)))
