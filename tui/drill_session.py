"""A drill by hand: the wizard on the practice site, with the fault waiting for its moment."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from config.errors import Refused
from config.site_file import load_site
from steps.drill.fault import Fault, Mendable, Scene
from steps.drill.scenario import Scenario
from steps.run.directory import RunDirectory, list_runs
from steps.run.events import Event, Finish
from steps.run.journal import Follower

MENDED_AFTER = 20.0
"""Seconds after which a colleague, so the story goes, has put the fault right."""


class FaultWatcher(threading.Thread):
    """Strikes at the fault's moment, and mends it some time later."""

    def __init__(self, fault: Fault, scene: Scene) -> None:
        super().__init__(daemon=True, name="fault")
        self._fault = fault
        self._scene = scene
        self._ended = threading.Event()
        self._before = {run.id for run in list_runs()}

    def run(self) -> None:
        """Wait, strike, wait, mend."""
        if self._fault.strikes == "before":
            self._fault.strike(self._scene)
        run = self._await_run()
        if run is None:
            return
        self._scene = replace(self._scene, run=run)
        if self._fault.strikes != "before" and self._await_moment(run):
            self._fault.strike(self._scene)
        if isinstance(self._fault, Mendable) and not self._ended.wait(MENDED_AFTER):
            self._fault.mend(self._scene)

    def end(self) -> None:
        """The drill is over: put right what is still wrong."""
        self._ended.set()
        self.join(timeout=10)
        if isinstance(self._fault, Mendable):
            self._fault.mend(self._scene)

    def _await_run(self) -> RunDirectory | None:
        while not self._ended.is_set():
            found = practice_runs(self._before)
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


def practice_runs(before: set[str]) -> list[RunDirectory]:
    """The practice runs that were not there before, the newest first."""
    fresh = (run for run in list_runs() if run.id not in before)
    return [run for run in fresh if run.frozen().site.practice]


def by_hand(
    scenario: Scenario, scene: Scene, fault: Fault | None, *, plain: bool, mouse: bool
) -> tuple[RunDirectory | None, str]:
    """Let the operator do the drill; returns their run and what the tool said where it stopped.

    Raises Refused where the operator left while the run still goes on: it is scored later.
    """
    before = {run.id for run in list_runs()}
    watcher = FaultWatcher(fault, scene) if fault else None
    if watcher:
        watcher.start()
    try:
        _wizard(scenario, scene, plain=plain, mouse=mouse)
    finally:
        if watcher:
            watcher.end()
    runs = practice_runs(before)
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


def _wizard(scenario: Scenario, scene: Scene, *, plain: bool, mouse: bool) -> None:
    site = load_site(scene.places.site_file)
    procedure = None if scenario.from_home else scenario.procedure
    if plain:
        from tui import plain as lines

        lines.run_wizard(site, procedure=procedure)
        return
    from tui import app

    if procedure is None:
        app.run_home(lambda: site, mouse=mouse, briefing=scenario.story)
    else:
        app.run_wizard(site, mouse=mouse, procedure=procedure, briefing=scenario.story)
