"""The runner killed before every effect of a restore on the engine's machine, and started again.

The tools go on by themselves. Nothing is restored twice, no question is answered twice, and no
password stays behind. Effects are found by running once and counting; none is listed by hand.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress

import pytest

from steps.hosted_engine import conversation
from steps.hosted_engine.machine_restore import backup_tool
from steps.hosted_engine.machine_restore.databases import manual
from steps.hosted_engine.machine_restore.job import ArchiveSource, ExpectedRows
from steps.hosted_engine.machine_restore.restore_command import ArchiveHolds, RestoreChoice
from steps.hosted_engine.machine_restore.step_archive import ArchiveBrought
from steps.hosted_engine.machine_restore.step_engine_up import MachineTidied
from steps.hosted_engine.machine_restore.step_fence import FenceHeldOff, FencePutBack
from steps.hosted_engine.machine_restore.step_restore import BackupRestored
from steps.hosted_engine.machine_restore.step_setup import SetupFollowed, SetupStarted
from steps.run.events import Event, Finish
from steps.run.journal import Journal
from steps.run.runner import open_site_targets
from tests.engine_archives import MODERN, build
from tests.unit.deadly import Deadly, Fate
from tests.unit.machine_support import MACHINE, SERVER, written
from tests.unit.restore_world import Killed
from tests.unit.run_support import Operator
from tests.unit.test_machine_restore import ENGINE_BACKUP, PASSWORD, SECRETS, starts
from tests.unit.test_machine_set_up import ALL, answers, machine, scripted

SHARES = 3
ANSWERS = [
    ["OVESETUP_CORE_ENGINE_STOP", "OK"], ["OVESETUP_UPDATE_FIREWALL", ""],
    ["OVESETUP_RENEW_PKI", "Yes"], ["OVESETUP_DIALOG_CONFIRM_SETTINGS", "OK"],
]  # fmt: skip
HOLDS = ArchiveHolds("4.5.7", ("files", "grafanadb"))
__all__ = ["machine"]


class DeadlyJournal(Journal):
    """Its process dies before one of its lines is written."""

    fate = Fate()

    def record(self, event, **fields):
        if event is Event.PROGRESS:
            return super().record(event, **fields)
        return self.fate.strike(
            "record", lambda: super(DeadlyJournal, self).record(event, **fields)
        )


class Targets:
    """The site's targets, whose shells die before an effect."""

    def __init__(self, inner, fate):
        self._inner, self._fate = inner, fate

    def shell(self, name):
        return Deadly(self._inner.shell(name), self._fate)

    def close(self):
        self._inner.close()


class Life(Operator):
    """One life of a runner."""

    def _live(self):
        with suppress(Killed):
            super()._live()


@pytest.fixture
def world(machine, tmp_path, monkeypatch):
    machine.program("engine-backup", ENGINE_BACKUP)
    machine.write("act", "ok")
    monkeypatch.setattr(backup_tool, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(conversation, "POLL_SECONDS", (0.01, 0.05))
    scripted(machine, ALL)
    archive = build(tmp_path / "sound", MODERN.but(dumps={"grafana.db": b"SQLite format 3"}))
    place = manual("db", server=MACHINE)
    source = ArchiveSource(str(archive), SERVER)
    bring = machine.job(archive=source, holds=HOLDS, choice=RestoreChoice((), ("files",)))
    job = machine.job(choice=RestoreChoice((place,)), expected=ExpectedRows(2, 3))
    machine.plan = (
        ArchiveBrought(bring), BackupRestored(job), FenceHeldOff(job), SetupStarted(job),
        SetupFollowed(job), FencePutBack(job), MachineTidied(job),
    )  # fmt: skip
    return machine


def lives(world, kill_at: int):
    """A life that dies there, then one that goes on; the last one, and the effects of the first."""
    run, first = None, Fate(kill_at)
    for fate in (first, Fate()):
        life = world.run(
            *world.plan, secrets=SECRETS, prompts={"setup.preview": "OK"}, folder=run, kind=Life,
            open_targets=lambda s, secrets, fate=fate: Targets(open_site_targets(s, secrets), fate),
        )  # fmt: skip
        run, DeadlyJournal.fate = life.session.run, fate
        life.session.journal.__class__ = DeadlyJournal
        life.start()
        life._thread.join(timeout=life.patience)
        if life.ended is not None:
            return life, first
    raise AssertionError(f"killed at {kill_at}, it did not end: {run.journal_file.read_text()}")


def worth_killing(names: list[str]) -> list[int]:
    """Between two lines of the journal nothing happens: dying before the first is as good."""
    return [n for n, name in enumerate(names) if not (n and name == names[n - 1] == "record")]


def assert_restored_once(world, life, where: str) -> None:
    assert life.ended.finish is Finish.DONE, f"{where}: {life.session.run.journal_file.read_text()}"
    assert len(starts(world)) == 1, where
    assert answers(world) == ANSWERS, where
    assert (world.folder / "delay").read_text() == "300\n", where
    assert list((world.folder / "work").iterdir()) == [], where
    assert PASSWORD not in written(life.session.run), where
    assert not (life.session.run.path / "archive-on-its-way").exists(), where


def start_over(world) -> None:
    for name in ("started", "received", "options", "pgpass", "passfile", "up"):
        (world.folder / name).unlink(missing_ok=True)
    for name in ("etc", "db", "work"):
        shutil.rmtree(world.folder / name, ignore_errors=True)
    world.write("delay", "300\n")


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_before_any_effect_a_resumed_run_restores_once_and_leaves_nothing(world, share):
    life, fate = lives(world, -1)
    assert_restored_once(world, life, "undisturbed")
    assert {"put", "write", "remove", "record", "run"} <= set(fate.names), fate.names
    assert json.loads(life.view.facts["setup.preview"])
    for kill_at in worth_killing(fate.names)[share::SHARES]:
        start_over(world)
        life, _fate = lives(world, kill_at)
        assert_restored_once(world, life, f"killed before {kill_at}, {fate.names[kill_at]}")
