"""A restore that a daemon carries out, ordered in three steps in the guide's words.

Killed before every single effect and started again, it ends as an undisturbed one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from steps.drill import practice_machine as practice
from steps.virtual_machine import step_bring_up
from steps.virtual_machine.node.worker import Ending, Result
from steps.virtual_machine.return_values import CANNOT_RESTORE
from tests.unit.daemon_world import DaemonWorld, Death
from tests.unit.deadly import Fate
from tests.unit.restore_world import LEAF, Killed, World, make_world, put_back, snapshot
from tests.unit.test_daemon_crashes import Silent, where_of

TASKS = {
    "unretainSmallFiles": "unretainedSmallFiles",
    "unretainLargeFiles": "unretainedLargeFiles",
    "restore": "restored",
}


@dataclass
class Restored:
    """A world that can be set up again at the same place, and the daemon of its node."""

    daemon: DaemonWorld
    copy: Path

    @property
    def world(self) -> World:
        return self.daemon.world  # type: ignore[no-any-return]

    def again(self) -> None:
        shutil.rmtree(self.daemon.state, ignore_errors=True)
        put_back(self.world, self.copy)

    def carry_out(self, fate: Fate, *, until: str = "restore") -> list[Result]:
        """Every order in turn; a daemon that dies is started again."""
        results: list[Result] = []
        for task, done in TASKS.items():
            self.daemon.order(LEAF, task)
            try:
                results += self.daemon.life(fate)
            except Killed:
                results += self.daemon.life()
            leaf = self.daemon.leaf(LEAF)
            assert (leaf.mode, leaf.return_value) == (done, 0), results
            if task == until:
                break
        return results


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    base = tmp_path_factory.mktemp("daemon-restore")
    world = make_world(base / "site")
    shutil.copytree(world.places.folder, base / "copy", symlinks=True)
    yield Restored(DaemonWorld(world, world.site, base / "node"), base / "copy")
    shutil.rmtree(base)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path))
    monkeypatch.setattr(step_bring_up, "POLL_SECONDS", 0.0)


def test_a_restore_is_carried_out_in_the_three_orders(restored: Restored) -> None:
    restored.again()
    restored.carry_out(Death())
    world = restored.world
    assert world.hypervisor.restored == 1
    assert {world.pattern(disk.image) for disk in world.then.disks} == {"then"}
    assert world.hypervisor.domains_by_name[practice.MACHINE].state == "running"


def test_killed_at_any_transition_and_started_again_the_world_is_as_if_undisturbed(
    restored: Restored,
) -> None:
    # Before each claim and report, and before and after each step. Every effect in between is in
    # the restore's own matrix (test_restore_crashes.py).
    restored.again()
    fate = Death()
    restored.carry_out(fate)
    undisturbed = snapshot(restored.world)
    assert fate.names.count("transition") == 6
    transitions = [n for n, name in enumerate(fate.names) if name in ("transition", "record")]
    assert len(transitions) > 20
    for number in transitions:
        restored.again()
        try:
            restored.carry_out(Death(number))
        except Exception as error:
            raise AssertionError(where_of(fate, number)) from error
        assert snapshot(restored.world) == undisturbed, where_of(fate, number)
        assert restored.world.hypervisor.restored == 1, where_of(fate, number)


@pytest.mark.parametrize("heard", [False, True], ids=["lost on the way", "its answer lost"])
def test_a_directory_that_is_gone_at_any_report_loses_nothing(
    restored: Restored, heard: bool
) -> None:
    restored.again()
    restored.carry_out(Death())
    undisturbed = snapshot(restored.world)
    for number in (1, 3, 5):
        restored.again()
        fate = Silent(number, heard=heard)
        for task, done in TASKS.items():
            restored.daemon.order(LEAF, task)
            if restored.daemon.life(fate)[-1].ending is Ending.UNSAID:
                restored.daemon.life()
            assert restored.daemon.leaf(LEAF).mode == done
        assert snapshot(restored.world) == undisturbed, number


def gone_ahead(world: World) -> None:
    """What an original broker does before it orders the restore: it ends and undefines it."""
    world.hypervisor.destroy(practice.MACHINE)
    world.hypervisor.undefine(practice.MACHINE)


def test_a_broker_that_went_ahead_is_refused_with_nothing_changed(restored: Restored) -> None:
    # Rekindle shuts the machine down itself, and its plan is made for one that is still there.
    restored.again()
    restored.carry_out(Death(), until="unretainLargeFiles")
    gone_ahead(restored.world)
    before = snapshot(restored.world)
    restored.daemon.order(LEAF, "restore")
    (result,) = restored.daemon.life()
    assert (result.ending, result.return_value) == (Ending.FAILED, CANNOT_RESTORE), result
    leaf = restored.daemon.leaf(LEAF)
    assert (leaf.mode, leaf.return_value, leaf.state) == ("restoring", CANNOT_RESTORE, "0")
    assert {**snapshot(restored.world), "leaf": before["leaf"]} == before
