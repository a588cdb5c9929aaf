"""The way through one procedure, screen after screen: interview, survey, conflicts, review, run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from textual.app import App
from textual.screen import Screen

from config.errors import Interrupted, RekindleError
from config.secrets import Secret
from config.site import Site
from steps.run.directory import RunDirectory
from tui.background import in_thread
from tui.keep import Keep
from tui.prober import Prober
from tui.run_watch import RunWatch
from tui.screens.dialog import Notice, TextDialog
from tui.screens.interview import InterviewScreen
from tui.screens.leave import DETACH, DISCARD, LeaveProcedure
from tui.screens.report import ReportScreen
from tui.screens.review import ReviewScreen
from tui.screens.run import RESUME, RunScreen
from tui.screens.starting import StartingScreen
from tui.screens.survey import SurveyScreen
from tui.service import Ask, Service
from tui.session import COLD_MODE, MODE_QUESTION, Session
from tui.widgets.place import Place

Result = TypeVar("Result")


async def show(app: App[Any], screen: Screen[Result]) -> Result | None:
    """Push a screen and wait for what it dismisses with."""
    return await app.push_screen_wait(screen)


async def tell(app: App[Any], title: str, problem: RekindleError | str) -> None:
    """Show a notice and wait until it is read."""
    await show(app, Notice(title, str(problem)))


async def brief(app: App[Any], story: str) -> None:
    """Tell the operator what there is to do, and wait until it is read."""
    await tell(app, "What there is to do", " ".join(story.split()))


def asker(app: App[Any]) -> Ask:
    """How a background thread asks the operator for a secret."""
    text = "It is kept in memory only, never written down. F4 shows it for two seconds."

    def ask(title: str) -> Secret:
        typed: Future[str | None] = Future()
        dialog = TextDialog(title, text, secret=True)
        app.call_from_thread(app.push_screen, dialog, typed.set_result)
        answer = typed.result()
        if answer is None:
            raise Interrupted(f"{title}: nothing was typed.")
        return Secret(answer)

    return ask


async def unlock(app: App[Any], service: Service, site: Site) -> bool:
    """Get the secrets of a site; False where the operator gave none or it cannot be had."""
    ask = asker(app)
    try:
        await in_thread(lambda: service.unlock(site, ask))
    except Interrupted:
        return False
    except RekindleError as error:
        await tell(app, "A secret of the site cannot be had", error)
        return False
    return True


async def watch_machines(app: App[Any], service: Service, site: Site) -> None:
    """Show the machines of a site until the operator goes back."""
    from tui.screens.machines import MachinesScreen

    if await unlock(app, service, site):
        watch = await in_thread(lambda: service.watch_machines(site))
        place = Place("Backups", site=site.name, drill=site.practice)
        await show(app, MachinesScreen(place, watch))


Stage = Callable[[], Awaitable["Stage | None"]]
"""One screen of the way; it returns the next one, or None at the end."""


class Walk:
    """One walk through one session. `go` ends with a run, or None when the operator stepped out.

    Where Home is behind it, stepping out loses nothing and is not asked about.
    """

    def __init__(
        self, app: App[Any], session: Session, service: Service, *, home_behind: bool = True
    ) -> None:
        self._app, self._session, self._service = app, session, service
        self._home_behind = home_behind
        self._prober = Prober(session, service)
        self._keep = Keep(session, service.save)
        self._mend = False
        self._run: RunDirectory | None = None
        site = session.site
        self._home = Place(
            session.procedure.title, site=site.name, drill=site.practice, started=session.started
        )

    @property
    def _place(self) -> Place:
        return replace(self._home, what=self._session.what)

    async def go(self) -> RunDirectory | None:
        """Walk until a run has started or the operator has left."""
        stage: Stage | None = self._unlock
        while stage is not None:
            stage = await stage()
        return self._run

    async def _unlock(self) -> Stage | None:
        got = await unlock(self._app, self._service, self._session.site)
        return self._interview if got else None

    async def _interview(self) -> Stage | None:
        session = self._session
        screen = InterviewScreen(self._place, session, self._prober, self._keep, mend=self._mend)
        wanted = await show(self._app, screen)
        if wanted is None:
            return None if await self._may_step_out() else self._interview
        unfinished = session.first_open()
        self._mend = unfinished is not None
        if unfinished is not None:
            session.page = unfinished.name
            return self._interview
        return self._survey

    async def _may_step_out(self) -> bool:
        return self._home_behind or await show(self._app, LeaveProcedure()) == DISCARD

    async def _survey(self) -> Stage | None:
        session = self._session
        if not session.needs_survey():
            return self._conflicts
        procedure, given = session.procedure, session.given()
        asked = procedure.interview.asked(given)[:2]
        subject = ", ".join(filter(None, map(session.label, asked)))
        # A survey is a look at everything: what single looks would still bring is not waited for.
        self._prober.stop()
        look = partial(self._service.survey, procedure, given)
        screen = SurveyScreen(self._place, subject, look)
        survey = await show(self._app, screen)
        if survey is None:
            return self._interview
        try:
            session.keep_survey(survey, given)
        except RekindleError as error:
            await tell(self._app, "What was found cannot be used", error)
            return self._interview
        return self._conflicts

    async def _conflicts(self) -> Stage | None:
        session = self._session
        if session.desk is None or not session.has_conflicts:
            return self._review
        from tui.screens.conflicts import ConflictsScreen, SwitchToCold

        screen = ConflictsScreen(session.desk, self._place)
        screen.keep = self._keep
        outcome = await show(self._app, screen)
        if isinstance(outcome, SwitchToCold):
            session.answer(MODE_QUESTION, COLD_MODE)
            return self._survey
        return self._interview if outcome is None else self._review

    async def _review(self) -> Stage | None:
        session = self._session
        before = self._conflicts if session.has_conflicts else self._interview
        try:
            plan = session.make_plan()
        except RekindleError as error:
            await tell(self._app, "No plan can be made", error)
            return before
        place = replace(self._place, what=f"{plan.verb} {plan.object}")
        screen = ReviewScreen(place, plan)
        screen.keep = self._keep
        go = await show(self._app, screen)
        return self._start if go else before

    async def _start(self) -> Stage | None:
        try:
            await self._ask_for_procedure_secrets()
            self._run = await self._start_run()
        except Interrupted:
            return self._review
        except RekindleError as error:
            await tell(self._app, "The run was not started", error)
            return self._review
        return None

    async def _start_run(self) -> RunDirectory:
        screen = StartingScreen(self._place)
        await self._app.push_screen(screen)
        try:
            return await in_thread(lambda: self._service.start(self._session))
        finally:
            screen.finish(None)

    async def _ask_for_procedure_secrets(self) -> None:
        ask = asker(self._app)
        for name, title in self._session.procedure.secrets.items():
            if name not in self._session.secrets:
                self._session.secrets[name] = await in_thread(partial(ask, title))


async def follow(app: App[Any], service: Service, run: RunDirectory, place: Place) -> str | None:
    """Show a run until it ends or the operator leaves it; returns its outcome, DETACH or None."""
    while True:
        watch = RunWatch(run)
        try:
            ended = await show(app, RunScreen(place, watch))
        finally:
            watch.close()
        if ended != RESUME:
            break
        try:
            await in_thread(partial(service.resume, run, asker(app)))
        except Interrupted:
            continue
        except RekindleError as error:
            await tell(app, "The run was not resumed", error)
    if ended not in (DETACH, None):
        await show(app, ReportScreen(place, partial(service.report, run)))
    return ended
