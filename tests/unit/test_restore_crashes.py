"""A restore killed before every single effect, and then resumed or taken back.

The effects are found by running once and counting; none is listed by hand. Killed after an effect
is killed before the next one: nothing but looking lies between.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from steps.procedure import Plan
from steps.virtual_machine import step_bring_up
from tests.unit.deadly import Deadly, Fate
from tests.unit.restore_world import (
    RUN,
    Killed,
    MemoryContext,
    World,
    WorldTargets,
    answers,
    carry_out,
    make_world,
    plan_of,
    put_back,
    snapshot,
    take_back,
)


@dataclass
class Stage:
    """One world that can be set up again and again at the same place."""

    world: World
    plan: Plan
    copy: Path

    def again(self) -> World:
        """The same world as at first."""
        return put_back(self.world, self.copy)

    def context(self, fate: Fate) -> MemoryContext:
        """A context all of whose effects are counted."""
        run = self.world.places.folder.parent / RUN
        run.mkdir(exist_ok=True)
        targets = WorldTargets(self.world, lambda target: Deadly(target, fate))
        found = MemoryContext(targets, answers(), run, cleanup="keep", shut_down="destroy")
        return Deadly(found, fate)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    base = tmp_path_factory.mktemp("crashes")
    world = make_world(base / "site")
    stage = Stage(world, plan_of(world, answers()), base / "copy")
    shutil.copytree(world.places.folder, stage.copy, symlinks=True)
    return stage


def survivor(stage: Stage, dead: MemoryContext) -> MemoryContext:
    """The context of the runner that resumes."""
    return dead.after_a_crash(WorldTargets(stage.world))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path))
    # The pretended hypervisor changes at once: there is nothing to wait for.
    monkeypatch.setattr(step_bring_up, "POLL_SECONDS", 0.0)


@pytest.mark.parametrize("quarter", range(4))
def test_killed_at_any_effect_and_resumed_the_world_is_as_if_undisturbed(
    stage: Stage, quarter: int
):
    stage.again()
    fate = Fate()
    carry_out(stage.plan, stage.context(fate))
    undisturbed = snapshot(stage.world)
    assert fate.count > 60
    for number in range(quarter, fate.count, 4):
        stage.again()
        deadly = stage.context(Fate(number))
        with pytest.raises(Killed):
            carry_out(stage.plan, deadly)
        carry_out(stage.plan, survivor(stage, deadly))
        assert snapshot(stage.world) == undisturbed, f"before {number}, {fate.names[number]}"


def test_killed_at_any_effect_and_taken_back_nothing_is_lost(stage: Stage):
    before = snapshot(stage.again())
    fate = Fate()
    carry_out(stage.plan, stage.context(fate))
    for number in range(fate.count):
        stage.again()
        deadly = stage.context(Fate(number))
        with pytest.raises(Killed):
            carry_out(stage.plan, deadly)
        take_back(stage.plan, survivor(stage, deadly))
        seen = without_spoilt(snapshot(stage.world))
        assert seen == before, f"before {number}, {fate.names[number]}"


def test_an_undo_killed_at_any_effect_ends_the_same_when_it_is_done_again(stage: Stage):
    before = snapshot(stage.again())
    fate = Fate()
    take_back(stage.plan, doomed(stage, fate))
    assert fate.count > 30
    for number in range(fate.count):
        stage.again()
        deadly = doomed(stage, Fate(number))
        with pytest.raises(Killed):
            take_back(stage.plan, deadly)
        take_back(stage.plan, survivor(stage, deadly))
        seen = without_spoilt(snapshot(stage.world))
        assert seen == before, f"before {number}, {fate.names[number]}"


def doomed(stage: Stage, fate: Fate) -> MemoryContext:
    """The context of a restore that is through; its undo is counted."""
    run = stage.context(Fate())
    carry_out(stage.plan, run)
    later = run.after_a_crash(WorldTargets(stage.world, lambda target: Deadly(target, fate)))
    return Deadly(later, fate)  # type: ignore[return-value]


def without_spoilt(world: dict[str, object]) -> dict[str, object]:
    """Without the images that the restored guest ran on: they are kept under another name."""
    files = [name for name in world["files"] if ".ran-" not in name]  # type: ignore[attr-defined]
    return {**world, "files": files}
