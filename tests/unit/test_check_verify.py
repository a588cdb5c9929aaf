"""The verification of backup sets: what is damaged is named, what is sound is recorded."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import StepFailed
from config.questions import Value
from steps.drill import practice_machine as practice
from steps.procedure import Plan, ProbeInput
from steps.virtual_machine.backup.job import BackupJob
from steps.virtual_machine.backup.manifest import Manifest, ManifestFile
from steps.virtual_machine.backup.step_delete import DeleteIteration
from steps.virtual_machine.backup_plan import Ownership
from steps.virtual_machine.check.find_sets import due
from steps.virtual_machine.check.procedure import PROCEDURE
from steps.virtual_machine.check.set_job import SetJob
from steps.virtual_machine.iterations import MANIFEST, SUMS
from steps.virtual_machine.machine_site import find_machine
from steps.virtual_machine.places import SetPlace, StoragePlace
from tests.unit.restore_world import (
    GROUP,
    LEAF,
    NODE,
    OWNER,
    MemoryContext,
    World,
    WorldTargets,
    carry_out,
    make_world,
)

VDA, VDB = (disk.image for disk in practice.FIRST_DISKS)
NAME = practice.MACHINE


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    return make_world(tmp_path / "world")


def given(**more: Value) -> dict[str, Value]:
    return {"scope": "one", "machine": NAME, "iteration": LEAF, "restore_test": "no", **more}


def probe(world: World, **more: Value) -> ProbeInput:
    return ProbeInput(world.site, given(**more), WorldTargets(world))  # type: ignore[arg-type]


def plan_of(world: World, **more: Value) -> Plan:
    survey = json.loads(json.dumps(PROCEDURE.survey(probe(world, **more))))
    return PROCEDURE.plan(world.site, given(**more), {}, survey)


def verify(world: World, **more: Value) -> MemoryContext:
    """Carry the check out; what it remembers and logs."""
    folder = world.places.folder / "run"
    folder.mkdir(exist_ok=True)
    context = MemoryContext(WorldTargets(world), given(**more), folder)
    carry_out(plan_of(world, **more), context)
    return context


def file_of(world: World, name: str) -> Path:
    return world.set_folder / f"{name}.{LEAF}"


def write_sums(world: World) -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(world.set_folder.iterdir())
        if path.name != SUMS
    ]
    (world.set_folder / SUMS).write_text("".join(lines))


def write_manifest(world: World) -> None:
    """As a backup of ours ends, of the files that are there."""
    files = tuple(
        ManifestFile(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(world.set_folder.iterdir())
        if path.name not in (SUMS, MANIFEST)
    )
    memory = any(".state." in file.name for file in files)
    manifest = Manifest(
        NAME, "web01", LEAF, "node", "vm-persistent/p", "live", "running", memory, LEAF, (), files,
        (), "test",
    )  # fmt: skip
    (world.set_folder / MANIFEST).write_bytes(manifest.to_bytes())


def flip_a_bit(path: Path, offset: int = -10) -> None:
    """One bit, and nothing else: the file's size and times stay."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[offset] ^= 4
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def note_of(world: World) -> str:
    """What the list of backups says of the set."""
    return PROCEDURE.probes["iterations"](probe(world)).choices[0].note


def contents(folder: Path) -> dict[Path, object]:
    """Every file and all about it but when it was read."""
    seen = {path: path.stat() for path in folder.iterdir()}
    return {
        path: (path.read_bytes(), at.st_ino, at.st_mode, at.st_uid, at.st_mtime_ns, at.st_ctime_ns)
        for path, at in seen.items()
    }


def test_a_sound_original_set_is_verified_and_shown_so_to_everybody(world: World):
    before = contents(world.set_folder)
    context = verify(world)
    assert "1 of 1 verified" in context.facts["summary"]
    assert "made" in context.facts[f"verify.{NAME}.{LEAF}"]
    today = f"{datetime.now(UTC):%d %b %Y}"
    assert f"verified {today}" in note_of(world)
    # The set itself was only read; its record lies beside it.
    assert contents(world.set_folder) == before
    assert (world.set_folder.parent / f".{LEAF}.check.json").exists()


def test_a_backup_that_may_only_be_read_has_its_record_elsewhere(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    def refuse(path: str, data: bytes, *, mode: int = 0o600) -> None:
        raise StepFailed("read-only file system")

    monkeypatch.setattr(world.shell, "write", refuse)
    verify(world)
    assert "never verified" not in note_of(world)
    assert not (world.set_folder.parent / f".{LEAF}.check.json").exists()


def test_a_wrong_checksum_is_named_with_its_file(world: World):
    write_sums(world)
    flip_a_bit(file_of(world, f"{NAME}.state"))
    with pytest.raises(StepFailed, match=rf"{NAME}.state.{LEAF} is not what was backed up.*{SUMS}"):
        verify(world)
    assert "damaged" in note_of(world)


def test_a_bit_that_flips_in_a_set_without_checksums_is_seen_at_the_second_check(world: World):
    verify(world)
    flip_a_bit(file_of(world, VDB))
    with pytest.raises(StepFailed, match=f"{VDB}.*found earlier"):
        verify(world)


def test_the_second_image_is_looked_at_as_well_as_the_first(world: World):
    path = file_of(world, VDB)
    data = bytearray(path.read_bytes())
    # The level-1 table's offset in a qcow2 header: what it points to is then no table.
    data[40:48] = (1 << 40).to_bytes(8, "big")
    path.write_bytes(data)
    with pytest.raises(StepFailed, match=f"vdb \\({VDB}\\)"):
        verify(world)


def test_a_truncated_state_is_named(world: World):
    state = file_of(world, f"{NAME}.state")
    state.write_bytes(state.read_bytes()[:5000])
    with pytest.raises(StepFailed, match="ends at byte 5000"):
        verify(world)


def test_a_file_of_the_manifest_that_is_gone_is_named(world: World):
    write_manifest(world)
    verify(world)
    file_of(world, f"{NAME}.xml").unlink()
    with pytest.raises(StepFailed, match=rf"{NAME}.xml.{LEAF} is in manifest.json and not"):
        verify(world)


def test_a_manifest_that_is_gone_is_named_where_the_set_once_had_one(world: World):
    write_manifest(world)
    write_sums(world)
    verify(world)
    (world.set_folder / "manifest.json").unlink()
    with pytest.raises(StepFailed, match=r"manifest\.json is in the checksum list and not"):
        verify(world)


def test_a_set_without_manifest_is_said_to_have_none(world: World):
    assert any("no manifest" in line for line in verify(world).lines)
    write_manifest(world)
    assert not any("no manifest" in line for line in verify(world).lines)


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", '{"files": []}', '{"files": [{"name": 1}]}'])
def test_a_manifest_that_cannot_be_read_is_refused(world: World, text: str):
    (world.set_folder / "manifest.json").write_text(text)
    with pytest.raises(StepFailed, match=r"manifest\.json"):
        verify(world)


def test_a_set_whose_backup_did_not_end_is_not_sound(world: World):
    (world.set_folder / "INCOMPLETE").touch()
    with pytest.raises(StepFailed, match="did not end"):
        verify(world)


def test_an_entry_of_another_machine_is_named(world: World):
    path = file_of(world, f"{NAME}.ldif")
    path.write_bytes(path.read_bytes().replace(NAME.encode(), b"0" * 36))
    with pytest.raises(StepFailed, match=f"no entry of the machine {NAME}"):
        verify(world)


@pytest.mark.parametrize("suffix", ["xml", "ldif"])
def test_a_document_that_cannot_be_parsed_is_named(world: World, suffix: str):
    file_of(world, f"{NAME}.{suffix}").write_bytes(b"<not-closed")
    file_of(world, f"{NAME}.state").write_bytes(b"Machine is not runnung, no state file")
    with pytest.raises(StepFailed, match=suffix.upper() if suffix == "xml" else suffix):
        verify(world)


def test_a_backup_of_disks_alone_needs_no_state_where_its_manifest_says_so(world: World):
    file_of(world, f"{NAME}.state").unlink()
    with pytest.raises(StepFailed, match="state"):
        verify(world)
    write_manifest(world)
    verify(world)


def test_a_machine_that_was_off_and_a_template_are_sound_without_a_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    verify(make_world(tmp_path / "off", running=False))
    verify(make_world(tmp_path / "template", template=True))


def test_all_due_sets_are_found_and_a_verified_one_is_due_no_more(world: World):
    assert [len(plan_of(world, scope=scope).steps) for scope in ("due", "all", "machine")] == [
        2
    ] * 3
    verify(world)
    plan = plan_of(world, scope="due", days=1)
    assert plan.object == "no backup"
    assert len(plan_of(world, scope="due", days=0).steps) == 2
    context = MemoryContext(WorldTargets(world), given(), world.places.folder / "run")
    carry_out(plan, context)
    assert context.facts["summary"] == "no backup was due"


def test_a_machine_without_an_entry_is_found_by_its_backups(world: World):
    world.remove_entry()
    assert plan_of(world, scope="all").object == f"{NAME} of {LEAF}"


def test_every_set_has_a_lane_of_its_own_also_where_machines_have_one_name(world: World):
    more = given(scope="all", restore_test="cold", at_once=3)
    survey = json.loads(json.dumps(PROCEDURE.survey(probe(world, **more))))
    (one,) = survey["sets"]
    plan = PROCEDURE.plan(world.site, more, {}, survey)
    assert {step.lane for step in plan.phases[0].steps} == {f"web01 of {LEAF}"}
    assert plan.phases[0].at_once == 3
    survey["sets"] = [one, {**one, "machine": "another"}]
    plan = PROCEDURE.plan(world.site, more, {}, survey)
    lanes = [step.lane for step in plan.phases[0].steps]
    assert lanes == [f"web01 ({NAME}) of {LEAF}"] * 3 + [f"web01 (another) of {LEAF}"] * 3


def test_a_trial_of_a_damaged_set_is_refused_and_says_why(world: World):
    plan = plan_of(world, restore_test="cold")
    context = MemoryContext(WorldTargets(world), given(), world.places.folder / "run")
    with pytest.raises(Exception, match="not found sound"):
        plan.steps[1].apply(context)


def test_due_are_those_not_sound_for_so_long_the_oldest_first():
    now = datetime(2026, 11, 20, tzinfo=UTC)

    def job(name: str, days: int | None) -> SetJob:
        last = "" if days is None else f"{now - timedelta(days=days):%Y%m%dT%H%M%SZ}"
        place = SetPlace(name, "1", StoragePlace("vm-persistent", "p"), "/b", "/r")
        return SetJob(name, name, "n", place, "qcow2", 1, last, "", True, False)

    jobs = [job("new", 1), job("old", 40), job("never", None), job("older", 50), job("edge", 30)]
    assert [found.machine for found in due(jobs, 30, now)] == ["never", "older", "old", "edge"]


def test_the_record_goes_with_the_backup(world: World):
    verify(world)
    record = world.set_folder.parent / f".{LEAF}.check.json"
    assert record.exists()
    newer = LEAF.replace("2026", "2027")
    (world.set_folder.parent / newer).mkdir()
    for path in world.set_folder.iterdir():
        name = path.name.replace(LEAF, newer)
        (world.set_folder.parent / newer / name).write_bytes(path.read_bytes())
    own = Ownership(OWNER, GROUP, 0o770)
    place = find_machine(probe(world), NAME).iteration(LEAF).place
    job = BackupJob(NAME, "web01", NODE, world.dn, "", place, own, own, (), "live", "running", True)
    context = MemoryContext(WorldTargets(world), given(), world.places.folder / "run")
    DeleteIteration(job).act(context)
    assert not world.set_folder.exists()
    assert not record.exists()
