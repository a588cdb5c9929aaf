"""What the screens ask of the world. Blocking calls; screens make them in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from config.errors import Interrupted, InvalidInput
from config.secrets import Secret
from config.site import Site

if TYPE_CHECKING:
    from config.questions import Given
    from steps.procedure import Probed, Procedure, Survey
    from steps.run.directory import RunDirectory
    from tui.machines_watch import MachinesWatch
    from tui.run_summary import RunSummary
    from tui.session import Session

REPORT_SECONDS = 5.0
"""How long a runner that has finished may take to write its report."""

Ask = Callable[[str], Secret]
"""Asks the operator for a secret by its title; raises Interrupted where none is given."""


class Looks(Protocol):
    """Looking at the world for an interview."""

    def probe(
        self, procedure: Procedure, name: str, given: Given, cancel: threading.Event
    ) -> Probed:
        """Ask the probe of that name about these answers; raises RekindleError.

        Interrupted where `cancel` was set meanwhile.
        """

    def survey(self, procedure: Procedure, given: Given, cancel: threading.Event) -> Survey:
        """Look at everything the procedure needs for its plan; raises as `probe` does."""


class Service(Looks, Protocol):
    """Everything a front end needs besides the screens themselves."""

    def procedures(self) -> Sequence[Procedure]:
        """The catalogue."""

    def runs(self) -> Sequence[RunSummary]:
        """The newest runs."""

    def drills(self) -> Mapping[str, str]:
        """When each procedure was last drilled, and how it went, by its name."""

    def unlock(self, site: Site, ask: Ask) -> None:
        """Get the secrets of the site; raises RekindleError where one cannot be had."""

    def save(self, session: Session) -> Path:
        """Write the answers to a file of their own and return its path; raises RekindleError."""

    def start(self, session: Session) -> RunDirectory:
        """Make the run and start its runner; raises RekindleError."""

    def resume(self, run: RunDirectory, ask: Ask) -> None:
        """Start a runner on a run that nobody runs; raises RekindleError."""

    def report(self, run: RunDirectory) -> str:
        """The report of a run, as Markdown; raises RekindleError."""

    def watch_machines(self, site: Site) -> MachinesWatch:
        """A watch on the machines of the site, which is unlocked; raises RekindleError."""


class RealService:
    """The real world: probe processes, run directories, runners."""

    def __init__(self) -> None:
        self._site: Site | None = None
        self._secrets: dict[str, Secret] = {}
        self._one_look = threading.Lock()

    def procedures(self) -> Sequence[Procedure]:
        """The catalogue."""
        from steps import catalogue

        return catalogue.procedures()

    def runs(self) -> Sequence[RunSummary]:
        """The newest runs."""
        from tui.run_summary import summaries

        return summaries()

    def drills(self) -> Mapping[str, str]:
        """When each procedure was last drilled, and how it went."""
        from tui.run_summary import last_drills

        return last_drills()

    def unlock(self, site: Site, ask: Ask) -> None:
        """Get the secrets of the site, once; from now on looks are at this site."""
        from config.site_secrets import resolve_site_secrets, site_references

        if site != self._site or not site_references(site).keys() <= self._secrets.keys():
            self._secrets = resolve_site_secrets(site, ask)
            self._site = site

    def probe(
        self, procedure: Procedure, name: str, given: Given, cancel: threading.Event
    ) -> Probed:
        """Ask a probe, in its own process."""
        from steps.probing import ask_probe

        with self._turn(cancel):
            return ask_probe(
                procedure, name, self._known_site(), given, self._secrets, cancel=cancel
            )

    def survey(self, procedure: Procedure, given: Given, cancel: threading.Event) -> Survey:
        """Look at the world, in its own process."""
        from steps.probing import ask_survey

        with self._turn(cancel):
            return ask_survey(procedure, self._known_site(), given, self._secrets, cancel=cancel)

    @contextmanager
    def _turn(self, cancel: threading.Event) -> Iterator[None]:
        """One look at a time: an embedded hypervisor belongs to one process alone."""
        while not self._one_look.acquire(timeout=0.05):
            if cancel.is_set():
                raise Interrupted("Looking was stopped.")
        try:
            yield
        finally:
            self._one_look.release()

    def save(self, session: Session) -> Path:
        """Write the answers to a file of their own."""
        from config.answer_file import AnswerFile, save_answers
        from config.paths import answers_folder, private_folder

        stamp = datetime.now().astimezone().strftime("%m%d-%H%M%S")
        path = private_folder(answers_folder()) / f"{session.procedure.name}-{stamp}.yaml"
        decided = {row: str(resolution) for row, resolution in session.decided().items()}
        save_answers(path, AnswerFile(session.procedure.name, session.given(), decided))
        return path

    def start(self, session: Session) -> RunDirectory:
        """Make the run and start its runner."""
        from steps.run.launcher import launch
        from steps.run.start import make_run, settle

        survey = session.survey if session.survey is not None else {}
        decisions = {row: str(resolution) for row, resolution in session.decided().items()}
        prepared = settle(session.procedure, session.site, session.surveyed, decisions, survey, {})
        run = make_run(prepared)
        launch(run, {**self._secrets, **session.secrets})
        return run

    def resume(self, run: RunDirectory, ask: Ask) -> None:
        """Start a runner on a run that nobody runs."""
        from steps.catalogue import find
        from steps.run.later import check_newest
        from steps.run.launcher import launch
        from steps.run.resume import check_resumable
        from steps.run.start import gather_secrets

        check_resumable(run.view())
        check_newest(run)
        frozen = run.frozen()
        launch(run, gather_secrets(find(frozen.procedure), frozen.site, frozen.given, ask))

    def report(self, run: RunDirectory) -> str:
        """What the runner wrote, as soon as it has; where it could not, the same made now."""
        end = time.monotonic() + REPORT_SECONDS
        while run.holder() is not None and time.monotonic() < end:
            time.sleep(0.05)
        written = run.report_file("md")
        if written.exists() and written.stat().st_mtime >= run.journal_file.stat().st_mtime:
            return written.read_text(encoding="utf-8")
        from steps import catalogue
        from steps.run.report import as_markdown
        from steps.run.report_data import gather

        return as_markdown(gather(run, catalogue.find(run.frozen().procedure)))

    def watch_machines(self, site: Site) -> MachinesWatch:
        """A watch on the machines of the site."""
        from tui.machines_watch import MachinesWatch

        return MachinesWatch(site, self._secrets)

    def _known_site(self) -> Site:
        if self._site is None:
            raise no_site()
        return self._site


def no_site() -> InvalidInput:
    """The error of whoever needs a site where there is none."""
    return InvalidInput(
        "There is no site file: Rekindle does not know your hosts.",
        "Begin one: rekindle site --example > site.yaml",
    )
