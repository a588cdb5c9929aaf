"""What was found in an archive: a part at a time, each to scroll through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from steps.hosted_engine.archive.inspection import Inspection
from tui.inspect_report import parts, verdict
from tui.screens.page import Page
from tui.widgets.place import Place
from tui.widgets.text_lines import TextLines


class InspectionScreen(Page[None]):
    """Left and right go from part to part, arrows up and down through one."""

    HELP = """
Summary, hosts, machines, storage, what the restore will do, conflicts of the new host, problems.
The part in hand stands in brackets. "!" marks what stands in the way of a restore, or a conflict.

A machine that is "left up" is believed to run on its old host until that host is fenced or removed.
"not known" means that this archive, by its age or its scope, does not tell.
"""
    SHOWS_ELAPSED = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,tab", "turn(1)", "parts", key_display="left/right"),
        Binding("left,shift+tab", "turn(-1)", "part before", show=False),
        Binding("s", "part(0)", "summary", show=False),
        Binding("h", "part(1)", "hosts", show=False),
        Binding("m", "part(2)", "machines", show=False),
        Binding("t", "part(3)", "storage", show=False),
        Binding("e", "part(4)", "effects"),
        Binding("c", "part(5)", "conflicts"),
        Binding("p", "part(6)", "problems"),
        Binding("escape,q", "back", "back"),
    ]
    DEFAULT_CSS = """
    InspectionScreen #parts { height: 1; margin-bottom: 1; }
    """

    def __init__(self, found: Inspection, path: str) -> None:
        super().__init__(Place(f"Inspect {path.rpartition('/')[2]}"))
        self._found, self._parts = found, parts(found)
        self._at = 0 if found.fit_for_restore else len(self._parts) - 1

    def body(self) -> Iterable[Widget]:
        yield Static(id="parts", markup=False)
        yield TextLines(id="lines")

    def on_mount(self) -> None:
        self.set_status(verdict(self._found).partition(":")[0].partition(",")[0])
        self.query_one("#lines").focus()
        self._show()

    def _show(self) -> None:
        headings = [part.heading for part in self._parts]
        headings[self._at] = f"[{headings[self._at]}]"
        self.query_one("#parts", Static).update(" ".join(headings))
        self.query_one("#lines", TextLines).show(self._parts[self._at].rows)

    def action_turn(self, step: int) -> None:
        """The next part, or the one before."""
        self.action_part((self._at + step) % len(self._parts))

    def action_part(self, number: int) -> None:
        """Show a part."""
        self._at = number
        self._show()

    def wrong_text(self) -> str:
        return "\n".join(
            f"{problem.code}: {problem.message}\n{problem.remedy}"
            for problem in self._found.problems
        )
