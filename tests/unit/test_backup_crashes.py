"""A backup killed before every single effect, and then resumed or taken back.

Whatever happened: the set tells one generation in memory and images, the machine reads its own.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from steps.drill import practice_machine as practice
from steps.procedure import Plan
from steps.virtual_machine.backup import work
from tests.unit.backup_world import (
    BackupWorld,
    context_of,
    make_world,
    plan_of,
    set_machine,
    tells,
)
from tests.unit.deadly import Deadly, Fate
from tests.unit.restore_world import BASE, Killed, MemoryContext, WorldTargets, carry_out, take_back

WAYS = {
    "live": ("running", "live"),
    "save": ("running", "save"),
    "disk-only": ("running", "disk-only"),
    "push": ("running", "push"),
    "paused": ("paused", "best"),
    "off": ("shut off", "best"),
}


@dataclass
class Stage:
    """One world that can be set up again and again at the same place."""

    world: BackupWorld
    state: str
    method: str
    plan: Plan
    answers: dict

    def again(self) -> BackupWorld:
        places = self.world.places
        for folder in (places.retain, places.backup, places.live):
            shutil.rmtree(folder)
            folder.mkdir(parents=True)
        parent = f"ou=backup,{practice.machine_dn(BASE)}"
        for entry in reversed(self.world.directory.subtree(parent)):
            self.world.directory.delete(entry.dn)
        set_machine(self.world, self.state)
        return self.world

    def doomed(self, fate: Fate) -> MemoryContext:
        targets = WorldTargets(self.world, lambda target: Deadly(target, fate))  # type: ignore[arg-type]
        found = context_of(self.world, self.answers, targets)
        return Deadly(found, fate)  # type: ignore[return-value]

    def survivor(self, dead: MemoryContext) -> MemoryContext:
        return dead.after_a_crash(WorldTargets(self.world))  # type: ignore[arg-type]


@pytest.fixture(params=list(WAYS), scope="module")
def stage(request: pytest.FixtureRequest):
    state, method = WAYS[request.param]
    world = make_world(state)
    plan, answers = plan_of(world, method=method)
    yield Stage(world, state, method, plan, answers)
    shutil.rmtree(world.folder.parent)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path))
    monkeypatch.setattr(work, "POLL_SECONDS", 0.0)


def assert_machine_as_before(stage: Stage) -> None:
    """It does what it did, on its own image files, and reads what it wrote last."""
    world, name = stage.world, practice.MACHINE
    domain = world.hypervisor.domains_by_name[name]
    assert domain.state == stage.state
    assert world.beside_images() == sorted(path.name for path in world.images)
    assert world.hypervisor._sources(world.hypervisor.xml(name)) == [str(p) for p in world.images]
    if domain.active:
        assert world.hypervisor.reads(name) == {world.hypervisor.memory[name]}
    assert world.hypervisor.memory[name] == world.hypervisor.generation, "it never booted anew"
    assert not world.hypervisor.jobs


def assert_backed_up(stage: Stage, where: str) -> None:
    world = stage.world
    (folder,) = world.sets()
    told = tells(folder)
    has_memory = stage.method in ("live", "save") or stage.state == "paused"
    generations = {told[key] for key in told if key != "memory" or has_memory}
    assert None not in generations, f"{where}: {told}"
    assert len(generations) == 1, f"{where}: {told}"
    names = {path.name for path in folder.iterdir()}
    assert {"manifest.json", "SHA256SUMS"} < names, where
    assert "INCOMPLETE" not in names, where
    assert [p for p in world.places.retain.rglob("*") if p.is_file()] == [], where
    assert set(world.leaves().values()) == {("finished", "0")}, where
    assert_machine_as_before(stage)


def test_killed_at_any_effect_and_resumed_the_set_is_whole_and_the_machine_as_before(stage: Stage):
    stage.again()
    fate = Fate()
    carry_out(stage.plan, stage.doomed(fate))
    assert_backed_up(stage, "undisturbed")
    assert fate.count > 40
    for number in range(fate.count):
        stage.again()
        doomed = stage.doomed(Fate(number))
        with pytest.raises(Killed):
            carry_out(stage.plan, doomed)
        where = (
            f"before {number}, {fate.names[number]} after {fate.names[max(number - 3, 0) : number]}"
        )
        try:
            carry_out(stage.plan, stage.survivor(doomed))
        except Exception as error:
            raise AssertionError(where) from error
        assert_backed_up(stage, where)


def test_killed_at_any_effect_and_taken_back_nothing_is_left_and_nothing_lost(stage: Stage):
    stage.again()
    fate = Fate()
    carry_out(stage.plan, stage.doomed(fate))
    for number in range(fate.count):
        stage.again()
        doomed = stage.doomed(Fate(number))
        with pytest.raises(Killed):
            carry_out(stage.plan, doomed)
        where = (
            f"before {number}, {fate.names[number]} after {fate.names[max(number - 3, 0) : number]}"
        )
        try:
            take_back(stage.plan, stage.survivor(doomed))
            assert_machine_as_before(stage)
        except Exception as error:
            raise AssertionError(where) from error
        assert stage.world.leaves() == {}, where
        left = [p for p in stage.world.places.retain.rglob("*") if p.is_file()]
        left += [p for p in stage.world.places.backup.rglob("*") if p.is_file()]
        assert left == [], where
