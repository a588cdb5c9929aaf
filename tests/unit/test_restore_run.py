"""Whole restores in a small world: what it looks like afterwards, and after taking it back."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.errors import InvalidInput, Refused, StepFailed
from steps.conflicts import Resolution
from steps.drill import practice_machine as practice
from steps.procedure import KEPT_BY_UNDO, Outcome
from steps.targets.directory import Attributes, Entry
from steps.virtual_machine.backup.manifest import Manifest
from steps.virtual_machine.backup_set import findings
from steps.virtual_machine.directory_modes import MODE, STATE
from steps.virtual_machine.restore import PROCEDURE
from steps.virtual_machine.survey import RestoreSurvey
from tests.unit.restore_world import (
    LEAF,
    PASSWORD,
    RUN,
    MemoryContext,
    World,
    WorldTargets,
    answers,
    carry_out,
    contents,
    make_world,
    plan_of,
    snapshot,
    survey_of,
    take_back,
)

VDA, VDB = (disk.image for disk in practice.FIRST_DISKS)
VDC = practice.ADDED_DISK.image


@pytest.fixture(autouse=True)
def _own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "site")


def context(world: World, given=None, **prompts: str) -> MemoryContext:
    run = world.places.folder.parent / RUN
    run.mkdir(exist_ok=True)
    prompts = {"cleanup": "keep", "shut_down": "destroy", **prompts}
    return MemoryContext(WorldTargets(world), given or answers(), run, **prompts)


def domain(world: World):
    return world.hypervisor.domains_by_name[practice.MACHINE]


def mode_of(world: World) -> str:
    leaf = world.leaf()
    assert leaf is not None
    return leaf.text(MODE) or ""


def test_a_restore_with_state_brings_disks_memory_and_entry_back(world: World):
    plan = plan_of(world, answers(), description="take-live")
    assert carry_out(plan, context(world)) == ["cleanup.images", "cleanup.retain"]
    assert (world.pattern(VDA), world.pattern(VDB)) == ("then", "then")
    assert domain(world).state == "running"
    assert world.hypervisor.restored == 1
    assert f"passwd='{PASSWORD}'" in domain(world).active
    entry = world.directory.get(world.dn)
    assert entry is not None
    assert entry.text("description") == "web front, blue"
    assert entry.text("sstNode") == world.around.node
    leaf = world.leaf()
    assert leaf is not None
    assert (leaf.text(MODE), leaf.text("sstProvisioningReturnValue")) == ("finished", "0")
    assert leaf.text(STATE) not in ("0", LEAF)


def test_the_images_of_before_are_aside_until_the_clean_up(world: World):
    plan, kept = plan_of(world, answers()), context(world)
    carry_out(plan, kept)
    for image in (VDA, VDB):
        assert contents(world.places.live / f"{image}.before-{RUN}") == "now"
    assert kept.asked[-1].name == "cleanup"
    kept.answers["cleanup"] = "remove"
    assert carry_out(plan, kept) == []
    assert sorted(p.name for p in world.places.live.iterdir()) == sorted([VDA, VDB, VDC])
    assert not world.retain.exists()


@pytest.mark.parametrize(
    ("wanted", "left"), [("keep", ["cleanup.images", "cleanup.retain"]), ("remove", [])]
)
def test_the_clean_up_is_not_asked_about_where_the_answers_say_it(
    world: World, wanted: str, left: list[str]
):
    given = answers(old_images=wanted)
    plan, run = plan_of(world, given), context(world, given)
    assert carry_out(plan, run) == left
    assert not run.asked
    # Put off, it is offered again, and asked about then.
    assert carry_out(plan, run) == left
    assert [prompt.name for prompt in run.asked] == (["cleanup"] if left else [])


def test_a_clean_up_that_has_begun_goes_on_and_is_not_asked_about_again(world: World):
    plan, run = plan_of(world, answers()), context(world, cleanup="remove")
    broken = world.places.live / f"{VDB}.before-{RUN}"
    carry_out(plan, run, until="cleanup.images")
    there = broken.stat().st_ino
    broken.rename(broken.with_suffix(".elsewhere"))
    broken.write_text("another file")
    assert broken.stat().st_ino != there
    with pytest.raises(StepFailed, match="not the image that was set aside"):
        carry_out(plan, run)
    broken.unlink()
    broken.with_suffix(".elsewhere").rename(broken)
    # "keep" would promise a way back that is half gone.
    run.answers["cleanup"] = "keep"
    assert carry_out(plan, run) == []
    assert [prompt.name for prompt in run.asked].count("cleanup") == 1
    assert not broken.exists()


def test_the_added_disk_stays_as_it_is(world: World):
    carry_out(plan_of(world, answers()), context(world))
    assert world.pattern(VDC) == "now"


def test_taking_it_all_back_leaves_the_world_as_it_was(world: World):
    before = snapshot(world)
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run)
    take_back(plan, run)
    after = snapshot(world)
    ran = [file for file in after["files"] if ".ran-" in file]
    assert len(ran) == 2
    told = [text for name, text in run.facts.items() if name.startswith(KEPT_BY_UNDO)]
    assert all(any(file in text for text in told) for file in ran)
    assert {**after, "files": [f for f in after["files"] if f not in ran]} == {
        **before,
        "leaf": ("finished", "0"),
    }


@pytest.mark.parametrize("last", ["modes.unretain-large", "large.check.vdb", "machine.resume"])
def test_an_abort_before_the_guest_ran_leaves_no_trace_but_the_leaf(world: World, last: str):
    before = snapshot(world)
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until=last)
    take_back(plan, run)
    assert snapshot(world) == before
    leaf = world.leaf()
    assert leaf is not None
    assert leaf.text(STATE) not in ("0", LEAF)


def test_a_second_restore_after_one_was_taken_back_copies_the_images_anew(world: World):
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run)
    take_back(plan, run)
    carry_out(plan_of(world, answers()), context(world))
    assert world.hypervisor.restored == 2
    assert (world.pattern(VDA), world.pattern(VDB)) == ("then", "then")


def test_a_cold_restore_starts_the_machine_from_its_disks(world: World):
    given = answers("cold")
    carry_out(plan_of(world, given), context(world, given))
    assert world.hypervisor.restored == 0
    assert domain(world).state == "running"
    assert world.pattern(VDA) == "then"


def test_a_machine_that_was_off_stays_off(tmp_path: Path):
    world = make_world(tmp_path / "site", running=False)
    given = answers("cold")
    carry_out(plan_of(world, given), context(world, given))
    assert domain(world).state == "shut off"
    assert domain(world).inactive


@pytest.mark.parametrize(("was", "state"), [("running", "running"), ("shut off", "shut off")])
def test_what_the_manifest_says_decides_over_the_text_that_stands_for_a_state(
    tmp_path: Path, was: str, state: str
):
    world = make_world(tmp_path / "site", running=False)
    manifest = Manifest(
        practice.MACHINE, "web01", LEAF, "node", "vm-persistent/pool", "disk-only", was, False,
        "2026-11-02T01:30:00+00:00", (), (), (), "rekindle",
    )  # fmt: skip
    (world.set_folder / "manifest.json").write_bytes(manifest.to_bytes())
    given = answers("cold")
    carry_out(plan_of(world, given), context(world, given))
    assert domain(world).state == state


def test_a_damaged_manifest_is_told_before_anything_is_restored(tmp_path: Path):
    world = make_world(tmp_path / "site", running=False)
    (world.set_folder / "manifest.json").write_text("{")
    found = PROCEDURE.probes["backup-set"](probe(world)).findings
    assert "is no manifest of a backup" in found[0].text


def test_a_machine_that_was_off_is_started_when_asked_for(tmp_path: Path):
    world = make_world(tmp_path / "site", running=False)
    given = answers("cold", start="start")
    carry_out(plan_of(world, given), context(world, given))
    assert domain(world).state == "running"


def test_a_machine_that_was_off_cannot_be_restored_with_state(tmp_path: Path):
    world = make_world(tmp_path / "site", running=False)
    given, survey = answers(), survey_of(make_world(tmp_path / "other", running=False), answers())
    with pytest.raises(Refused, match="off when it was backed up"):
        PROCEDURE.plan(world.site, given, {}, survey)


def test_a_machine_the_hypervisor_does_not_know_becomes_persistent_before_it_runs(world: World):
    world.hypervisor.destroy(practice.MACHINE)
    world.hypervisor.undefine(practice.MACHINE)
    before = snapshot(world)
    plan, run = plan_of(world, answers()), context(world)
    names = [step.name for step in plan.steps]
    assert names.index("machine.define") < names.index("machine.resume")
    carry_out(plan, run)
    assert domain(world).state == "running"
    assert domain(world).inactive
    take_back(plan, run)
    assert snapshot(world)["state"] == before["state"] is None


def test_a_machine_whose_entry_is_gone_gets_entry_lease_and_leaf_back(world: World):
    world.remove_entry()
    before = snapshot(world)
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run)
    entry = world.directory.get(world.dn)
    assert entry is not None
    assert entry.text("sstSpicePassword") == PASSWORD
    assert world.directory.get(practice.lease_dn(world.around.base)) is not None
    assert mode_of(world) == "finished"
    take_back(plan, run)
    assert snapshot(world)["entries"] == before["entries"]


def test_a_leaf_that_is_gone_is_made_and_taken_away_again(world: World):
    leaf = world.leaf()
    assert leaf is not None
    world.directory.delete(leaf.dn)
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run)
    assert mode_of(world) == "finished"
    take_back(plan, run)
    assert world.leaf() is None


def test_a_leaf_that_somebody_else_made_first_is_neither_claimed_nor_taken_away(world: World):
    """Their claim may have been written in the same second, and so carry the same mark."""
    leaf = world.leaf()
    assert leaf is not None
    world.directory.delete(leaf.dn)
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until="modes.unretain-small")
    step = next(step for step in plan.steps if step.name == "modes.unretain-small")
    theirs = _made_just_before(world, run, step)
    with pytest.raises(Refused, match="unretainingSmallFiles"):
        step.apply(run)
    with pytest.raises(Refused, match="unretainingSmallFiles"):
        step.undo(run)
    assert world.leaf() == theirs


def test_a_leaf_of_this_run_that_somebody_else_took_over_is_not_taken_away(world: World):
    leaf = world.leaf()
    assert leaf is not None
    world.directory.delete(leaf.dn)
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until="small.copy")
    world.change(leaf.dn, MODE, "deleting")
    with pytest.raises(Refused, match="deleting"):
        take_back(plan, run)
    assert mode_of(world) == "deleting"


def _made_just_before(world: World, run: MemoryContext, step) -> Entry:
    """Another operator's run makes the leaf between this one's look and its write."""
    directory = world.directory

    def add(dn: str, attributes: Attributes) -> None:
        del directory.add
        directory.add(dn, attributes)
        directory.add(dn, attributes)

    directory.add = add
    with pytest.raises(Refused, match="already"):
        step.apply(run)
    found = world.leaf()
    assert found is not None
    return found


def test_what_somebody_changed_before_the_run_stops_it_with_no_trace(world: World):
    plan = plan_of(world, answers())
    world.change(world.dn, "description", "hands off")
    before = snapshot(world)
    run = context(world)
    with pytest.raises(Refused, match="description"):
        carry_out(plan, run)
    assert snapshot(world) == before


@pytest.mark.parametrize("moment", ["conflicts.unchanged", "live.keep", "directory.machine"])
def test_what_somebody_changed_during_the_run_is_never_written_over(world: World, moment: str):
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until=moment)
    world.change(world.dn, "sstMemory", "1048576")
    step = next(step for step in plan.steps if step.name == moment)
    if moment == "directory.machine":
        assert step.verify(run).outcome is Outcome.UNKNOWN
    with pytest.raises(Refused, match=r"sstMemory|was changed"):
        step.apply(run)
    entry = world.directory.get(world.dn)
    assert entry is not None
    assert entry.text("sstMemory") == "1048576"


@pytest.mark.parametrize("moment", ["set.check", "conflicts.unchanged", "directory.machine"])
def test_a_status_written_by_a_daemon_meanwhile_stops_nothing(world: World, moment: str):
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until=moment)
    world.change(world.dn, "sstStatus", "shut off")
    carry_out(plan, run)
    entry = world.directory.get(world.dn)
    assert entry is not None
    assert entry.text("sstStatus") == "shut off"


def test_a_leaf_that_somebody_else_claims_is_left_to_them(world: World):
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until="modes.unretain-large")
    leaf = world.leaf()
    assert leaf is not None
    world.change(leaf.dn, MODE, "deleting")
    with pytest.raises(Refused, match="deleting"):
        carry_out(plan, run)
    with pytest.raises(Refused, match="deleting"):
        take_back(plan, run)
    assert mode_of(world) == "deleting"


def test_a_machine_at_work_in_another_leaf_is_not_touched(world: World):
    plan = plan_of(world, answers())
    leaf = world.leaf()
    assert leaf is not None
    attributes = {**leaf.attributes, "ou": (b"other",), MODE: (b"merging",)}
    world.directory.add(leaf.dn.replace(LEAF, "other"), attributes)
    with pytest.raises(StepFailed, match="merging"):
        carry_out(plan, context(world))


def test_a_backup_that_waits_for_its_merge_is_told_before_the_restore(world: World):
    leaf = world.leaf()
    assert leaf is not None
    attributes = {**leaf.attributes, "ou": (b"other",), MODE: (b"snapshotted",)}
    world.directory.add(leaf.dn.replace(LEAF, "other"), attributes)
    facts = RestoreSurvey.from_json(survey_of(world, answers())).facts
    (warning,) = (f for f in findings(facts, with_state=True) if f.level == "warning")
    assert "has not ended" in warning.text
    assert "snapshotted" in warning.text


@pytest.mark.parametrize("image", [VDA, VDB])
def test_a_corrupt_image_stops_it_before_anything_is_touched(world: World, image: str):
    plan = plan_of(world, answers())
    with (world.set_folder / f"{image}.{LEAF}").open("r+b") as file:
        file.seek(40)
        table = int.from_bytes(file.read(8), "big")
        file.seek(table)
        file.write((0x8000_7FFF_FFFF_0000).to_bytes(8, "big"))
    before = snapshot(world)
    with pytest.raises(StepFailed, match="damaged"):
        carry_out(plan, context(world))
    assert snapshot(world) == before


def test_an_image_that_is_not_what_the_checksum_list_says_is_not_used(world: World):
    sums = f"{'0' * 64}  {VDA}.{LEAF}\n"
    (world.set_folder / "SHA256SUMS").write_text(sums)
    with pytest.raises(StepFailed, match="checksum"):
        carry_out(plan_of(world, answers()), context(world))
    assert not (world.retain / f"{VDA}.{LEAF}").exists()


@pytest.mark.parametrize("suffix", ["xml", "ldif", "state"])
def test_a_missing_small_file_is_named(world: World, suffix: str):
    (world.set_folder / f"{practice.MACHINE}.{suffix}.{LEAF}").unlink()
    found = PROCEDURE.probes["backup-set"](probe(world))
    missing = [f.text for f in found.findings if f".{suffix}.{LEAF} is not there" in f.text]
    with_state, _ = PROCEDURE.probes["modes"](probe(world)).choices
    assert missing if suffix != "state" else with_state.refused


def test_a_missing_image_is_named(world: World):
    (world.set_folder / f"{VDB}.{LEAF}").unlink()
    found = PROCEDURE.probes["backup-set"](probe(world))
    assert [f.text for f in found.findings if f.level == "error" and VDB in f.text]


def probe(world: World, **given: str):
    from steps.procedure import ProbeInput

    return ProbeInput(world.site, {**answers(), **given}, WorldTargets(world))  # type: ignore[arg-type]


def test_machines_are_listed_with_those_that_only_backups_know(world: World):
    other = world.set_folder.parent.parent / "gone-machine" / LEAF
    other.mkdir(parents=True)
    choices = PROCEDURE.probes["machines"](probe(world)).choices
    assert [choice.value for choice in choices] == [practice.MACHINE, "gone-machine"]
    assert practice.DISPLAY_NAME in choices[0].label
    assert "no directory entry" in choices[1].note


def test_iterations_say_what_is_missing(world: World):
    (choice,) = PROCEDURE.probes["iterations"](probe(world)).choices
    assert choice.value == LEAF
    assert "2 disks, complete" in choice.note
    (world.set_folder / f"{VDB}.{LEAF}").unlink()
    (choice,) = PROCEDURE.probes["iterations"](probe(world)).choices
    assert f"incomplete: {VDB} missing" in choice.note


def test_with_state_is_refused_with_its_reason_where_there_is_none(tmp_path: Path):
    world = make_world(tmp_path / "site", running=False)
    with_state, cold = PROCEDURE.probes["modes"](probe(world)).choices
    assert "off when it was backed up" in with_state.refused
    assert not cold.refused


def test_the_set_check_finds_nothing_wrong_with_a_sound_set(world: World):
    found = PROCEDURE.probes["backup-set"](probe(world)).findings
    assert [f for f in found if f.level == "error"] == []
    assert found[-1].level == "ok"


def test_an_unknown_machine_is_refused_by_name(world: World):
    with pytest.raises(InvalidInput, match="no-such"):
        PROCEDURE.probes["iterations"](probe(world, machine="no-such"))


@pytest.mark.parametrize("name", ["../x", "a/b", "a\nb", "", ".."])
def test_a_name_that_could_leave_its_folder_is_refused_at_the_question(name: str):
    for question in ("machine", "iteration"):
        found = PROCEDURE.interview.question(question)
        assert found is not None
        with pytest.raises(InvalidInput):
            found.check(name, {})


def test_a_deaf_guest_is_asked_about_and_never_pulled_by_itself(world: World):
    domain(world).deaf = True
    plan, run = plan_of(world, answers()), context(world, shut_down="destroy")
    carry_out(plan, run)
    assert [prompt.name for prompt in run.asked] == ["shut-down", "cleanup"]


def test_a_managed_save_stands_in_the_way(world: World):
    domain(world).managed_save = True
    found = PROCEDURE.probes["backup-set"](probe(world)).findings
    assert [f for f in found if f.level == "error" and "managed save" in f.text]


def test_libvirts_refusal_comes_before_the_machine_is_touched(world: World):
    world.hypervisor.refuses = "Target domain says no"
    plan, run = plan_of(world, answers()), context(world)
    with pytest.raises(Refused, match="Target domain says no"):
        carry_out(plan, run)
    assert domain(world).state == "running"
    take_back(plan, run)
    assert list(world.places.retain.rglob("*.*")) == []


def test_no_secret_is_in_the_survey_the_plan_or_the_facts(world: World):
    given = answers()
    plan, run = plan_of(world, given), context(world)
    carry_out(plan, run)
    shown = "\n".join(line for step in plan.steps for line in step.commands())
    assert PASSWORD not in repr(survey_of(world, given))
    assert PASSWORD not in shown
    assert PASSWORD not in repr(run.facts)
    assert PASSWORD not in "\n".join(run.lines)
    assert PASSWORD in run.concealed


def test_documents_with_the_password_are_their_owners_only(world: World):
    run = context(world)
    carry_out(plan_of(world, answers()), run)
    for path in world.retain.iterdir():
        if PASSWORD.encode() in path.read_bytes():
            assert path.stat().st_mode & 0o077 == 0, path.name


def test_the_plan_says_what_will_be_done(world: World):
    plan = plan_of(world, answers())
    assert plan.object.startswith(practice.DISPLAY_NAME)
    assert plan.confirm_by_typing == practice.DISPLAY_NAME
    assert plan.point_of_no_return == "cleanup.images"
    names = [step.name for step in plan.steps]
    assert len(names) == len(set(names))
    assert all(step.title and step.commands() is not None for step in plan.steps)
    assert (
        names.index("live.keep") < names.index("machine.shut-down") < names.index("modes.restore")
    )


def test_an_open_row_makes_no_plan(world: World):
    with pytest.raises(Refused, match="Not decided yet"):
        PROCEDURE.plan(world.site, answers(), {}, survey_of(world, answers()))


@pytest.mark.parametrize("mode", ["", "warm", None])
def test_a_mode_that_is_none_makes_no_plan(world: World, mode: str | None):
    with pytest.raises(InvalidInput, match="mode"):
        PROCEDURE.plan(world.site, {**answers(), "mode": mode}, {}, survey_of(world, answers()))  # type: ignore[dict-item]


def test_a_damaged_survey_is_refused(world: World):
    survey = survey_of(world, answers())
    for name in survey:
        damaged = {key: value for key, value in survey.items() if key != name}
        with pytest.raises(InvalidInput, match="damaged"):
            PROCEDURE.plan(world.site, answers(), {}, damaged)
    with pytest.raises(InvalidInput):
        PROCEDURE.plan(world.site, answers(), {}, {**survey, "place": {"machine": "m"}})


def test_next_boot_values_are_defined_and_backup_values_run(world: World):
    carry_out(plan_of(world, answers(), memory="next-boot"), context(world))
    assert "<memory unit='KiB'>65536" in domain(world).active
    assert "<memory unit='KiB'>131072" in domain(world).inactive
    assert str(Resolution.parse("next-boot")) == "next-boot"


def test_a_template_gets_images_and_entry_and_is_never_started(tmp_path: Path):
    world = make_world(tmp_path / "site", template=True)
    given = answers("cold")
    plan = plan_of(world, given)
    assert not [s.name for s in plan.steps if s.name in ("machine.define", "machine.start")]
    before, run = snapshot(world), context(world, given)
    carry_out(plan, run)
    assert world.hypervisor.domains_by_name == {}
    assert (world.pattern(VDA), world.pattern(VDB)) == ("then", "then")
    take_back(plan, run)
    assert snapshot(world) == before


def test_a_template_has_no_memory_to_restore(tmp_path: Path):
    world = make_world(tmp_path / "site", template=True)
    with_state, _ = PROCEDURE.probes["modes"](probe(world)).choices
    assert "template" in with_state.refused


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder on another file system than the temporary ones."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="rekindle-") as folder:
        yield Path(folder)


def test_on_two_file_systems_the_images_are_staged_beside_the_live_ones(
    tmp_path: Path, elsewhere: Path
):
    world = make_world(tmp_path / "site", retain=elsewhere)
    assert elsewhere.stat().st_dev != world.places.live.stat().st_dev
    before = snapshot(world)
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until="images.in.vda")
    staged = [path.name for path in world.places.live.iterdir() if path.name.endswith(".new")]
    assert len(staged) == 2
    carry_out(plan, run)
    assert (world.pattern(VDA), world.pattern(VDB)) == ("then", "then")
    take_back(plan, run)
    after = snapshot(world)
    for world_then in (before, after):
        images = world_then["images"].items()  # type: ignore[attr-defined]
        assert {name: held for name, held in images if ".new" not in name} == {
            VDA: "now", VDB: "now", VDC: "now",
        }  # fmt: skip
    assert not [path for path in elsewhere.rglob("*") if path.is_file()]


def test_an_image_that_somebody_holds_while_the_machine_is_off_stops_it(world: World):
    world.hypervisor.destroy(practice.MACHINE)
    with held(world.places.live / VDB):
        found = PROCEDURE.probes["backup-set"](probe(world)).findings
        assert [f for f in found if f.level == "error" and "Another process uses" in f.text]
        with pytest.raises(StepFailed, match="Another process uses"):
            carry_out(plan_of(world, answers()), context(world))


def test_an_image_that_is_held_at_the_swap_is_not_renamed(world: World):
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until="images.aside.vdb")
    step = next(step for step in plan.steps if step.name == "images.aside.vdb")
    with held(world.places.live / VDB), pytest.raises(Refused, match="Another process uses"):
        step.apply(run)
    assert world.pattern(VDB) == "now"


@contextmanager
def held(image: Path) -> Iterator[None]:
    """Another process has the image open for writing."""
    command = ["qemu-io", "-f", "qcow2", str(image)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(b"read 0 512\n")
        holder.stdin.flush()
        # Its answer says that the image is open.
        holder.stdout.readline()
        yield
        holder.stdin.close()


def test_decisions_and_documents_are_kept_for_the_report_without_secrets(world: World):
    run = context(world)
    carry_out(plan_of(world, answers(), memory="next-boot"), run)
    keep = run.run_directory / "keep"
    decided = {d["id"]: d for d in json.loads((keep / "decisions.json").read_text())["decisions"]}
    assert decided["memory"]["chosen"] == "next-boot"
    assert decided["memory"]["by"] == "operator"
    text = "".join(path.read_text() for path in keep.iterdir())
    assert PASSWORD not in text
    assert "(secret 1)" in text


def test_libvirts_words_at_the_restore_come_with_what_to_do(world: World):
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until="machine.restore-paused")
    world.hypervisor.refuses = "port 5931 is taken"
    step = next(step for step in plan.steps if step.name == "machine.restore-paused")
    with pytest.raises(StepFailed, match="port 5931 is taken") as caught:
        step.apply(run)
    assert "It has not run" in caught.value.remedy
    world.hypervisor.refuses = ""
    carry_out(plan, run)
    assert domain(world).state == "running"


def test_memory_is_never_restored_onto_disks_a_guest_has_run_on(world: World):
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run)
    world.hypervisor.destroy(practice.MACHINE)
    step = next(step for step in plan.steps if step.name == "machine.restore-paused")
    assert step.verify(run).outcome is Outcome.UNKNOWN
    with pytest.raises(Refused, match="has run on the restored disks"):
        step.apply(run)


def test_somebody_who_starts_the_machine_meanwhile_is_noticed(world: World):
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until="machine.restore-paused")
    world.hypervisor.start(practice.MACHINE)
    step = next(step for step in plan.steps if step.name == "machine.restore-paused")
    assert step.verify(run).outcome is Outcome.UNKNOWN
    with pytest.raises(Refused, match="somebody started it"):
        step.apply(run)
    take_back_only(plan, run, "machine.restore-paused")
    assert domain(world).state == "running"


def take_back_only(plan, run: MemoryContext, name: str) -> None:
    next(step for step in plan.steps if step.name == name).undo(run)


def test_a_lost_console_password_stops_the_machine_before_it_runs(world: World):
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until="machine.check-chain")
    domain(world).active = domain(world).active.replace(f" passwd='{PASSWORD}'", "")
    with pytest.raises(StepFailed, match="lost its password"):
        carry_out(plan, run)
    assert domain(world).state == "paused"


def test_a_disk_on_an_unexpected_base_stops_the_machine_before_it_runs(world: World):
    plan, run = plan_of(world, answers()), context(world)
    carry_out(plan, run, until="machine.check-chain")
    behind = "<backingStore type='file'><source file='/base'/></backingStore><target dev='vda'"
    domain(world).active = domain(world).active.replace("<target dev='vda'", behind)
    with pytest.raises(StepFailed, match="/base"):
        carry_out(plan, run)
    assert domain(world).state == "paused"


def test_a_left_over_copy_of_another_content_is_moved_aside_not_overwritten(world: World):
    world.retain.mkdir(parents=True)
    left = world.retain / f"{VDA}.{LEAF}"
    left.write_bytes(b"somebody's")
    carry_out(plan_of(world, answers()), context(world))
    (aside,) = world.retain.glob(f"{VDA}.{LEAF}.left-over-*")
    assert aside.read_bytes() == b"somebody's"
    assert world.pattern(VDA) == "then"


def test_when_a_set_was_last_verified_is_shown_until_the_set_changes(world: World):
    def note() -> str:
        return PROCEDURE.probes["iterations"](probe(world)).choices[0].note

    assert "never verified" in note()
    carry_out(plan_of(world, answers()), context(world))
    assert "never verified" not in note()
    # A second later: files are told apart by whole seconds.
    image = world.set_folder / f"{VDA}.{LEAF}"
    os.utime(image, (image.stat().st_atime, image.stat().st_mtime + 1))
    assert "never verified" in note()
