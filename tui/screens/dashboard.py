"""How every machine stands: rows on the left, everything about the one in hand on the right."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from config.errors import Interrupted, RekindleError
from config.site import Site
from tui.background import in_thread
from tui.screens.page import Page
from tui.widgets.hanging_text import HangingText
from tui.widgets.pick_list import PickList
from tui.widgets.place import Place

if TYPE_CHECKING:
    from steps.virtual_machine.dashboard.board import Board
    from tui.board_rows import BoardRow

LIST_WIDTH = 34
NAME_WIDTH = 21


class DashboardScreen(Page[None]):
    """Looks in the background, again on F5. Posts the repair an operator wants."""

    HELP = """
Every machine with its last backup; those that need somebody come first and have a `!`. Overdue is a
machine whose timetable was due six hours ago or longer and that has no backup since. Below them the
space of the backup storage and how long it lasts, and the files that no leaf, no machine's entry
and no definition names.

Enter on a stuck machine goes to its repair: you see the change before it is made, and it can be
undone. F5 looks again. Looking changes nothing.
"""
    SHOWS_ELAPSED = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "repair", "repair"),
        Binding("f5", "again", "look again"),
        Binding("n", "next_problem", "next !"),
        Binding("escape", "back", "back"),
        Binding("f1", "help", "help", priority=True),
    ]
    DEFAULT_CSS = """
    DashboardScreen #said { height: auto; }
    DashboardScreen #columns { height: 1fr; }
    DashboardScreen #left { width: 38; height: 1fr; }
    DashboardScreen #list { height: 1fr; max-height: 100%; }
    DashboardScreen #divider { width: 2; height: 1fr; border-left: solid ansi_default; }
    DashboardScreen #side { width: 1fr; height: 1fr; }
    """

    @dataclass
    class Repair(Message):
        """The operator wants to repair the leaf of that machine."""

        site: Site
        machine: str
        leaf: str

    def __init__(self, place: Place, site: Site, look: Callable[[threading.Event], Board]) -> None:
        super().__init__(place.at("Backups"))
        self._site, self._look = site, look
        self._cancel = threading.Event()
        self._since = time.monotonic()
        self._rows: tuple[BoardRow, ...] = ()
        self._summary = self._problem = ""
        self._looking = False

    def body(self) -> Iterable[Widget]:
        yield Static("", id="said", markup=False)
        yield Horizontal(
            Vertical(PickList(id="list"), id="left"),
            Static(id="divider"),
            VerticalScroll(HangingText(id="about"), id="side", can_focus=False),
            id="columns",
        )

    def on_mount(self) -> None:
        self._list.focus()
        self.set_interval(1, self._say)
        self.action_again()

    @property
    def _list(self) -> PickList:
        return self.query_one("#list", PickList)

    def _say(self) -> None:
        said = self._summary
        if self._looking:
            took = int(time.monotonic() - self._since)
            said = f"Looking at directory, nodes and files ... {took} s"
        elif self._problem:
            said = f"error   {self._problem}\nF5 looks again, F6 copies this."
        self.query_one("#said", Static).update(said)

    def wrong_text(self) -> str:
        return f"{self.place.path}\n{self._problem}" if self._problem else ""

    def action_again(self) -> None:
        """Look (again); what was seen before stays until then."""
        self._cancel.set()
        self._cancel = threading.Event()
        self._since, self._problem, self._looking = time.monotonic(), "", True
        self._say()
        self.run_worker(self._work(), exclusive=True)

    async def _work(self) -> None:
        from tui.board_rows import board_rows, summary

        try:
            board = await in_thread(partial(self._look, self._cancel))
            rows = await in_thread(lambda: (board_rows(board), summary(board)))
        except Interrupted:
            return
        except RekindleError as error:
            self._problem = str(error)
        else:
            self._rows, self._summary = rows
        self._looking = False
        if not self.gone:
            self._fill()
            self._say()

    def _fill(self) -> None:
        picked = self._list.picked
        self._list.set_options(self._options())
        self._list.pick(picked or "")
        if self._list.highlighted is None:
            self._list.action_first()
        self._show_about()

    def _options(self) -> Iterable[Option]:
        for section, members in groupby(self._rows, key=lambda row: row.section):
            yield Option(section, disabled=True)
            for row in members:
                name = row.name[:NAME_WIDTH]
                line = f"{row.mark} {name:<{NAME_WIDTH}} {row.word}"
                yield Option(line[:LIST_WIDTH], id=row.id)

    @property
    def _row(self) -> BoardRow | None:
        picked = self._list.picked
        return next((row for row in self._rows if row.id == picked), None)

    def on_option_list_option_highlighted(self, _event: OptionList.OptionHighlighted) -> None:
        self._show_about()

    def _show_about(self) -> None:
        row = self._row
        rows = [("", row.name), ("", ""), *((f"{n:<9}", t) for n, t in row.details)] if row else []
        self.query_one("#about", HangingText).rows = tuple(rows)

    def focused_help(self) -> str:
        row = self._row
        return "\n".join(f"{name:<9} {text}" for name, text in row.details) if row else ""

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        self.action_repair()

    def action_repair(self) -> None:
        """Go to the repair of what is under the cursor."""
        row = self._row
        if row is not None and row.repair is not None:
            self.post_message(self.Repair(self._site, *row.repair))
        elif row is not None:
            self.show_notice("Nothing to repair", "No leaf of it is stuck.")

    def action_next_problem(self) -> None:
        """The next row that needs somebody, from the cursor on and round."""
        marked = [row.id for row in self._rows if row.mark == "!"]
        if not marked:
            self.show_notice("Backups", "Nothing needs you.")
            return
        ids = [row.id for row in self._rows]
        here = ids.index(self._row.id) if self._row else -1
        after = [found for found in marked if ids.index(found) > here]
        self._list.pick((after or marked)[0])

    def action_back(self) -> None:
        """Stop looking and go back."""
        self._cancel.set()
        self.finish(None)
