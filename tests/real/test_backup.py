"""Backups of real machines by every method, each restored with the procedure that restores."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import Refused, StepFailed
from steps.drill.practice_hypervisor import PracticeHypervisor
from steps.run.directory import create_run
from steps.run.ended import Ended
from steps.run.journal import Journal
from steps.run.law import Law
from steps.run.redact import Redactor
from steps.run.session import RunSession
from steps.run.switches import Switches
from steps.run.view import RunView
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from steps.virtual_machine.backup.procedure import PROCEDURE as BACKUP
from steps.virtual_machine.xml_facts import xml_facts
from tests.real.backup_world import (
    LATER,
    THEN,
    BackupWorld,
    guest_reads,
    guest_writes,
    machine_dn,
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
def test_disks_of_one_moment_come_back_cold_and_the_machine_runs_as_it_did(
    site: BackupWorld, method: str
):
    machine = site.add()
    site.open()
    boot, _ = ticks(site, machine)
    folder = back_up(site, machine, method)
    assert_sound(site, machine, folder)
    assert ticks(site, machine)[0] == boot
    plan, answers = site.restore_plan(machine, folder.name, "cold")
    carry_out(plan, site.context(answers))
    assert pattern(machine.images[0]) == THEN
    assert site.hypervisor.domain(machine.name).state == "running"  # type: ignore[union-attr]


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


def run_of(world: BackupWorld, *machines: Machine, **given: object) -> RunView:
    """The backup by the real runner's law, lanes side by side; what its journal tells."""
    answers = {"machines": tuple(m.name for m in machines), **given}
    survey = json.loads(json.dumps(BACKUP.survey(world.probe(answers))))  # type: ignore[arg-type]
    run = create_run(world.site, BACKUP.name, answers, {}, survey, {"step-failed": "stop"})  # type: ignore[arg-type]
    session = RunSession(
        run, BACKUP, Switches(), Redactor(),
        open_targets=lambda _site, _secrets: world.targets(),  # type: ignore[arg-type, return-value]
        journal=lambda directory, redactor: Journal(directory.journal_file, redactor),
    )  # fmt: skip
    session.record_plan()
    try:
        with pytest.raises(Ended):
            Law(session).carry_out()
        return session.view
    finally:
        session.close()


def test_one_machines_failure_stops_no_other_and_the_spread_is_measured(
    site: BackupWorld, monkeypatch: pytest.MonkeyPatch
):
    machines = [site.add() for _ in range(3)]
    site.open()
    original, ill = site.hypervisor.snapshot, machines[1].name

    def fail_for_one(name: str, overlays: dict[str, str], state_path: str = "") -> float | None:
        if name == ill:
            raise StepFailed("as the test wants it")
        return original(name, overlays, state_path)

    monkeypatch.setattr(site.hypervisor, "snapshot", fail_for_one)
    view = run_of(site, *machines, at_once=3)
    for machine in machines:
        assert site.hypervisor.domain(machine.name).state == "running"  # type: ignore[union-attr]
        (name,) = [e.text("ou") for e in site.leaves_of(machine)]
        leaf = site.leaf(machine, str(name))
        assert leaf is not None
        if machine.name == ill:
            assert site.leaves(machine) == []
            assert leaf.text("sstProvisioningMode") == "snapshotting"
            assert leaf.text("sstProvisioningReturnValue") == "5"
        else:
            assert_sound(site, machine, site.backup_folder(machine) / str(name))
            assert leaf.text("sstProvisioningMode") == "finished"
            spent = leaf.values("sstProvisioningExecutionTime")
            times = {value.partition(b":")[0] for value in spent}
            assert times == {b"snapshot", b"merge", b"retain", b"downtime"}
    assert view.facts["backup.spread"].startswith("2 snapshots within ")
    assert view.steps[f"snapshot.take.{ill}"].message == "as the test wants it"


def test_the_interview_lists_machines_with_their_last_backup_and_looks_at_those_chosen(
    site: BackupWorld,
):
    machine, off = site.add(), site.add(state="shut off")
    site.open()
    rows = BACKUP.probes["backup-machines"](site.probe({})).choices
    assert [row.value for row in rows] == ["all", *sorted([machine.name, off.name], key=_last_four)]
    notes = {row.value: row.note for row in rows}
    assert "running" in notes[machine.name]
    assert "never backed up" in notes[off.name]
    back_up(site, machine, "best")
    rows = BACKUP.probes["backup-machines"](site.probe({})).choices
    assert "last backup" in {row.value: row.note for row in rows}[machine.name]
    found = BACKUP.probes["backup-look"](site.probe({"machines": ("all",)})).findings
    assert [finding.level for finding in found] == ["ok", "ok"]


def _last_four(name: str) -> str:
    return name[-4:]


def test_what_speaks_against_a_machine_is_told_before_anything_is_touched(site: BackupWorld):
    machine, other = site.add(), site.add()
    site.open()
    site.hypervisor.snapshot(machine.name, {"vda": f"{machine.images[0]}.old"})
    with pytest.raises(Refused, match="backup that did not end"):
        site.backup_plan(machine, other)
    plan, _ = site.backup_plan(machine, other, faulty="leave-out")
    assert plan.object == f"web {other.name[-4:]}"
    assert any(title.startswith("Left out") for title, _ in plan.settings)
    (told,) = plan.left_to_do
    assert "backup that did not end" in told
    assert f"`machines: [{machine.name}]`" in told
    dn = f"ou=backup,{machine_dn(other)}"
    site.directory().add(dn, {
        "objectClass": (b"top", b"organizationalUnit", b"sstVirtualizationBackupObjectClass"),
        "ou": (b"backup",), "sstBackupExcludeFromBackup": (b"TRUE",),
    })  # fmt: skip
    with pytest.raises(Refused, match="excludes it"):
        site.backup_plan(other)
