"""The full-screen application: one look, the guards, and the screens one after the other."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual._compositor import CompositorUpdate
from textual.app import App
from textual.binding import Binding
from textual.events import Event, Resize
from textual.screen import Screen

from config.errors import EXIT_WAITING, Interrupted, RekindleError
from config.site import Site
from tui import theme
from tui.background import in_thread
from tui.screens.page import Page
from tui.screens.too_small import ask_for_room
from tui.thin_updates import Shown, ThinUpdate
from tui.typed_ahead import TypedAhead, waits_its_turn

if TYPE_CHECKING:
    from config.questions import Given
    from steps.conflicts import Resolutions
    from steps.procedure import Procedure
    from steps.run.directory import RunDirectory
    from tui.screens.dashboard import DashboardScreen
    from tui.screens.home import HomeScreen
    from tui.service import Service
    from tui.session import Session

LEFT = Interrupted.exit_code
"""Exit code of a wizard that was left before a run started."""


class RekindleApp(App[int]):
    """Shows `first()`, or carries out `main(app)`; returns an exit code."""

    CSS = theme.CSS
    ENABLE_COMMAND_PALETTE = False
    TITLE = "Rekindle"
    BINDINGS = [
        Binding("ctrl+l", "repaint", "paint the screen again", show=False),
        Binding("ctrl+c", "quit", "leave", show=False),
    ]

    def __init__(
        self,
        first: Callable[[], Screen[Any]] | None = None,
        *,
        service: Service | None = None,
        main: Callable[[RekindleApp], Coroutine[Any, Any, int]] | None = None,
    ) -> None:
        super().__init__(ansi_color=True)
        theme.plain_scroll_bars()
        self.animation_level = "none"
        self.service = service
        self.drill_wanted = ""
        """The name of the drill that was asked for."""
        self.briefing = ""
        """What the operator reads before anything else; F1 tells it again."""
        self.parting = ""
        """What is printed once the screen is gone."""
        self._first, self._main = first, main
        self._error: RekindleError | None = None
        self._shown = Shown()
        self._typed_ahead = TypedAhead(self, super().on_event)
        self._sessions: dict[str, Session] = {}

    def on_mount(self) -> None:
        self.theme = theme.NAME
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit, 128 + number)
        if self._first is not None:
            self.push_screen(self._first())
        if self.briefing:
            from tui.wizard import brief

            self.run_worker(brief(self, self.briefing))
        if self._main is not None:
            self.run_worker(self._carry_out(self._main))

    async def _carry_out(self, main: Callable[[RekindleApp], Coroutine[Any, Any, int]]) -> None:
        code = await main(self)
        self.exit(code, message=self.parting or None)

    async def on_event(self, event: Event) -> None:
        """Keys and pastes one after the other, everything else as it comes."""
        if waits_its_turn(event):
            await self._typed_ahead.on_input(event)
        else:
            await super().on_event(event)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        # Every update of the screen in front becomes the difference to what the terminal shows.
        if isinstance(renderable, CompositorUpdate) and screen is self.screen:
            renderable = ThinUpdate(screen, self._shown)
        super()._display(screen, renderable)

    async def action_quit(self) -> None:
        """Never at once: every screen knows how it is left."""
        if isinstance(self.screen, Page):
            self.screen.action_leave()

    def action_repaint(self) -> None:
        """Send every cell again: something else has written on the terminal."""
        self._shown.forget()
        self.screen.refresh(repaint=True)

    def on_resize(self, event: Resize) -> None:
        self._shown.forget()
        ask_for_room(self, event.size)

    def on_home_screen_cannot_begin(self, message: HomeScreen.CannotBegin) -> None:
        """End with an error that is told once the screen is gone."""
        self._error = message.error
        self.exit()

    @property
    def failure(self) -> BaseException | None:
        """The error that ended the application, if one did."""
        return self._error or self._exception

    def _fatal_error(self) -> None:
        # Textual would print a traceback here; the command line writes it to a log instead.
        self._close_messages_no_wait()

    def on_home_screen_open_procedure(self, message: HomeScreen.OpenProcedure) -> None:
        self.run_worker(self._walk_from_home(message.site, message.procedure))

    def on_home_screen_open_drill(self, message: HomeScreen.OpenDrill) -> None:
        self.drill_wanted = message.drill
        self.exit(0)

    def on_home_screen_open_run(self, message: HomeScreen.OpenRun) -> None:
        self.run_worker(self._open_run_from_home(message.path))

    def on_home_screen_open_machines(self, message: HomeScreen.OpenMachines) -> None:
        from tui.wizard import watch_machines

        assert self.service is not None
        self.run_worker(watch_machines(self, self.service, message.site))

    def on_home_screen_open_backups(self, message: HomeScreen.OpenBackups) -> None:
        from tui.dashboard import open_dashboard

        self.run_worker(open_dashboard(self, message.site))

    def on_dashboard_screen_repair(self, message: DashboardScreen.Repair) -> None:
        from tui.dashboard import repair_session

        self.run_worker(self.walk(repair_session(message)))

    async def _walk_from_home(self, site: Site, procedure: Procedure) -> None:
        from tui.session import Session

        if procedure.name not in self._sessions:
            self._sessions[procedure.name] = Session(site, procedure)
        await self.walk(self._sessions[procedure.name])

    async def walk(self, session: Session, *, briefing: str = "") -> int:
        """Walk through a session and follow its run; returns an exit code.

        The briefing is what the operator reads first.
        """
        from tui.wizard import Walk, brief

        assert self.service is not None
        if briefing:
            self.briefing = " ".join(briefing.split())
            await brief(self, briefing)
        run = await Walk(self, session, self.service, home_behind=self._main is None).go()
        if run is None:
            return LEFT
        self._sessions.pop(session.procedure.name, None)
        return await self.show_run(run)

    async def _open_run_from_home(self, path: Path) -> None:
        from steps.run.directory import RunDirectory

        await self.show_run(RunDirectory(path))

    async def show_run(self, run: RunDirectory) -> int:
        """Show a run, or its report where it has ended; returns an exit code."""
        from tui.run_place import place_of
        from tui.screens.leave import DETACH
        from tui.wizard import follow

        assert self.service is not None
        place = await in_thread(lambda: place_of(run))
        ended = await follow(self, self.service, run, place)
        if ended == DETACH:
            self.parting = f"Run {run.id} goes on without this screen: rekindle attach {run.id}"
            return EXIT_WAITING
        view = await in_thread(run.view)
        return view.exit_code


def run_wizard(
    site: Site | None,
    *,
    mouse: bool,
    procedure: str | None = None,
    given: Given | None = None,
    resolutions: Resolutions | None = None,
    briefing: str = "",
) -> int:
    """The whole wizard: Home, or one procedure with what is known of its answers.

    The briefing is what the operator of one procedure reads first. Returns an exit code.
    Raises what ended it where that was an error.
    """
    if procedure is None or site is None:
        return run_home(lambda: site, mouse=mouse)
    main = _one_procedure(site, procedure, given, resolutions, briefing)
    return run_app(RekindleApp(service=_service(), main=main), mouse)


def run_home(find_site: Callable[[], Site | None], *, mouse: bool, briefing: str = "") -> int:
    """Home, and what is opened from it; `find_site` is called after the first paint.

    With a briefing it is the Home of a drill: another drill ends it.
    """
    service = _service()
    while True:
        app = RekindleApp(lambda: _home(find_site, service), service=service)
        app.briefing = briefing
        code = run_app(app, mouse)
        if not app.drill_wanted or briefing:
            return code
        _drill(app.drill_wanted, mouse)


def run_attached(run_dir: Path, *, mouse: bool = False) -> int:
    """The Run screen (or the report) of one run; returns an exit code."""
    from steps.run.directory import RunDirectory

    run = RunDirectory(run_dir)

    async def main(app: RekindleApp) -> int:
        return await app.show_run(run)

    return run_app(RekindleApp(service=_service(), main=main), mouse)


def run_app(app: RekindleApp, mouse: bool) -> int:
    """Run the full screen to its end and return its exit code; raises what it failed with."""
    code = app.run(mouse=mouse)
    if app.failure is not None:
        raise app.failure
    return LEFT if code is None else code


def _service() -> Service:
    from tui.service import RealService

    return RealService()


def _home(find_site: Callable[[], Site | None], service: Service) -> HomeScreen:
    from tui.screens.home import HomeScreen

    return HomeScreen(find_site, service.procedures, service.runs, service.drills)


def _one_procedure(
    site: Site, name: str, given: Given | None, resolutions: Resolutions | None, briefing: str
) -> Callable[[RekindleApp], Coroutine[Any, Any, int]]:
    async def main(app: RekindleApp) -> int:
        from steps import catalogue
        from tui.session import Session

        procedure = catalogue.find(name)
        session = Session(site, procedure, dict(given or {}), dict(resolutions or {}))
        return await app.walk(session, briefing=briefing)

    return main


def _drill(name: str, mouse: bool) -> None:
    """Carry out a drill in plain lines, with the wizard in its middle."""
    from tui.main import main

    main([*(["--mouse"] if mouse else []), "drill", name])
    input("Press Enter to go back to Rekindle. ")
