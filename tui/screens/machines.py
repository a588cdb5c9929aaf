"""Machines by node and phase of their backup, live: what waits, what is stuck and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from config.errors import RekindleError
from tui.background import in_thread
from tui.machines_lines import node_line, row_line
from tui.machines_watch import AGAIN, MEND
from tui.screens.dialog import Dialog
from tui.screens.page import Page
from tui.widgets.pick_list import PickList
from tui.widgets.place import Place

if TYPE_CHECKING:
    from steps.virtual_machine.coordination.table import Row, Table

LOOK_SECONDS = 1.0
NODES_SHOWN = 6
CONFIRMED = "yes"


class Watch(Protocol):
    """What the screen needs of the world; blocking."""

    def look(self) -> Table:
        """The table as it is now; raises RekindleError."""

    def repair(self, kind: str, machine: str) -> str:
        """Write a repair; returns what was written; raises RekindleError."""

    def close(self) -> None:
        """Let go of the connection."""


class MachinesScreen(Page[None]):
    """Looks once a second, in the background; shows the newest look."""

    HELP = """
Every node with its daemon, and every machine with the backup that goes on, or its last one. Stuck
machines come first. The mark before a machine says how it stands: ! stuck, ? longer than usual,
> at work, + done and waiting for the next order, . waiting, nothing: idle.

Below the list stands why the machine under the cursor is where it is, and what to do. a orders a
task again that failed, or that a daemon which is gone had claimed; m sets the state that a writer
which was cut off left at 0. Both ask first, and both write only where nothing has changed since.
"""
    SHOWS_ELAPSED = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "repair('again')", "order again"),
        Binding("m", "repair('mend')", "mend"),
        Binding("b", "busy", "busy only"),
    ]
    DEFAULT_CSS = """
    MachinesScreen #nodes { height: auto; }
    MachinesScreen #list { height: 1fr; max-height: 100%; margin-top: 1; }
    MachinesScreen #side { height: 5; border-top: solid ansi_default; }
    MachinesScreen #about { height: auto; }
    """

    def __init__(self, place: Place, watch: Watch) -> None:
        super().__init__(place.at("Machines"))
        self._watch = watch
        self._table: Table | None = None
        self._trouble = ""
        self._busy_only = False

    def body(self) -> Iterable[Widget]:
        yield Static("Looking at the directory ...", id="nodes", markup=False)
        yield PickList(id="list")
        yield VerticalScroll(Static(id="about", markup=False), id="side", can_focus=False)

    def on_mount(self) -> None:
        self.query_one(PickList).focus()
        self.run_worker(self._follow())

    def on_unmount(self) -> None:
        self._watch.close()

    async def _follow(self) -> None:
        while not self.gone:
            found: Table | None = None
            trouble = ""
            try:
                found = await in_thread(self._watch.look)
            except RekindleError as error:
                trouble = str(error)
            if not self.gone:
                self._table, self._trouble = found or self._table, trouble
                self._show()
            await asyncio.sleep(LOOK_SECONDS)

    def _show(self) -> None:
        table = self._table
        if self._trouble:
            self.set_status("not up to date")
        elif table is not None:
            self.set_status(f"{len(table.stuck)} stuck" if table.stuck else "nothing is stuck")
        if table is not None:
            self._show_nodes(table)
            self._fill(table)
        elif self._trouble:
            self.query_one("#nodes", Static).update(self._trouble)
        self._show_about()

    def _show_nodes(self, table: Table) -> None:
        lines = [node_line(node) for node in table.nodes[:NODES_SHOWN]]
        if len(table.nodes) > NODES_SHOWN:
            lines.append(f"and {len(table.nodes) - NODES_SHOWN} more nodes")
        self.query_one("#nodes", Static).update("\n".join([*lines, table.summary]))

    def _fill(self, table: Table) -> None:
        """Only what changed is drawn again; the cursor stays on its machine."""
        machines = self.query_one(PickList)
        rows = [r for r in table.rows if not self._busy_only or r.standing.kind != "idle"]
        shown = {row.known.machine: row_line(row) for row in rows}
        if [option.id for option in machines.options] != list(shown):
            picked = machines.picked
            machines.set_options(Option(line, id=name) for name, line in shown.items())
            machines.pick(picked or "")
            if machines.highlighted is None:
                machines.action_first()
            return
        for option in machines.options:
            if option.id is not None and option.prompt != shown[option.id]:
                machines.replace_option_prompt(option.id, shown[option.id])

    @property
    def _row(self) -> Row | None:
        picked = self.query_one(PickList).picked
        rows = self._table.rows if self._table is not None else ()
        return next((row for row in rows if row.known.machine == picked), None)

    def on_option_list_option_highlighted(self, _event: OptionList.OptionHighlighted) -> None:
        self._show_about()

    def _show_about(self) -> None:
        row = self._row
        lines = [self._trouble] if self._trouble else []
        if row is not None:
            leaf = f"{row.leaf.name}: {row.leaf}" if row.leaf else "no backup yet"
            lines += [f"{row.known.title} ({row.known.machine}), {leaf}", row.standing.text]
            lines += [row.standing.remedy] if row.standing.remedy else []
        self.query_one("#about", Static).update("\n".join(lines))

    def wrong_text(self) -> str:
        row = self._row
        stuck = row is not None and row.standing.kind.stuck
        return self._trouble or (
            f"{row.known.machine}: {row.standing.text}" if row and stuck else ""
        )

    def action_busy(self) -> None:
        """Show only machines that are not idle, or all again."""
        self._busy_only = not self._busy_only
        if self._table is not None:
            self._fill(self._table)
            self._show_about()

    def action_repair(self, kind: str) -> None:
        """Ask, then repair the machine under the cursor."""
        row = self._row
        if row is None or not row.standing.kind.stuck:
            self.show_notice("Nothing to repair", "The machine under the cursor is not stuck.")
            return
        what = {AGAIN: "Order the task again", MEND: "Set the state to the time now"}[kind]
        text = f"{row.known.title}: {row.standing.text}"
        choices = (("no", "leave it"), (CONFIRMED, f"{what} for {row.known.title}"))
        self.app.push_screen(
            Dialog(f"{what}?", text, choices), partial(self._confirmed, kind, row.known.machine)
        )

    def _confirmed(self, kind: str, machine: str, choice: str | None) -> None:
        if choice == CONFIRMED:
            self.run_worker(self._repair(partial(self._watch.repair, kind, machine)))

    async def _repair(self, write: Callable[[], str]) -> None:
        try:
            self.show_notice("It is written", await in_thread(write))
        except RekindleError as error:
            self.show_notice("Nothing was written", str(error))

    def action_leave(self) -> None:
        """Leave Rekindle; nothing here needs this screen."""
        self.app.exit(0)
