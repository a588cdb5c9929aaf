"""A drill by hand: the wizard on the practice site, with the fault waiting for its moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import replace

from config.errors import Refused
from config.site import Site
from config.site_file import load_site
from steps.drill.fault import Fault, Mendable, Scene
from steps.drill.operator import first_name
from steps.drill.places import Places
from steps.drill.scenario import Scenario
from steps.run.directory import RunDirectory, list_runs
from steps.run.events import FAILED_STEP, UNKNOWN_STEP, Event, Finish
from steps.run.journal import Follower

MENDED_AFTER = 20.0
"""Seconds after a question that shows it when a colleague, so the story goes, has put it right."""
UNSEEN_SECONDS = 600.0
"""What no question of the run has shown by then is put right all the same."""
MENDED_WHILE_ASKED = 180.0
"""The same for a fault that lets no run begin: seconds of the interview, the story read first."""


class FaultWatcher(threading.Thread):
    """Strikes at the fault's moment, and mends it some time after one of those questions."""

    def __init__(
        self,
        fault: Fault,
        scene: Scene,
        shown_by: Collection[str],
        after: float = MENDED_AFTER,
        while_asked: float = MENDED_WHILE_ASKED,
    ) -> None:
        super().__init__(daemon=True, name="fault")
        self._fault, self._scene, self._shown_by = fault, scene, shown_by
        self._after, self._while_asked = after, while_asked
        self._ended = threading.Event()
        self._site = load_site(scene.places.site_file)
        self._before = {run.id for run in list_runs()}
        self._mended = False

    def run(self) -> None:
        """Wait, strike, wait, mend."""
        if self._fault.strikes == "before":
            self._fault.strike(self._scene)
        if self._fault.told_while_asked:
            self._mend_after(self._while_asked)
            return
        run = self._await_run()
        if run is None:
            return
        self._scene = replace(self._scene, run=run)
        if self._fault.strikes != "before" and self._await_moment(run):
            self._fault.strike(self._scene)
        self._await_question(run)
        self._mend_after(self._after)

    def end(self) -> None:
        """The drill is over: put right what is still wrong."""
        self._ended.set()
        self.join(timeout=10)
        self._mend()

    def _mend_after(self, seconds: float) -> None:
        if isinstance(self._fault, Mendable) and not self._ended.wait(seconds):
            self._mend()

    def _mend(self) -> None:
        """Once: what was put right need not be there to be put right again."""
        if isinstance(self._fault, Mendable) and not self._mended:
            self._mended = True
            self._fault.mend(self._scene)

    def _await_run(self) -> RunDirectory | None:
        while not self._ended.is_set():
            found = runs_at(self._site, self._before)
            if found:
                return found[-1]
            time.sleep(0.02)
        return None

    def _await_moment(self, run: RunDirectory) -> bool:
        if self._fault.strikes == "launch":
            return True
        follower = Follower(run.journal_file)
        while not self._ended.is_set():
            for event in follower.poll():
                started = event["event"] == Event.STEP_STARTED
                if started and event.get("step") == self._fault.strikes:
                    return True
            time.sleep(0.02)
        return False

    def _await_question(self, run: RunDirectory) -> None:
        follower, until = Follower(run.journal_file), time.monotonic() + UNSEEN_SECONDS
        while not self._ended.is_set() and time.monotonic() < until:
            for event in follower.poll():
                asked = event["event"] == Event.ASKED
                if asked and first_name(str(event["name"])) in self._shown_by:
                    return
            time.sleep(0.02)


def runs_at(site: Site, before: Collection[str]) -> list[RunDirectory]:
    """The runs at that very site that were not there before, the newest first.

    Another drill may go on meanwhile; its runs are none of this one's.
    """
    fresh = (run for run in list_runs() if run.id not in before)
    return [run for run in fresh if run.frozen().site == site]


def shown_by(scenario: Scenario) -> frozenset[str]:
    """The questions by which a run shows that something is wrong."""
    usual = {first_name(name) for name in scenario.prompts}
    return frozenset({FAILED_STEP, UNKNOWN_STEP, *map(first_name, scenario.replies)} - usual)


def briefing(scenario: Scenario, places: Places, fault: Fault | None) -> str:
    """What the operator is told first: the story, where its files are, what becomes of a fault."""
    told = [scenario.story, f"The practice folder is {places.folder}."]
    if isinstance(fault, Mendable):
        when, then = (
            (f"{MENDED_WHILE_ASKED / 60:.0f} minutes after you began", "F5 then looks again")
            if fault.told_while_asked
            else (f"{MENDED_AFTER:.0f} seconds after it was met", "then retry, or look again")
        )
        told.append(f"Something goes wrong on the way. A colleague mends it {when}: {then}.")
    return " ".join(" ".join(told).split())


def by_hand(
    scenario: Scenario, scene: Scene, fault: Fault | None, *, plain: bool, mouse: bool
) -> tuple[RunDirectory | None, str]:
    """Let the operator do the drill; returns their run and what the tool said where it stopped.

    Raises Refused where the operator left while the run still goes on: it is scored later.
    """
    before = {run.id for run in list_runs()}
    watcher = FaultWatcher(fault, scene, shown_by(scenario)) if fault else None
    if watcher:
        watcher.start()
    try:
        _wizard(scenario, scene, briefing(scenario, scene.places, fault), plain=plain, mouse=mouse)
    finally:
        if watcher:
            watcher.end()
    runs = runs_at(load_site(scene.places.site_file), before)
    if not runs:
        return None, ""
    for open_run in (run for run in runs if run.view().outcome is None):
        raise Refused(
            f"Run {open_run.id} is not at its end yet, so it is not scored yet.",
            f"Finish it: rekindle attach {open_run.id} (or resume). Then: rekindle drill "
            f"{scenario.name} --score {open_run.id}, and rekindle drill {scenario.name} --remove.",
        )
    run, view = runs[0], runs[0].view()
    return run, "" if view.outcome is Finish.DONE else view.message


def _wizard(scenario: Scenario, scene: Scene, story: str, *, plain: bool, mouse: bool) -> None:
    site = load_site(scene.places.site_file)
    procedure = None if scenario.from_home else scenario.procedure
    if plain:
        from tui import plain as lines

        lines.run_wizard(site, procedure=procedure)
        return
    from tui import app

    if procedure is None:
        app.run_home(lambda: site, mouse=mouse, briefing=story)
    else:
        app.run_wizard(site, mouse=mouse, procedure=procedure, briefing=story)
