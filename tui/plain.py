"""The same procedures as plain lines, no full screen: from the same definitions as the wizard."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from config.errors import Interrupted, RekindleError
from config.questions import Given
from config.site import Site
from steps.conflicts import Resolutions
from steps.procedure import Plan, Procedure
from steps.run.directory import RunDirectory
from tui.follow_plain import follow_plain
from tui.plain_conflicts import BACK_OUT, COLD, PlainConflicts
from tui.plain_interview import PlainInterview
from tui.plain_lines import BACK, Left, Lines
from tui.report_text import plain_report
from tui.service import RealService, Service
from tui.session import COLD_MODE, MODE_QUESTION, Session
from tui.step_text import plan_lines, plan_step_text
from tui.wording import about

QUIT = "quit"
INSPECT = "inspect"
LEFT = Interrupted.exit_code
"""Exit code of a wizard that was left before a run started."""


def run_wizard(
    site: Site | None,
    *,
    procedure: str | None = None,
    given: Given | None = None,
    resolutions: Resolutions | None = None,
    service: Service | None = None,
    lines: Lines | None = None,
) -> int:
    """The whole wizard in plain lines; returns an exit code (130: left before a run started)."""
    service, lines = service or RealService(), lines or Lines()
    try:
        if procedure is None:
            return PlainHome(lines, service, site).go()
        chosen = next((p for p in service.procedures() if p.name == procedure), None)
        if chosen is None or site is None:
            raise _nothing_to_do(procedure, site)
        session = Session(site, chosen, dict(given or {}), dict(resolutions or {}))
        return PlainWalk(lines, service, session).go()
    except Left:
        lines.say("Left. Nothing was started and nothing was changed.")
        return LEFT


def follow(lines: Lines, service: Service, run: RunDirectory) -> int:
    """Follow a run, and show its report where it has ended; returns an exit code."""
    code = follow_plain(run, lines=lines)
    if run.view().outcome is not None:
        try:
            lines.say("", plain_report(service.report(run)))
        except RekindleError as error:
            lines.say(f"error   {error}")
    return code


def _nothing_to_do(procedure: str, site: Site | None) -> RekindleError:
    from steps import catalogue
    from tui.service import no_site

    if site is None:
        return no_site()
    catalogue.find(procedure)
    return Interrupted(f"{procedure} cannot be started here.")


@dataclass(slots=True)
class PlainHome:
    """The catalogue and the runs, numbered."""

    lines: Lines
    service: Service
    site: Site | None

    def go(self) -> int:
        """Ask what to open, until the operator quits; the code of the last run that was shown."""
        code = 0
        while True:
            try:
                opened = self._choose()
            except Left:
                opened = None
            if opened is None:
                return code
            code = opened()

    def _choose(self) -> Callable[[], int] | None:
        where = f"site {self.site.name}" if self.site else "no site file"
        self.lines.say("", f"Rekindle, {where}")
        actions: dict[str, Callable[[], int]] = {}
        rows: list[tuple[str, str]] = []
        for procedure in self.service.procedures():
            rows += self._procedure_rows(procedure, actions)
        for run in self.service.runs():
            rows.append((run.path.name, f"run {run.path.name}, {run.title}: {run.note}"))
            actions[run.path.name] = self._run(RunDirectory(run.path))
        rows.append((INSPECT, "inspect: look into an archive of engine-backup, changing nothing"))
        actions[INSPECT] = self._inspect
        rows.append((QUIT, "quit"))
        return actions.get(self.lines.choose("Open which?", rows))

    def _procedure_rows(
        self, procedure: Procedure, actions: dict[str, Callable[[], int]]
    ) -> list[tuple[str, str]]:
        name, text = procedure.name, f"{procedure.system}: {procedure.title}"
        rows = [(name, f"{text}. {procedure.description}")]
        actions[name] = lambda: self._open(procedure)
        for drill in procedure.drills:
            # One drill is told by its procedure, several by their own names besides.
            which = f" ({drill})" if procedure.drills[1:] else ""
            rows.append((f"drill:{drill}", f"drill: {procedure.title}{which}, on a practice site"))
            actions[f"drill:{drill}"] = partial(self._drill, drill)
        return rows

    def _inspect(self) -> int:
        from tui.plain_inspect import inspect_plain

        return inspect_plain(self.lines)

    def _run(self, run: RunDirectory) -> Callable[[], int]:
        return lambda: follow(self.lines, self.service, run)

    def _open(self, procedure: Procedure) -> int:
        if self.site is None:
            self.lines.say(
                "There is no site file: Rekindle does not know your hosts.",
                "Begin one: rekindle site --example > site.yaml",
            )
            return 0
        return PlainWalk(self.lines, self.service, Session(self.site, procedure)).go()

    def _drill(self, name: str) -> int:
        from tui.main import main

        return main(["--plain", "drill", name])


@dataclass(slots=True)
class PlainWalk:
    """One procedure: interview, survey, conflicts, review, run."""

    lines: Lines
    service: Service
    session: Session

    def go(self) -> int:
        """Walk until a run has ended or the operator has left; returns an exit code."""
        self.service.unlock(self.session.site, self.lines.ask_secret)
        coming_back = False
        interview = PlainInterview(self.lines, self.session, self.service, self.service.save)
        while interview.walk(from_end=coming_back):
            coming_back = True
            if self._look() and self._decide():
                run = self._confirm()
                if run is not None:
                    return follow(self.lines, self.service, run)
        return LEFT

    def _look(self) -> bool:
        """Look at the world; False to go back to the questions."""
        if not self.session.needs_survey():
            return True
        self.lines.say("", "Looking at the backup and at today's world ... nothing is changed.")
        given = self.session.given()
        try:
            survey = self.service.survey(self.session.procedure, given, threading.Event())
            self.session.keep_survey(survey, given)
        except RekindleError as error:
            self.lines.say(f"error   {error}")
            self.lines.ask("Enter goes back to the questions.")
            return False
        return True

    def _decide(self) -> bool:
        """Settle the conflicts; False to go back to the questions."""
        while self.session.desk is not None and self.session.has_conflicts:
            ended = PlainConflicts(self.lines, self.session.desk).settle()
            if ended == BACK_OUT:
                return False
            if ended != COLD:
                return True
            self.session.answer(MODE_QUESTION, COLD_MODE)
            if not self._look():
                return False
        return True

    def _confirm(self) -> RunDirectory | None:
        """Show the plan and start it; None to go back."""
        try:
            plan = self.session.make_plan()
        except RekindleError as error:
            self.lines.say(f"error   No plan can be made. {error}")
            return None
        self._show(plan)
        word = plan.confirm_by_typing or "yes"
        while True:
            typed = self.lines.ask(
                f"{plan.verb} {plan.object}? Type {word} to start, a step's number to read what it"
                f" does, {BACK} to go back:"
            )
            if typed == BACK:
                return None
            if typed == word:
                return self._start()
            self.lines.say(plan_step_text(plan, typed) or f"{typed!r} is not {word!r}.")

    def _show(self, plan: Plan) -> None:
        self.lines.say("", f"Review: {plan.verb} {plan.object}")
        for title, value in plan.settings:
            self.lines.say(f"  {title}: {value}")
        self.lines.say("Steps:", *plan_lines(plan))
        if plan.estimate_seconds is not None:
            self.lines.say(f"It takes about {about(plan.estimate_seconds)}.")

    def _start(self) -> RunDirectory | None:
        try:
            for name, title in self.session.procedure.secrets.items():
                if name not in self.session.secrets:
                    self.session.secrets[name] = self.lines.ask_secret(title)
            return self.service.start(self.session)
        except RekindleError as error:
            self.lines.say(f"error   The run was not started. {error}")
            return None
