"""kill -9 at every journal transition: resume reaches the same world, and nothing happens twice."""

from __future__ import annotations

import pytest

from steps.run.events import Event, Finish
from steps.run.journal import read_journal
from tests.crash import toy
from tests.crash.run_support import Driver, ToyRun

KILLED = -9


@pytest.fixture(scope="module")
def driver():
    with Driver() as started:
        yield started


def transitions(toy_run: ToyRun) -> int:
    events = read_journal(toy_run.run.journal_file)
    return sum(event["event"] != Event.PROGRESS for event in events)


def assert_sound(toy_run: ToyRun) -> None:
    """Every line of the journal counts, none is missing, and the last is the run's end."""
    events = read_journal(toy_run.run.journal_file)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert toy_run.run.journal_file.read_bytes().count(b"\n") == len(events)
    assert events[-1]["event"] == Event.RUN_FINISHED


def effects(toy_run: ToyRun) -> list[str]:
    return (toy_run.world / "ledger.txt").read_text().split()


@pytest.mark.parametrize("when", ["before", "torn", "after"])
def test_killed_at_any_transition_a_resumed_run_ends_in_the_same_world(driver, tmp_path, when):
    whole = ToyRun.make(tmp_path, name="undisturbed")
    assert driver.live(whole) == 0
    expected, count = toy.snapshot(whole.world), transitions(whole)
    assert count > 20

    for number in range(1, count + 1):
        toy_run = ToyRun.make(tmp_path, name=f"world{number}")
        assert driver.live(toy_run, kill_at=number, when=when) == KILLED
        if toy_run.update().outcome is None:
            assert driver.live(toy_run) == 0, toy_run.run.runner_log.read_text()
        assert toy.snapshot(toy_run.world) == expected, f"killed {when} transition {number}"
        assert effects(toy_run) == ["replaced"]
        assert_sound(toy_run)
        assert toy_run.update().outcome is Finish.DONE


@pytest.mark.parametrize("when", ["before", "torn", "after"])
def test_killed_at_any_transition_of_an_undo_a_resume_finishes_the_undo(driver, tmp_path, when):
    whole = put_off_run(driver, tmp_path, "undisturbed")
    done = transitions(whole)
    assert driver.live(whole, undo=True) == 0
    expected, count = toy.snapshot(whole.world), transitions(whole) - done
    assert expected["live.txt"] == "live\n"
    assert count >= 10

    for number in range(1, count + 1):
        toy_run = put_off_run(driver, tmp_path, f"world{number}")
        assert driver.live(toy_run, undo=True, kill_at=number, when=when) == KILLED
        view = toy_run.update()
        if view.outcome is not Finish.UNDONE:
            # Killed before the undo itself was recorded, the operator asks for it once more.
            assert driver.live(toy_run, undo=view.undo is None) == 0
        assert toy.snapshot(toy_run.world) == expected, f"killed {when} transition {number}"
        assert_sound(toy_run)
        assert effects(toy_run) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_twice_in_one_run_it_still_ends_in_the_same_world(driver, tmp_path, when):
    whole = ToyRun.make(tmp_path, name="undisturbed")
    driver.live(whole)
    expected = toy.snapshot(whole.world)
    for first in range(5, 20, 3):
        for second in range(3, 12, 3):
            toy_run = ToyRun.make(tmp_path, name=f"world{first}-{second}")
            assert driver.live(toy_run, kill_at=first, when=when) == KILLED
            assert driver.live(toy_run, kill_at=second, when=when) in (KILLED, 0)
            if toy_run.update().outcome is None:
                assert driver.live(toy_run) == 0
            assert toy.snapshot(toy_run.world) == expected
            assert effects(toy_run) == ["replaced"]


def test_killed_at_any_transition_what_is_put_off_then_can_still_be_undone(driver, tmp_path):
    whole = put_off_run(driver, tmp_path, "undisturbed")
    count = transitions(whole)
    assert driver.live(whole, undo=True) == 0
    expected = toy.snapshot(whole.world)

    for number in range(1, count + 1):
        toy_run = ToyRun.make(tmp_path, prompts={"clean-up": "no"}, name=f"world{number}")
        assert driver.live(toy_run, kill_at=number, when="after") == KILLED
        if toy_run.update().outcome is None:
            assert driver.live(toy_run) == 0
        assert driver.live(toy_run, undo=True) == 0, f"killed after transition {number}"
        assert toy.snapshot(toy_run.world) == expected
        assert effects(toy_run) == []


def put_off_run(driver: Driver, folder, name: str) -> ToyRun:
    toy_run = ToyRun.make(folder, prompts={"clean-up": "no"}, name=name)
    assert driver.live(toy_run) == 0
    return toy_run
