"""The pure parts of a backup: job, manifest, return values, modes, method, and the RAM disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidInput, Refused, StepFailed, Unreachable
from steps.drill import practice_machine as practice
from steps.targets.os_errors import NoSpaceLeft
from steps.virtual_machine.backup import work
from steps.virtual_machine.backup.job import BackupJob
from steps.virtual_machine.backup.manifest import Manifest, read_manifest, what_is_missing
from steps.virtual_machine.backup.method import Fitness, best, unfit
from steps.virtual_machine.backup.modes import BACKUP, BackupMode, changes_with, state_of
from steps.virtual_machine.backup.steps import (
    merge_steps,
    retain_steps,
    snapshot_steps,
)
from steps.virtual_machine.return_values import BackupFailed, return_code
from tests.unit.backup_world import context_of, make_world, plan_of, tells
from tests.unit.restore_world import BASE, carry_out


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path))
    monkeypatch.setattr(work, "POLL_SECONDS", 0.0)


def job_in(plan) -> BackupJob:
    return next(step.job for step in plan.steps if step.name.startswith("snapshot.take"))


def test_a_job_goes_through_json_and_every_step_is_in_the_machines_lane():
    plan, _ = plan_of(make_world())
    job = job_in(plan)
    assert BackupJob.from_json(json.loads(json.dumps(job.to_json()))) == job
    steps = (*snapshot_steps(job), *merge_steps(job), *retain_steps(job))
    assert {step.lane for step in steps} == {"web01 7a01"}
    assert len({step.name for step in plan.steps}) == len(plan.steps)


def test_a_damaged_job_is_refused():
    plan, _ = plan_of(make_world())
    data = job_in(plan).to_json()
    for broken in ({**data, "disks": 3}, {"machine": "x"}, {**data, "nonsense": 1}):
        with pytest.raises(InvalidInput, match="damaged"):
            BackupJob.from_json(broken)


@pytest.mark.parametrize(
    ("error", "phase", "code"),
    [
        (NoSpaceLeft("full"), "snapshot", 47),
        (Unreachable("gone"), "merge", 17),
        (StepFailed("no"), "snapshot", 5),
        (StepFailed("no"), "merge", 11),
        (StepFailed("no"), "retain", 6),
        (StepFailed("no"), "delete", 13),
        (Refused("no"), "prepare", 18),
        (BackupFailed(38, "corrupt"), "retain", 38),
        (StepFailed("no"), "another", 1),
    ],
)
def test_errors_become_the_documented_return_values(error, phase: str, code: int):
    assert return_code(error, phase) == code


def test_only_commands_carry_state_0_and_nothing_is_finished_with_it():
    commands = {mode for mode in BACKUP if state_of(mode, "NOW") == "0"}
    assert commands == {BackupMode.SNAPSHOT, BackupMode.MERGE, BackupMode.RETAIN}
    values = {c.attribute: c.values for c in changes_with(BackupMode.MERGED, "NOW", ("merge: 3",))}
    assert values["sstProvisioningReturnValue"] == (b"0",)
    assert values["sstProvisioningExecutionTime"] == (b"merge: 3",)


@pytest.mark.parametrize(
    ("state", "one", "raw", "method"),
    [
        ("running", True, (), "live"),
        ("running", False, ("vda",), "live"),
        ("paused", True, (), "save"),
        ("paused", False, (), ""),
        ("shut off", True, (), "off"),
        ("shut off", True, ("vdb",), ""),
        ("shutting down", True, (), ""),
    ],
)
def test_the_best_method_is_the_first_that_fits(state: str, one: bool, raw, method: str):
    found, reason = best(Fitness(state, True, one, raw))
    assert found == method
    assert bool(reason) == (not method)


def test_a_method_that_does_not_fit_says_why():
    assert "paused" in unfit("live", Fitness("paused", True, True))
    assert "persistent" in unfit("save", Fitness("running", False, True))
    assert "off" in unfit("push", Fitness("shut off", True, True))


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_what_is_no_manifest_is_refused(data: bytes):
    with pytest.raises(InvalidInput, match="no manifest"):
        read_manifest(data, "m")


def test_a_manifest_comes_back_as_it_was_written_and_knows_what_is_missing():
    world = make_world()
    plan, answers = plan_of(world)
    carry_out(plan, context_of(world, answers))
    (folder,) = world.sets()
    data = (folder / "manifest.json").read_bytes()
    manifest = read_manifest(data, "m")
    assert isinstance(manifest, Manifest)
    assert manifest.to_bytes() == data
    assert manifest.sums() == (folder / "SHA256SUMS").read_bytes()
    assert [disk.target for disk in manifest.disks] == ["vda", "vdb"]
    assert manifest.method == "live"
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert what_is_missing(sizes, manifest) == ()
    gone = manifest.files[0].name
    assert what_is_missing({**sizes, gone: 1}, manifest) == (gone,)


def name_ram_disk(world, ram_disk):
    dn = f"ou=backup,ou=configuration,ou=virtualization,ou=services,{BASE}"
    entry = world.directory.get(dn)
    assert entry is not None
    world.directory.delete(dn)
    location = {"sstBackupRamDiskLocation": (f"file://{ram_disk}".encode(),)}
    world.directory.add(dn, {**entry.attributes, **location})


def test_a_ram_disk_that_cannot_be_used_is_told_and_the_memory_goes_to_retain_at_once():
    world = make_world()
    name_ram_disk(world, world.folder / "not-mounted")
    plan, answers = plan_of(world, method="save", ram_disk=True)
    told = dict(plan.settings)
    assert told["RAM disk"] == "none is used"
    assert "not-mounted is not there" in told["Memory of web01"]
    assert "longer downtime" in told["Memory of web01"]
    carry_out(plan, context_of(world, answers))
    (folder,) = world.sets()
    assert tells(folder)["memory"] == 1


@pytest.mark.parametrize("method", ["save", "live"])
def test_no_pulled_image_is_left_half_in_the_memory_of_the_running_machine(method):
    world = make_world()
    plan, answers = plan_of(world, method=method)
    carry_out(plan, context_of(world, answers))
    assert world.hypervisor.unwritten == set()
    assert world.hypervisor.domains_by_name[practice.MACHINE].state == "running"


def test_the_memory_goes_by_the_ram_disk_and_nothing_stays_on_it():
    world = make_world()
    ram_disk = world.folder / "ram"
    ram_disk.mkdir()
    name_ram_disk(world, ram_disk)
    plan, answers = plan_of(world, method="save", ram_disk=True)
    assert job_in(plan).saved_state.startswith(str(ram_disk))
    carry_out(plan, context_of(world, answers))
    (folder,) = world.sets()
    assert tells(folder)["memory"] == 1
    assert list(ram_disk.iterdir()) == []
    state = next(path for path in folder.iterdir() if ".state." in path.name)
    assert state.stat().st_mode & 0o777 == 0o600


def test_a_bandwidth_of_the_plan_counts_unless_the_answer_gives_another():
    world = make_world()
    dn = f"ou=backup,ou=configuration,ou=virtualization,ou=services,{BASE}"
    entry = world.directory.get(dn)
    assert entry is not None
    world.directory.delete(dn)
    world.directory.add(dn, {**entry.attributes, "sstVirtualizationBandwidthMerge": (b"50",)})
    assert job_in(plan_of(world)[0]).bandwidth == 50 << 20
    assert job_in(plan_of(world, bandwidth=7)[0]).bandwidth == 7 << 20
