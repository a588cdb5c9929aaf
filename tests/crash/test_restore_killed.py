"""A restore that is hurt at every transition of its journal, and then resumed.

Whatever happened, the world must end as after an undisturbed run: contents, memory state, every
decision, the directory to the last attribute, the same files, no image lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from steps.run.events import Event, Finish
from steps.run.journal import read_journal
from tests.crash.restore_world import RestoreWorld, view_of

KILLED = -9
SHARES = 4
"""Parts of the longest enumeration, so that two workers can share it."""


@dataclass
class Undisturbed:
    """What a run leaves behind that nothing disturbed, and its journal's transitions."""

    world: RestoreWorld
    transitions: list[dict]
    directory: str
    files: set[str]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, monkeypatch_module):
    yield from an_undisturbed_world(tmp_path_factory, monkeypatch_module)


@pytest.fixture(scope="module")
def undisturbed_on_a_small_disk(tmp_path_factory, monkeypatch_module):
    yield from an_undisturbed_world(tmp_path_factory, monkeypatch_module, small_disk=True)


def an_undisturbed_world(tmp_path_factory, monkeypatch_module, *, small_disk=False):
    folder = tmp_path_factory.mktemp("restore")
    monkeypatch_module.setenv("REKINDLE_HOME", str(folder / "home"))
    world = RestoreWorld(folder / "site", folder / "template")
    try:
        world.build(small_disk=small_disk)
        world.reset()
        run = world.prepare()
        assert world.run(run) == 0
        assert_brought_back(world, run)
        events = read_journal(run.journal_file)
        transitions = [event for event in events if event["event"] != Event.PROGRESS]
        yield Undisturbed(world, transitions, world.directory_text(), world.files(run))
    finally:
        world.remove()


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def assert_brought_back(world, run):
    assert view_of(run).outcome is Finish.DONE
    wrong = [check for check in world.score(run) if not check.passed]
    assert wrong == []


def assert_same_end(undisturbed, run):
    assert_brought_back(undisturbed.world, run)
    assert undisturbed.world.directory_text() == undisturbed.directory
    assert undisturbed.world.files(run) == undisturbed.files


def hurt_and_resumed(undisturbed, number, action, mend=None):
    """One run hurt at that transition, put right, resumed to its end."""
    world = undisturbed.world
    world.reset()
    run = world.prepare()
    code = world.run(run, harm_at=number, action=action)
    if mend:
        mend()
    if view_of(run).outcome is not Finish.DONE:
        assert world.run(run) == 0, f"resume after {undisturbed.transitions[number - 1]}"
    return run, code


def started_steps(undisturbed):
    return [
        (number, event["step"])
        for number, event in enumerate(undisturbed.transitions, start=1)
        if event["event"] == Event.STEP_STARTED
    ]


def test_whoever_lets_the_old_images_go_has_done_the_drill_right_as_well(undisturbed):
    world = undisturbed.world
    world.reset()
    run = world.prepare(old_images="remove")
    assert world.run(run) == 0
    assert_brought_back(world, run)
    assert "old images" in {check.name for check in world.score(run)}


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_before_any_transition_is_recorded_the_resumed_run_ends_in_the_same_world(
    undisturbed, share
):
    assert len(undisturbed.transitions) > 100
    for number in range(1 + share, len(undisturbed.transitions) + 1, SHARES):
        run, code = hurt_and_resumed(undisturbed, number, "before")
        assert code == KILLED
        assert_same_end(undisturbed, run)


def test_killed_right_after_any_step_was_started_the_resumed_run_ends_in_the_same_world(
    undisturbed,
):
    for number, _step in started_steps(undisturbed):
        run, code = hurt_and_resumed(undisturbed, number, "after")
        assert code == KILLED
        assert_same_end(undisturbed, run)


def test_with_the_directory_gone_at_any_step_the_resumed_run_ends_in_the_same_world(undisturbed):
    from steps.drill.slapd import ensure_running

    folder = undisturbed.world.places.directory
    stopped = 0
    for number, _step in started_steps(undisturbed):
        run, code = hurt_and_resumed(
            undisturbed, number, f"slapd:{folder}", lambda: ensure_running(folder)
        )
        stopped += code != 0
        assert_same_end(undisturbed, run)
    assert stopped > 5


def test_on_a_disk_full_at_any_step_the_resumed_run_ends_in_the_same_world(
    undisturbed_on_a_small_disk,
):
    undisturbed = undisturbed_on_a_small_disk
    filler = undisturbed.world.places.retain / "filler"
    stopped = set()
    for number, step in started_steps(undisturbed):
        run, code = hurt_and_resumed(
            undisturbed, number, f"fill:{filler}", lambda: filler.unlink(missing_ok=True)
        )
        if code != 0:
            stopped.add(step)
        assert_same_end(undisturbed, run)
    assert {"small.copy", "large.copy.vda", "large.copy.vdb", "live.keep"} <= stopped
