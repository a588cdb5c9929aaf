"""Backups of real machines by every method, each restored with the procedure that restores."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import StepFailed
from steps.drill.practice_hypervisor import PracticeHypervisor
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from steps.virtual_machine.xml_facts import xml_facts
from tests.real.backup_world import (
    LATER,
    THEN,
    BackupWorld,
    guest_reads,
    guest_writes,
    pattern,
)
from tests.real.hypervisor_support import Machine
from tests.unit.restore_world import carry_out, take_back


@pytest.fixture
def site(
    hypervisor: LibvirtHypervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BackupWorld]:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    world = BackupWorld(tmp_path / "site", hypervisor)
    yield world
    world.close()


def ticks(world: BackupWorld, machine: Machine) -> tuple[int, int]:
    """Boot identity and ticks in the guest's memory, once it has counted one."""
    for _ in range(600):
        mark = PracticeHypervisor.memory_mark(world.hypervisor, machine.name)  # type: ignore[arg-type]
        if mark is not None and mark.ticks:
            return mark.boot, mark.ticks
        time.sleep(0.1)
    raise AssertionError("the guest counts no ticks")


def back_up(world: BackupWorld, machine: Machine, method: str) -> Path:
    """Back it up; the guest writes on between snapshot and merge. Returns the set's folder."""
    plan, answers = world.backup_plan(machine, method=method)
    context = world.context(answers)
    runs = world.hypervisor.domain(machine.name).state == "running"  # type: ignore[union-attr]
    carry_out(plan, context, until=f"leaf.merging.{machine.name}")
    if runs:
        guest_writes(world.hypervisor, machine, LATER)
    carry_out(plan, context)
    (leaf,) = world.leaves(machine)
    return world.backup_folder(machine) / leaf


def assert_sound(world: BackupWorld, machine: Machine, folder: Path) -> None:
    sums = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
    assert sums.returncode == 0
    assert [pattern(folder / f"{image.name}.{folder.name}") for image in machine.images] == [
        THEN
    ] * 2
    assert world.retained(machine) == []
    assert sorted(machine.folder.iterdir()) == sorted(machine.images)
    for name in ("xml", "ldif", "state"):
        status = (folder / f"{machine.name}.{name}.{folder.name}").stat()
        assert status.st_mode & 0o777 == 0o600
    xml = (folder / f"{machine.name}.xml.{folder.name}").read_text()
    assert "passwd='pw-known'" in xml
    live = xml_facts(world.hypervisor.xml(machine.name), "live")
    assert [disk.source for disk in live.images] == [str(image) for image in machine.images]
    assert all(not disk.backing for disk in live.images)


@pytest.mark.parametrize("method", ["live", "save"])
def test_memory_and_disks_of_one_moment_come_back_while_the_guest_had_gone_on(
    site: BackupWorld, method: str
):
    machine = site.add()
    site.open()
    boot, before = ticks(site, machine)
    folder = back_up(site, machine, method)
    assert_sound(site, machine, folder)
    assert ticks(site, machine)[0] == boot, "the guest was never booted anew"
    assert guest_reads(site.hypervisor, machine) == [LATER, LATER]
    plan, answers = site.restore_plan(machine, folder.name, "with-state")
    carry_out(plan, site.context(answers))
    again, later = ticks(site, machine)
    assert again == boot
    assert later >= before
    assert guest_reads(site.hypervisor, machine) == [THEN, THEN]


@pytest.mark.parametrize("method", ["disk-only", "push"])
def test_disks_of_one_moment_come_back_cold(site: BackupWorld, method: str):
    machine = site.add()
    site.open()
    boot, _ = ticks(site, machine)
    folder = back_up(site, machine, method)
    assert_sound(site, machine, folder)
    assert ticks(site, machine)[0] == boot
    plan, answers = site.restore_plan(machine, folder.name, "cold")
    carry_out(plan, site.context({**answers, "start": "start"}))
    assert pattern(machine.images[0]) == THEN


def test_a_paused_and_a_stopped_machine_are_backed_up_and_stay_so(site: BackupWorld):
    paused, off = site.add(state="paused"), site.add(state="shut off")
    site.open()
    for machine, state in ((paused, "paused"), (off, "shut off")):
        folder = back_up(site, machine, "best")
        assert_sound(site, machine, folder)
        assert site.hypervisor.domain(machine.name).state == state  # type: ignore[union-attr]


def test_where_the_restore_of_the_save_fails_the_guest_goes_on_where_it_was(
    site: BackupWorld, monkeypatch: pytest.MonkeyPatch
):
    machine = site.add()
    site.open()
    boot, before = ticks(site, machine)
    original, failed = site.hypervisor.restore_paused, []

    def refuse_once(state: str, xml: str) -> None:
        if not failed:
            failed.append(state)
            raise StepFailed("as the test wants it")
        original(state, xml)

    monkeypatch.setattr(site.hypervisor, "restore_paused", refuse_once)
    plan, answers = site.backup_plan(machine, method="save")
    context = site.context(answers)
    with pytest.raises(StepFailed, match="as the test wants it"):
        carry_out(plan, context)
    assert site.hypervisor.domain(machine.name).state == "running"  # type: ignore[union-attr]
    live = xml_facts(site.hypervisor.xml(machine.name), "live")
    assert [(d.source, d.backing) for d in live.images] == [(str(i), ()) for i in machine.images]
    again, later = ticks(site, machine)
    assert again == boot
    assert later >= before
    carry_out(plan, context)
    (leaf,) = site.leaves(machine)
    assert_sound(site, machine, site.backup_folder(machine) / leaf)


def test_a_snapshot_that_is_taken_back_leaves_the_machine_with_all_it_wrote(site: BackupWorld):
    machine = site.add()
    site.open()
    for method in ("live", "save"):
        plan, answers = site.backup_plan(machine, method=method)
        context = site.context(answers)
        carry_out(plan, context, until=f"leaf.merging.{machine.name}")
        guest_writes(site.hypervisor, machine, LATER)
        take_back(plan, context)
        assert guest_reads(site.hypervisor, machine) == [LATER, LATER]
        assert sorted(machine.folder.iterdir()) == sorted(machine.images)
        assert site.retained(machine) == []
        guest_writes(site.hypervisor, machine, THEN)
