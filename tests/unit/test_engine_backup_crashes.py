"""A backup of the engine killed before every single effect, and then resumed or taken back.

Whatever happened: resumed, the server has one whole archive and the failover host is in service;
taken back, the host is in service and nothing of the backup is anywhere.
"""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from steps.hosted_engine.backup import step_failover, step_make
from tests.unit.deadly import Deadly, Fate
from tests.unit.engine_backup_world import (
    BackupWorld,
    WorldTargets,
    checked_by_sha256sum,
    context_of,
    given,
    make_world,
    plan_of,
)
from tests.unit.restore_world import Killed, carry_out, take_back

ANSWERS = given(machine_copy="keep", retention=1)


class Stage:
    """One world, killed in it again and again. An older backup is there from the beginning."""

    def __init__(self, world: BackupWorld) -> None:
        self.world = world
        older = given(file_name="older.backup")
        carry_out(plan_of(world, older), context_of(world, older))
        self._server = world.folder / "server-before"
        shutil.copytree(world.server, self._server)
        self.plan = plan_of(world, ANSWERS)

    def again(self) -> None:
        world = self.world
        for folder in (world.server, world.work, world.folder / "run"):
            shutil.rmtree(folder)
        shutil.copytree(self._server, world.server)
        world.work.mkdir()
        (world.folder / "run").mkdir()
        (world.folder / "called").unlink(missing_ok=True)
        world.engine.calls.clear()
        world.engine._status("h1", "up")

    def doomed(self, fate: Fate):
        targets = WorldTargets(self.world, lambda target: Deadly(target, fate))
        return Deadly(context_of(self.world, ANSWERS, targets), fate)

    def survivor(self, dead):
        return dead.after_a_crash(WorldTargets(self.world))


@pytest.fixture
def stage(tmp_path, monkeypatch) -> Stage:
    monkeypatch.setattr(step_failover, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(step_make, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(step_make, "START_SECONDS", 1.0)
    monkeypatch.setattr(step_failover, "STUCK_SECONDS", 0.0)
    return Stage(make_world(tmp_path / "world", monkeypatch))


def assert_backed_up(stage: Stage, where: str) -> None:
    world = stage.world
    assert world.status("hosted_engine_1") == "up", where
    names = ["SHA256SUMS", "engine.backup", "engine.backup.json", "engine.backup.log"]
    assert world.on_server() == names, where
    done = checked_by_sha256sum(world.server)
    assert (done.returncode, done.stdout.count(": OK")) == (0, 3), where
    kept = ["engine-backups/engine.backup", "engine-backups/engine.backup.json"]
    assert world.on_machine() == kept, where
    assert not (world.folder / "run" / "archive").exists(), where
    assert len(world.called()) in (1, 2), where


def effects(stage: Stage) -> Fate:
    fate = Fate()
    carry_out(stage.plan, stage.doomed(fate))
    assert_backed_up(stage, "undisturbed")
    assert {"maintain_host", "activate_host", "put"} <= {*fate.names}, fate.names
    return fate


def is_killed(stage: Stage, doomed: Deadly, until: str = "") -> bool:
    """Whether it came to that effect: how often a long step is polled differs from run to run."""
    try:
        carry_out(stage.plan, doomed, **({"until": until} if until else {}))
    except Killed:
        return True
    return False


def test_killed_at_any_effect_and_resumed_one_whole_backup_is_there_and_the_host_in_service(stage):
    fate = effects(stage)
    for number in range(fate.count):
        stage.again()
        doomed = stage.doomed(Fate(number))
        if not is_killed(stage, doomed):
            assert number > fate.count // 2, fate.names
            break
        where = f"before {number}, {fate.names[number]} of {fate.names}"
        try:
            carry_out(stage.plan, stage.survivor(doomed))
        except Exception as error:
            raise AssertionError(where) from error
        assert_backed_up(stage, where)


def test_killed_at_any_effect_and_taken_back_the_host_is_in_service_and_nothing_is_left(stage):
    fate = effects(stage)
    last = fate.names.index("record", fate.names.index("put"))
    for number in range(last + 8):
        stage.again()
        doomed = stage.doomed(Fate(number))
        if not is_killed(stage, doomed):
            assert number > last - 8, fate.names
            break
        where = f"before {number}, {fate.names[number]} of {fate.names}"
        if "server.old" in doomed.touched:
            continue
        try:
            take_back(stage.plan, stage.survivor(doomed))
        except Exception as error:
            raise AssertionError(where) from error
        world = stage.world
        assert world.status("hosted_engine_1") == "up", where
        names = ["SHA256SUMS", "older.backup", "older.backup.json", "older.backup.log"]
        assert world.on_server() == names, where
        assert checked_by_sha256sum(world.server).returncode == 0, where
        assert [n for n in world.on_machine() if not n.startswith("engine-backup-logs/")] == [], (
            where
        )
        assert not (world.folder / "run" / "archive").exists(), where


class ShutDown(dict):
    """The operator has the machine that does not move shut down, in whatever round."""

    def __getitem__(self, name):
        assert name.startswith("failover_stuck_")
        return "shut-down:vm_web"


def test_killed_while_a_stuck_machine_is_shut_down_it_runs_again_at_the_end(stage):
    world = stage.world
    machine = world.engine.all_machines["vm_web"]
    steps = stage.plan.steps
    last = next(n for n, step in enumerate(steps) if step.name == "server.archive")

    def begin(fate: Fate):
        stage.again()
        world.engine.all_machines["vm_web"] = replace(machine, status="up", host="h1")
        world.engine.pinned = {"vm_web"}
        doomed = stage.doomed(fate)
        doomed._inner.answers = ShutDown()
        return doomed

    fate = Fate()
    carry_out(stage.plan, begin(fate), until=steps[last].name)
    assert "start_machine" in fate.names
    for number in range(fate.count):
        doomed = begin(Fate(number))
        if not is_killed(stage, doomed, steps[last].name):
            assert number > fate.count // 2, fate.names
            break
        survivor = stage.survivor(doomed)
        survivor.ask = lambda _prompt: "shut-down:vm_web"
        where = f"before {number}, {fate.names[number]} of {fate.names}"
        carry_out(stage.plan, survivor, until=steps[last].name)
        assert world.engine.all_machines["vm_web"].status == "up", where
        assert world.status("hosted_engine_1") == "up", where
