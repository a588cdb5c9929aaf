"""The daemon killed before every single effect of a backup, and started again.

An effect is whatever lasts: its claim, each line of its journal, each change to files, machine and
directory, its report. They are found by running once and counting; none is listed by hand.
"""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from config.errors import Unreachable
from steps.drill import practice_machine as practice
from steps.run.journal import JournalBroken
from steps.targets.os_errors import NoSpaceLeft, explained
from steps.virtual_machine.backup import work
from steps.virtual_machine.backup.modes import new_leaf
from steps.virtual_machine.node.worker import Ending
from tests.unit.backup_world import BackupWorld, make_world, plan_of, tells
from tests.unit.daemon_world import DaemonWorld, Death
from tests.unit.deadly import Fate
from tests.unit.restore_world import Killed
from tests.unit.test_backup_crashes import Stage, assert_machine_as_before
from tests.unit.test_backup_failures import WRITES, assert_goes_on

LEAF = "20261127T030000Z"
LATER = "20261127T040000Z"
NIGHT = ("snapshot", "merge", "retain")
DONE = {"snapshot": "snapshotted", "merge": "merged", "retain": "retained", "delete": "deleted"}
ONCE = ("snapshot", "save", "restore_paused", "begin_push")
"""What a machine notices: each of these happens as often as in a night without a death."""
STATE_WRITES = frozenset({"diary", "record", "remember", "log"})
STATES = {"live": "running", "paused": "paused", "off": "shut off"}


@dataclass
class Counted:
    """A hypervisor whose calls are counted when they have happened."""

    inner: Any
    calls: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str):
        found = getattr(self.inner, name)
        if name not in ONCE:
            return found

        def call(*given: object, **named: object) -> object:
            # A machine that was paused is saved around each merge, which changes nothing of it.
            if not any(str(value).endswith(".around") for value in given):
                self.calls[name] += 1
            return found(*given, **named)

        return call


@dataclass
class Night:
    """A machine in a state, whose backups a daemon carries out."""

    stage: Stage
    daemon: DaemonWorld
    counted: Counted

    @property
    def world(self) -> BackupWorld:
        return self.stage.world

    def again(self, *leaves: str) -> None:
        """Nothing was ever backed up; these leaves wait for their first order."""
        self.stage.again()
        shutil.rmtree(self.daemon.state, ignore_errors=True)
        self.counted.calls.clear()
        parent = f"ou=backup,{practice.machine_dn(self.world.directory.base)}"
        if self.world.directory.get(parent) is None:
            attributes = {"objectClass": (b"organizationalUnit",), "ou": (b"backup",)}
            self.world.directory.add(parent, attributes)
        for leaf in leaves:
            fresh = {**new_leaf(leaf, leaf), "sstProvisioningMode": (b"initialized",)}
            self.world.directory.add(self.daemon.leaf_dn(leaf), fresh)

    def carry_out(self, leaf: str, tasks: tuple[str, ...], fate: Fate) -> None:
        """What a control instance orders; a daemon that dies is started again."""
        for task in tasks:
            self.daemon.order(leaf, task)
            try:
                results = self.daemon.life(fate)
            except Killed:
                results = self.daemon.life()
            failed = [r.message for r in results if r.ending is not Ending.DONE]
            assert failed == [], failed
            assert self.daemon.leaf(leaf).mode == DONE[task]

    def assert_backed_up(self, leaf: str, where: str) -> None:
        folder = next(f for f in self.world.sets() if f.name == leaf)
        told = tells(folder)
        has_memory = self.stage.state in ("running", "paused")
        generations = {told[key] for key in told if key != "memory" or has_memory}
        assert None not in generations, f"{where}: {told}"
        assert len(generations) == 1, f"{where}: {told}"
        manifest = json.loads((folder / "manifest.json").read_text())
        named = {file["name"] for file in manifest["files"]}
        assert {p.name for p in folder.iterdir()} == named | {"manifest.json", "SHA256SUMS"}, where
        subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
        assert [p for p in self.world.places.retain.rglob("*") if p.is_file()] == [], where
        one = self.daemon.leaf(leaf)
        assert (one.mode, one.return_value, one.owner) == ("retained", 0, ""), where
        assert [name for name, _ in one.times if name in NIGHT] == list(NIGHT), where
        assert_machine_as_before(self.stage)


def make_night(state: str) -> Night:
    world = make_world(state)
    counted = Counted(world.hypervisor)
    _, answers = plan_of(world)
    stage = Stage(world, state, "live", None, answers)  # type: ignore[arg-type]
    seen = replace(world, hypervisor=counted)  # type: ignore[arg-type]
    return Night(stage, DaemonWorld(seen, world.site, world.folder.parent / "node"), counted)


@pytest.fixture(params=list(STATES), scope="module")
def night(request: pytest.FixtureRequest) -> Iterator[Night]:
    made = make_night(STATES[request.param])
    yield made
    shutil.rmtree(made.world.folder.parent)


@pytest.fixture(scope="module")
def off() -> Iterator[Night]:
    """A machine that is off, for what does not depend on its state."""
    made = make_night("shut off")
    yield made
    shutil.rmtree(made.world.folder.parent)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path))
    monkeypatch.setattr(work, "POLL_SECONDS", 0.0)


def where_of(fate: Fate, number: int) -> str:
    return f"before {number}, {fate.names[number]} after {fate.names[max(number - 3, 0) : number]}"


def test_killed_at_any_effect_of_a_night_and_started_again_the_world_is_as_if_undisturbed(
    night: Night,
) -> None:
    night.again(LEAF)
    fate = Death()
    night.carry_out(LEAF, NIGHT, fate)
    night.assert_backed_up(LEAF, "undisturbed")
    undisturbed = dict(night.counted.calls)
    assert fate.count > 60
    assert fate.names.count("transition") == 6, "three claims and three reports are among them"
    for number in range(fate.count):
        where = where_of(fate, number)
        night.again(LEAF)
        try:
            night.carry_out(LEAF, NIGHT, Death(number))
        except Exception as error:
            raise AssertionError(where) from error
        night.assert_backed_up(LEAF, where)
        assert dict(night.counted.calls) == undisturbed, where


def test_killed_at_any_effect_of_a_removal_nothing_of_the_old_set_is_left_and_the_new_is_whole(
    off: Night,
) -> None:
    night = off

    def two_sets() -> None:
        night.again(LEAF, LATER)
        for leaf in (LEAF, LATER):
            night.carry_out(leaf, NIGHT, Death())

    two_sets()
    fate = Death()
    night.carry_out(LEAF, ("delete",), fate)
    assert fate.count > 10
    for number in range(fate.count):
        where = where_of(fate, number)
        two_sets()
        try:
            night.carry_out(LEAF, ("delete",), Death(number))
        except Exception as error:
            raise AssertionError(where) from error
        assert [folder.name for folder in night.world.sets()] == [LATER], where
        night.assert_backed_up(LATER, where)


def test_what_was_half_written_when_a_daemon_was_killed_goes_with_its_backup(night):
    night.again(LEAF, LATER)
    for leaf in (LEAF, LATER):
        night.carry_out(leaf, NIGHT, Death())
    old = next(folder for folder in night.world.sets() if folder.name == LEAF)
    (old / ".rekindle-0123456789abcdef").touch()
    night.carry_out(LEAF, ("delete",), Death())
    assert [folder.name for folder in night.world.sets()] == [LATER]


@dataclass
class FullDisk(Fate):
    """Full from the Nth write on: a file system of the machine's, or the one of the daemon's state.

    Of the machine's one write fails (whoever fills it lets go again); of the daemon's all do until
    the order has ended.
    """

    state_is_full: bool = False

    def strike(self, name: str, act: Callable[[], object]) -> object:
        if name not in WRITES and name not in STATE_WRITES:
            return act()
        number, self.count = self.count, self.count + 1
        self.names.append(name)
        if name in STATE_WRITES:
            self.state_is_full |= number == self.kill_at
            if self.state_is_full:
                raise self._of_state(name)
        elif number == self.kill_at:
            raise NoSpaceLeft(f"{name}: No space left on device.")
        return act()

    def _of_state(self, name: str) -> Exception:
        error = OSError(errno.ENOSPC, "No space left on device")
        if name == "diary":
            return explained(error, "Cannot keep a journal")
        if name == "log":
            return error
        broken = JournalBroken("The journal cannot be written: No space left on device.")
        broken.__cause__ = error
        return broken


def test_a_disk_full_at_any_write_is_reported_and_the_order_succeeds_when_it_is_given_again(
    night: Night,
) -> None:
    def through(fate: FullDisk) -> tuple[int, ...]:
        codes = []
        for task in NIGHT:
            night.daemon.order(LEAF, task)
            (result,) = night.daemon.life(fate)
            if result.ending is Ending.FAILED:
                leaf = night.daemon.leaf(LEAF)
                assert (leaf.return_value, leaf.state) == (result.return_value, "0")
                assert leaf.mode == {"snapshot": "snapshotting", "merge": "merging",
                                     "retain": "retaining"}[task]  # fmt: skip
                assert_goes_on(night.world, night.stage.state)
                codes.append(result.return_value)
                fate.state_is_full = False
                night.carry_out(LEAF, (task,), Death())
        return tuple(codes)

    night.again(LEAF)
    fate = FullDisk()
    assert through(fate) == ()
    assert {"diary", "record", "remember", "log", "write"} <= set(fate.names)
    for number in range(fate.count):
        where = where_of(fate, number)
        night.again(LEAF)
        try:
            assert through(FullDisk(number)) in ((47,), (15,), (28,), (29,))
        except Exception as error:
            raise AssertionError(where) from error
        night.assert_backed_up(LEAF, where)


@dataclass
class Silent(Fate):
    """The directory does not answer the Nth claim or report; `heard` says whether it took it."""

    heard: bool = False

    def strike(self, name: str, act: Callable[[], object]) -> object:
        if name != "transition":
            return act()
        number, self.count = self.count, self.count + 1
        if number != self.kill_at:
            return act()
        if self.heard:
            act()
        raise Unreachable("The directory does not answer.")


@pytest.mark.parametrize("heard", [False, True], ids=["lost on the way", "its answer lost"])
def test_a_directory_that_is_gone_at_any_claim_or_report_loses_nothing(
    night: Night, heard: bool
) -> None:
    for number in range(6):
        night.again(LEAF)
        fate = Silent(number, heard=heard)
        unsaid = 0
        for task in NIGHT:
            night.daemon.order(LEAF, task)
            results = night.daemon.life(fate)
            if [r.ending for r in results] == [Ending.UNSAID]:
                unsaid += 1
                night.daemon.life()
            assert night.daemon.leaf(LEAF).mode == DONE[task]
        assert unsaid == 1, number
        night.assert_backed_up(LEAF, f"transition {number}")


def test_an_order_for_a_leaf_that_had_a_job_before_begins_with_nothing_wherever_it_is_cut_off(
    off: Night,
) -> None:
    def ordered_before() -> None:
        off.again(LEAF)
        off.carry_out(LEAF, NIGHT, Death())
        # Somebody clears the set away, starts the machine, and orders the leaf once more.
        shutil.rmtree(off.world.sets()[0])
        off.daemon.write(LEAF, sstProvisioningMode="initialized")
        off.world.hypervisor.start(practice.MACHINE)

    ordered_before()
    fate = Death()
    off.carry_out(LEAF, NIGHT, fate)
    for number in range(fate.names.index("make_directory") + 1):
        ordered_before()
        off.carry_out(LEAF, NIGHT, Death(number))
        manifest = json.loads((off.world.sets()[0] / "manifest.json").read_text())
        assert manifest["was"] == "running", where_of(fate, number)


@pytest.fixture
def apart(night: Night) -> Iterator[Night]:
    """The backup is on a file system of its own: every file is copied."""
    inner = night.daemon.world

    def shell_of(target: object) -> object:
        return OtherDevice(target) if target is inner.shell else target

    night.daemon.wrap = shell_of
    yield night
    night.daemon.wrap = lambda target: target


class OtherDevice:
    """A shell to which the backup root is another file system."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def status(self, path: str) -> Any:
        seen = self._inner.status(path)
        return replace(seen, device=99) if seen and "/backup/" in path else seen


def test_killed_at_any_effect_of_a_retain_across_file_systems_each_file_is_there_once(
    apart: Night,
) -> None:
    apart.again(LEAF)
    apart.carry_out(LEAF, ("snapshot", "merge"), Death())
    fate = Death()
    apart.carry_out(LEAF, ("retain",), fate)
    apart.assert_backed_up(LEAF, "undisturbed")
    assert fate.names.count("copy") >= 5
    for number in range(fate.count):
        where = where_of(fate, number)
        apart.again(LEAF)
        apart.carry_out(LEAF, ("snapshot", "merge"), Death())
        try:
            apart.carry_out(LEAF, ("retain",), Death(number))
        except Exception as error:
            raise AssertionError(where) from error
        apart.assert_backed_up(LEAF, where)
