"""kill -9 while several lanes are at work: resume reaches the same world, nothing happens twice."""

from __future__ import annotations

import json

import pytest

from steps.run.events import FAILED_STEP, Event, Finish
from steps.run.journal import read_journal
from tests.crash import toy, toy_lanes
from tests.crash.run_support import Driver, ToyRun
from tests.crash.test_runner_killed import KILLED, assert_sound, transitions

MACHINES = 3
LIVES = 4


@pytest.fixture(scope="module")
def driver():
    with Driver() as started:
        yield started


def machines(folder, name: str, answer: str, file: str = "") -> ToyRun:
    """A run with lanes; `file` says which machine fails, and how often."""
    toy_run = ToyRun.make(folder, name=name, prompts={FAILED_STEP: answer}, machines=MACHINES)
    if file:
        (toy_run.world / file).touch()
    return toy_run


def live_on(driver: Driver, toy_run: ToyRun, wanted: Finish) -> None:
    """Resume, as an operator would, until it has ended as it should."""
    for _ in range(LIVES):
        if toy_run.update().outcome is wanted:
            return
        assert driver.live(toy_run) in (0, 1), toy_run.run.runner_log.read_text()
    assert toy_run.update().outcome is wanted, toy_run.run.journal_file.read_text()


def die_and_live_on(
    driver: Driver, toy_run: ToyRun, number: int, when: str, wanted: Finish
) -> None:
    """Killed at that transition, and resumed to its end."""
    assert driver.live(toy_run, kill_at=number, when=when) == KILLED
    live_on(driver, toy_run, wanted)
    assert_sound(toy_run)


def ledgers(toy_run: ToyRun) -> dict[str, list[str]]:
    return {
        lane: toy_lanes.Part(toy_run.world, "", lane).lines() for lane in toy_lanes.lanes(MACHINES)
    }


def summary(toy_run: ToyRun) -> dict[str, str]:
    return json.loads((toy_run.world / "summary.json").read_text())


@pytest.mark.parametrize("when", ["before", "torn", "after"])
def test_killed_at_any_transition_each_lane_is_done_once_in_the_end(driver, tmp_path, when):
    whole = machines(tmp_path, "undisturbed", "stop", "flaky.m2")
    assert driver.live(whole) == 1
    assert whole.update().message == "2 of 3 done; failed: m2 (Copy: no space left.)"
    count = transitions(whole)
    live_on(driver, whole, Finish.DONE)
    expected = toy.snapshot(whole.world)
    assert ledgers(whole) == {m: list(toy_lanes.PARTS) for m in toy_lanes.lanes(MACHINES)}
    assert count > 35

    for number in range(1, count + 1):
        toy_run = machines(tmp_path, f"world{number}", "stop", "flaky.m2")
        die_and_live_on(driver, toy_run, number, when, Finish.DONE)
        assert toy.snapshot(toy_run.world) == expected, f"killed {when} transition {number}"


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_transition_a_lane_that_is_undone_is_out_and_the_others_done(
    driver, tmp_path, when
):
    whole = machines(tmp_path, "undisturbed", "undo", "broken.m2")
    assert driver.live(whole) == 1
    expected, count = toy.snapshot(whole.world), transitions(whole)
    assert ledgers(whole) == {"m1": list(toy_lanes.PARTS), "m2": [], "m3": list(toy_lanes.PARTS)}
    assert summary(whole) == {"m1": "done", "m2": "left-out", "m3": "done"}

    for number in range(1, count + 1):
        toy_run = machines(tmp_path, f"world{number}", "undo", "broken.m2")
        die_and_live_on(driver, toy_run, number, when, Finish.FAILED)
        assert toy.snapshot(toy_run.world) == expected, f"killed {when} transition {number}"


def test_every_step_that_ran_when_the_runner_was_killed_is_looked_at_first(driver, tmp_path):
    whole = machines(tmp_path, "undisturbed", "stop")
    assert driver.live(whole) == 0
    seen = 0
    for number in range(1, transitions(whole)):
        toy_run = machines(tmp_path, f"world{number}", "stop")
        assert driver.live(toy_run, kill_at=number, when="after") == KILLED
        running = {step.name for step in toy_run.update().running if step.touched}
        seen = max(seen, len(running))
        before = len(read_journal(toy_run.run.journal_file))
        live_on(driver, toy_run, Finish.DONE)
        first: dict[str, str] = {}
        for event in read_journal(toy_run.run.journal_file)[before:]:
            first.setdefault(event.get("step", ""), event["event"])
        assert {first[name] for name in running} <= {Event.STEP_VERIFYING}
    assert seen >= 2  # several lanes were at it when it was killed
