"""Home: the catalogue by system, and the runs. What is opened is opened by the application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from config.errors import RekindleError
from config.site import Site
from tui.background import in_thread
from tui.screens.page import Page
from tui.widgets.pick_list import PickList
from tui.widgets.place import Place
from tui.wording import day, seconds

if TYPE_CHECKING:
    # Everything about procedures and runs is loaded after the first paint, in the background.
    from textual.widgets import Input

    from steps.procedure import Procedure
    from tui.run_summary import RunSummary
    from tui.screens.dialog import Dialog

REFRESH_SECONDS = 5.0
LIST_WIDTH = 35
NO_SITE = """There is no site file yet: Rekindle does not know your hosts.

Write one from the commented example:
  rekindle site --example > site.yaml
and name it with --site, or put it where\
 `rekindle site` says it looks.

Until then you can practise: d starts the\
 drill on an embedded site of its own."""


class HomeScreen(Page[None]):
    """The first screen. Posts what the operator wants to open."""

    HELP = """
On the left everything Rekindle can do, by system, and below it the runs: those that wait for you
first. The panel on the right says what the procedure under the cursor does, what it needs, how far
it can be undone, and when it was last run and last drilled.

Enter opens a procedure, or a run: a running one is watched, a finished one shows its report. d
practises the procedure on an embedded site that is not yours. / finds. b shows every machine with
its last backup, and what is stuck, left over or running out of space; m shows the backups that go
on, by node and phase, live. i looks into an archive of engine-backup: what it holds, what a restore
would do, where a new host would clash. Nothing is changed anywhere before you have seen a plan and
confirmed it.
"""
    SHOWS_ELAPSED = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", show=False),
        Binding("d", "drill", "drill it"),
        Binding("slash", "find", "find", show=False),
        Binding("r", "runs", "runs"),
        Binding("b", "backups", "backups"),
        Binding("m", "machines", "live"),
        Binding("i", "inspect", "inspect"),
        Binding("f1", "help", "help", priority=True),
        Binding("ctrl+q", "leave", "quit", priority=True),
        Binding("escape", "back", "end the search", show=False),
        Binding("ctrl+d", "leave", "quit", priority=True, show=False),
    ]
    DEFAULT_CSS = """
    HomeScreen #columns { height: 1fr; }
    HomeScreen #left { width: 38; height: 1fr; }
    HomeScreen #list { height: 1fr; max-height: 100%; }
    HomeScreen #divider { width: 2; height: 1fr; border-left: solid ansi_default; }
    HomeScreen #side { width: 1fr; height: 1fr; }
    HomeScreen #about { height: auto; }
    """

    @dataclass
    class OpenProcedure(Message):
        """Begin a procedure on the site."""

        procedure: Procedure
        site: Site

    @dataclass
    class OpenDrill(Message):
        """Practise, on the practice site."""

        drill: str
        """Its name."""

    @dataclass
    class OpenRun(Message):
        """Show a run."""

        path: Path

    @dataclass
    class OpenBackups(Message):
        """Show how every machine's backups stand."""

        site: Site

    @dataclass
    class OpenMachines(Message):
        """Watch the machines of the site."""

        site: Site

    @dataclass
    class CannotBegin(Message):
        """The site file is wrong: nothing can be done before it is mended."""

        error: RekindleError

    def __init__(
        self,
        find_site: Callable[[], Site | None],
        read_procedures: Callable[[], Sequence[Procedure]],
        read_runs: Callable[[], Sequence[RunSummary]],
        read_drills: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        super().__init__(Place("Rekindle"))
        self._site: Site | None = None
        self._find_site = find_site
        self._read_procedures, self._read_runs = read_procedures, read_runs
        self._read_drills = read_drills
        self._drills: Mapping[str, str] = {}
        self._procedures: tuple[Procedure, ...] = ()
        self._runs: tuple[RunSummary, ...] = ()
        self._wanted = ""

    def body(self) -> Iterable[Widget]:
        yield Horizontal(
            Vertical(PickList(id="list"), id="left"),
            Static(id="divider"),
            VerticalScroll(Static(id="about", markup=False), id="side", can_focus=False),
            id="columns",
        )

    def on_mount(self) -> None:
        self._list.focus()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.run_worker(self._load())

    async def _load(self) -> None:
        """Site, then catalogue, then runs: all after the first paint."""
        try:
            self._site = await in_thread(self._find_site)
        except RekindleError as error:
            self.post_message(self.CannotBegin(error))
            return
        self._procedures = tuple(await in_thread(self._read_procedures))
        if self.gone:
            return
        self._show_site()
        self._fill()
        self._show_about()
        # Not before: the cursor would be on a run when the catalogue comes.
        self._look_for_runs()
        self.set_interval(REFRESH_SECONDS, self._look_for_runs)

    def _show_site(self) -> None:
        if self._site is None:
            self.set_status("no site file")
        else:
            self.show_site(self._site.name, drill=self._site.practice)

    @property
    def _list(self) -> PickList:
        return self.query_one("#list", PickList)

    def _fill(self) -> None:
        picked = self._list.picked
        self._list.set_options(self._options())
        self._list.pick(picked or "")
        if self._list.highlighted is None:
            self._list.action_first()

    def _options(self) -> Iterable[Option]:
        shown = [procedure for procedure in self._procedures if self._matches(procedure)]
        for system, members in groupby(shown, key=lambda procedure: procedure.system):
            yield Option(system, disabled=True)
            for procedure in members:
                yield Option(f"  {procedure.title}", id=f"procedure:{procedure.name}")
        runs = [run for run in self._runs if self._holds(f"{run.path.name} {run.title} {run.note}")]
        if runs:
            yield Option(" ", disabled=True)
            yield Option("Runs", disabled=True)
        for run in sorted(runs, key=lambda run: run.mark != "!"):
            drill = "drill: " if run.practice else ""
            lines = (f"{run.mark} {run.path.name} {drill}{run.title}", f"    {run.note}")
            yield Option("\n".join(line[:LIST_WIDTH] for line in lines), id=f"run:{run.path}")

    def _matches(self, procedure: Procedure) -> bool:
        return self._holds(f"{procedure.system} {procedure.title} {procedure.description}")

    def _holds(self, text: str) -> bool:
        """Whether a text has every word that is looked for."""
        return all(word in text.lower() for word in self._wanted.lower().split())

    def _look_for_runs(self) -> None:
        self.run_worker(self._load_runs(), group="runs", exclusive=True)

    async def _load_runs(self) -> None:
        runs = tuple(await in_thread(self._read_runs))
        drills = await in_thread(self._read_drills)
        if (runs, drills) != (self._runs, self._drills) and not self.gone:
            self._runs, self._drills = runs, drills
            self._fill()
            self._show_about()

    def on_option_list_option_highlighted(self, _event: OptionList.OptionHighlighted) -> None:
        self._show_about()

    def _show_about(self) -> None:
        procedure, run = self._procedure_in_hand(), self._run_in_hand()
        text = ""
        if procedure is not None:
            text = self._about_procedure(procedure, f"{NO_SITE}\n\n" if self._site is None else "")
        elif run is not None:
            text = f"{run.title}\n\nrun     {run.path.name}\nstate   {run.note}\nfiles   {run.path}"
        self.query_one("#about", Static).update(text)

    def _about_procedure(self, procedure: Procedure, notice: str) -> str:
        from tui.run_summary import last_of

        facts = [
            ("needs", procedure.needs),
            ("undo", procedure.undo),
            ("last", _when(last_of(self._runs, procedure.name), "not on record")),
            ("drilled", self._drills.get(procedure.name, "never")),
        ]
        lines = "\n".join(f"{name:<7} {text}" for name, text in facts)
        return f"{procedure.title}\n\n{notice}{procedure.description}\n\n{lines}"

    def focused_help(self) -> str:
        procedure = self._procedure_in_hand()
        return self._about_procedure(procedure, notice="") if procedure else ""

    def _procedure_in_hand(self) -> Procedure | None:
        picked = self._list.picked or ""
        named = (p for p in self._procedures if picked == f"procedure:{p.name}")
        return next(named, None)

    def _run_in_hand(self) -> RunSummary | None:
        picked = self._list.picked or ""
        return next((run for run in self._runs if picked == f"run:{run.path}"), None)

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Open what is under the cursor."""
        procedure, run = self._procedure_in_hand(), self._run_in_hand()
        if run is not None:
            self.post_message(self.OpenRun(run.path))
        elif procedure is not None and self._site is None:
            self.show_notice("There is no site file", NO_SITE)
        elif procedure is not None and self._site is not None:
            self.post_message(self.OpenProcedure(procedure, self._site))

    def action_drill(self) -> None:
        """Practise the procedure under the cursor; where it has several drills, ask which."""
        procedure = self._procedure_in_hand()
        if procedure is None:
            return
        if not procedure.drills:
            self.show_notice("No drill", f"There is no drill for {procedure.title!r} yet.")
        elif len(procedure.drills) == 1:
            self._open_drill(procedure.drills[0])
        else:
            self.app.push_screen(_choice_of_drill(procedure), self._open_drill)

    def _open_drill(self, name: str | None) -> None:
        if name is not None:
            self.post_message(self.OpenDrill(name))

    def action_runs(self) -> None:
        """Put the cursor on the first run."""
        first = next((o.id for o in self._list.options if (o.id or "").startswith("run:")), None)
        if first is None:
            self.show_notice("Runs", "There are no runs yet.")
        else:
            self._list.pick(first)
            self._list.focus()

    def action_backups(self) -> None:
        """How every machine's backups stand."""
        if self._site is None:
            self.show_notice("There is no site file", NO_SITE)
        else:
            self.post_message(self.OpenBackups(self._site))

    def action_inspect(self) -> None:
        """Look into an archive of engine-backup; no site is needed for that."""
        from tui.screens.inspect import InspectScreen

        self.app.push_screen(InspectScreen())

    def action_machines(self) -> None:
        """Watch the machines of the site: what goes on, what waits, what is stuck."""
        if self._site is None:
            self.show_notice("There is no site file", NO_SITE)
        elif self._site.directory is None:
            self.show_notice("Machines", f"The site {self._site.name} has no directory.")
        else:
            self.post_message(self.OpenMachines(self._site))

    async def action_find(self) -> None:
        """Show only what holds the words that are typed."""
        from tui.widgets.line_input import LineInput

        if not self.query("#find"):
            await self.query_one("#left").mount(LineInput(placeholder="find", id="find"), before=0)
        self.query_one("#find").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show_only(event.value)

    def _show_only(self, words: str) -> None:
        self._wanted = words
        self._fill()
        self._show_about()

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        self._list.focus()

    def action_back(self) -> None:
        """End the search."""
        for find in self.query("#find"):
            find.remove()
        self._list.focus()
        self._show_only("")

    def action_leave(self) -> None:
        """Leave Rekindle; runs go on."""
        self.app.exit(0)


def _choice_of_drill(procedure: Procedure) -> Dialog:
    from steps.drill.scenario import SCENARIOS
    from tui.screens.dialog import Dialog

    titles = {scenario.name: scenario.title for scenario in SCENARIOS}
    rows = [(name, titles.get(name, name)) for name in procedure.drills]
    text = "There are several drills for it. Each has a practice site of its own."
    return Dialog(f"Drill: {procedure.title}", text, rows)


def _when(run: RunSummary | None, never: str) -> str:
    if run is None or run.started is None:
        return never
    return f"{day(run.started)}, {run.state} in {seconds(run.took)}"
