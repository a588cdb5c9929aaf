"""The dashboard on a real directory and real files, and the repair of what is stuck there."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from config.errors import InvalidInput, Refused
from steps.procedure import ProbeInput
from steps.targets.directory import Change
from steps.virtual_machine.dashboard.board import Board, not_backed_up_since
from steps.virtual_machine.dashboard.look import look
from steps.virtual_machine.dashboard.repair import PROCEDURE
from steps.virtual_machine.directory_modes import Mode, new_leaf, timestamp
from steps.virtual_machine.iterations import Iteration, SetFile
from steps.virtual_machine.places import StoragePlace, set_place
from steps.virtual_machine.verification import Tried, Verified, note
from tests.real.plan_support import Office
from tests.real.slapd_support import LEAF_DN, MACHINE, MACHINE_DN, SERVICES
from tests.unit.restore_world import carry_out, take_back

LEAF = "20121002T010000Z"
NOW = datetime.now(UTC)
WHOLE = f"ou=backup,ou=configuration,{SERVICES}"
POOL = "vm-persistent/pool"


@pytest.fixture
def office(world, tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    made = Office(world, tmp_path / "office", PROCEDURE)
    for name in ("live", "backup", "retain"):
        (made.folder / name / POOL).mkdir(parents=True)
    plan = world.directory.get(WHOLE)
    folders = [
        Change("replace", "sstBackupRootDirectory", (f"file://{made.folder}/backup".encode(),)),
        Change("replace", "sstBackupRetainDirectory", (f"file://{made.folder}/retain".encode(),)),
    ]
    world.directory.modify(WHOLE, folders, expected_csn=plan.entry_csn)
    disk = f"sstDisk=vda,ou=devices,{MACHINE_DN}"
    image = made.folder / "live" / POOL / "one.qcow2"
    make_image(image)
    change(made, disk, sstSourceFile=str(image))
    return made


def make_image(path, backing=None):
    on = ["-b", str(backing), "-F", "qcow2"] if backing else []
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *on, str(path), "1M"], check=True)


def change(office, dn, **values):
    entry = office.world.other.get(dn)
    changes = [Change("replace", name, (value.encode(),)) for name, value in values.items()]
    office.world.other.modify(dn, changes, expected_csn=entry.entry_csn)


def make_set(office, leaf=LEAF, machine=MACHINE, names=None, size=10):
    folder = office.folder / "backup" / POOL / machine / leaf
    folder.mkdir(parents=True)
    small = [f"{machine}.{suffix}" for suffix in ("state", "xml", "ldif")]
    for name in [*small, "one.qcow2"] if names is None else names:
        (folder / f"{name}.{leaf}").write_bytes(b"x" * size)
    return folder


def board(office, now=NOW) -> Board:
    seen = look(ProbeInput(office.site, {}, office.targets), now)  # type: ignore[arg-type]
    assert Board.from_json(seen.to_json()) == seen
    return seen


def machine(office, now=NOW):
    return board(office, now).machine(MACHINE)


def later(**span):
    return datetime.now(UTC) + timedelta(**span)


def test_a_backup_that_is_overdue_is_told_with_its_date(office):
    make_set(office)
    seen = machine(office)
    assert seen.missed
    days = (NOW - datetime(2012, 10, 2, 1, 45, 13, tzinfo=UTC)).days
    assert not_backed_up_since(seen, NOW) == f"not backed up since 2 Oct 2012 ({days} days)"


def test_a_backup_of_last_night_is_not_overdue_and_one_that_is_due_has_six_hours(office):
    make_set(office)
    change(
        office, LEAF_DN, sstProvisioningState=timestamp(datetime(2026, 11, 26, 3, 10, tzinfo=UTC))
    )
    assert not machine(office, datetime(2026, 11, 26, 20, tzinfo=UTC)).missed
    assert not machine(office, datetime(2026, 11, 27, 8, 0, tzinfo=UTC)).missed
    assert machine(office, datetime(2026, 11, 27, 12, 0, tzinfo=UTC)).missed


def test_excluded_or_without_a_timetable_nothing_is_overdue(office):
    change(office, WHOLE, sstCronActive="FALSE")
    assert not machine(office).missed
    change(office, WHOLE, sstCronActive="TRUE")
    assert machine(office).missed
    change(office, WHOLE, sstBackupExcludeFromBackup="TRUE")
    seen = machine(office)
    assert (seen.missed, seen.excluded) == (False, True)


def test_a_finished_leaf_whose_files_are_gone_is_no_backup(office):
    seen = machine(office)
    assert seen.last_backup == ""
    assert seen.problems == (f"{LEAF}: finished, but its files are not all there",)


@pytest.mark.parametrize(
    ("mode", "state", "code", "age", "words"),
    [
        ("retaining", "0", "47", 1, "return value 47 (not enough disk space)"),
        ("merging", "0", "0", 26 * 60, "nothing is known of earlier ones"),
        ("merge", "0", "0", 60, "no daemon there has a heartbeat"),
        ("finished", "0", "0", 1, "finished with state 0"),
        ("restoring", "0", "55", 1, "unknown, perhaps libvirt error 55"),
    ],
)
def test_a_stuck_leaf_is_told_in_words(office, mode, state, code, age, words):
    make_set(office)
    change(office, LEAF_DN, sstProvisioningMode=mode, sstProvisioningState=state,
           sstProvisioningReturnValue=code)  # fmt: skip
    (stuck,) = machine(office, later(minutes=age)).stuck
    assert words in stuck.text


def test_more_than_one_job_at_once_is_told(office):
    for name in ("20261101T010000Z", "20261102T010000Z"):
        dn = LEAF_DN.replace(LEAF, name)
        office.world.other.add(dn, new_leaf(name, Mode.RESTORING, "20261102T010000Z"))
    assert any("2 jobs at once" in text for text in machine(office).problems)


def stick(office, **values):
    change(office, LEAF_DN, **{"sstProvisioningMode": "retaining", "sstProvisioningState": "0",
                               "sstProvisioningReturnValue": "47", **values})  # fmt: skip


def leaf(office):
    entry = office.world.other.get(LEAF_DN)
    names = ("sstProvisioningMode", "sstProvisioningState", "sstProvisioningReturnValue")
    return None if entry is None else tuple(entry.text(name) for name in names)


def test_a_repair_writes_finished_with_a_timestamp_and_undo_writes_back(office):
    make_set(office)
    stick(office)
    before = leaf(office)
    plan = office.plan(machine=MACHINE, leaf=LEAF, action="finish")
    context = office.context()
    carry_out(plan, context)
    mode, state, code = leaf(office)
    assert (mode, code) == ("finished", "0")
    assert state.startswith(f"{NOW:%Y%m}")
    assert machine(office).stuck == ()
    take_back(plan, context)
    assert leaf(office) == before


def test_what_failed_is_ordered_again_as_a_control_instance_orders(office):
    make_set(office)
    stick(office)
    with pytest.raises(Refused, match="does not fit"):
        office.plan(machine=MACHINE, leaf=LEAF, action="mend")
    carry_out(office.plan(machine=MACHINE, leaf=LEAF, action="again"), office.context())
    assert leaf(office) == ("retain", "0", "0")


def test_removing_a_leaf_leaves_its_files_which_are_then_found(office):
    folder = make_set(office, names=["one.qcow2"])
    stick(office)
    first, second, again, mend = office.probe("actions", machine=MACHINE, leaf=LEAF).choices
    assert (first.value, second.value) == ("remove", "finish")
    assert (again.value, again.refused) == ("again", "")
    assert mend.refused == "its state is not left at 0"
    plan, context = office.plan(machine=MACHINE, leaf=LEAF, action="remove"), office.context()
    carry_out(plan, context)
    assert leaf(office) is None
    (found,) = board(office).orphans
    assert (found.path, found.what) == (
        str(folder), "images left behind by a deleted iteration"
    )  # fmt: skip
    take_back(plan, context)
    assert leaf(office) == ("retaining", "0", "47")


def test_a_leaf_that_somebody_works_on_or_that_is_sound_is_not_repaired(office):
    make_set(office)
    for mode, state in (("retaining", "20261127T010000Z"), ("finished", "20261127T010000Z")):
        stick(office, sstProvisioningMode=mode, sstProvisioningState=state,
              sstProvisioningReturnValue="0")  # fmt: skip
        with pytest.raises(Refused, match="not repaired"):
            office.plan(machine=MACHINE, leaf=LEAF, action="finish")
        (choice,) = office.probe("leaves", machine=MACHINE).choices
        assert choice.refused
    assert office.probe("machines").choices == ()


def test_a_leaf_that_is_only_suspect_wants_its_name_typed_before_it_is_taken_from_a_daemon(office):
    make_set(office)
    stick(office, sstProvisioningReturnValue="0")
    given = office.given(machine=MACHINE, leaf=LEAF, action="finish")
    survey = office.survey(given)
    assert survey["kind"] == "working"
    plan = PROCEDURE.plan(office.site, given, {}, {**survey, "kind": "suspect"})
    assert plan.confirm_by_typing == LEAF
    stick(office)
    assert office.plan(machine=MACHINE, leaf=LEAF, action="finish").confirm_by_typing == ""


def test_a_leaf_that_moved_on_meanwhile_is_left_alone(office):
    make_set(office)
    stick(office)
    plan, context = office.plan(machine=MACHINE, leaf=LEAF, action="finish"), office.context()
    stick(office, sstProvisioningReturnValue="0")
    plan.steps[0].apply(context)
    with pytest.raises(Refused):
        plan.steps[1].apply(context)
    assert leaf(office) == ("retaining", "0", "0")


def test_a_leaf_that_is_not_there_is_bad_input(office):
    with pytest.raises(InvalidInput, match="no leaf"):
        office.plan(machine=MACHINE, leaf="20990101T000000Z", action="finish")


def test_live_images_that_nothing_names_are_found_and_only_those(office):
    live = office.folder / "live" / POOL
    make_image(live / "base.qcow2")
    (live / "one.qcow2").unlink()
    make_image(live / "one.qcow2", live / "base.qcow2")
    make_image(live / "defined.qcow2")
    xml = (
        "<domain type='qemu'><name>other</name><memory>1024</memory><vcpu>1</vcpu>"
        "<os><type arch='x86_64'>hvm</type></os><devices><disk type='file' device='disk'>"
        f"<source file='{live}/defined.qcow2'/><target dev='vda' bus='virtio'/></disk></devices>"
        "</domain>"
    )
    office.targets.machines.define(xml)
    assert board(office).orphans == ()
    make_image(live / "stray.qcow2")
    make_image(live / "one.qcow2.before-20260101T000000Z")
    found = {orphan.path.rpartition("/")[2]: orphan.what for orphan in board(office).orphans}
    assert found == {
        "stray.qcow2": "no machine names it",
        "one.qcow2.before-20260101T000000Z":
            "set aside by a restore: its way back, until its clean-up",
    }  # fmt: skip


def test_retain_is_left_over_once_its_job_is_finished_but_not_while_a_disk_stands_on_it(office):
    make_set(office)
    folder = office.folder / "retain" / POOL / MACHINE / LEAF
    folder.mkdir(parents=True)
    make_image(folder / "one.qcow2")
    live = office.folder / "live" / POOL / "one.qcow2"
    live.unlink()
    make_image(live, folder / "one.qcow2")
    assert board(office).orphans == ()
    live.unlink()
    make_image(live)
    (found,) = board(office).orphans
    assert found.path == str(folder)
    stick(office)
    assert board(office).orphans == ()


def test_sets_without_leaf_or_machine_are_found_and_called_restorable_where_they_are(office):
    make_set(office)
    make_set(office, leaf="20261101T010000Z")
    make_set(office, machine="gone")
    found = sorted(orphan.what for orphan in board(office).orphans)
    assert found == [
        "its machine has no directory entry, complete: can be restored",
        "no leaf names it, complete: can be restored",
    ]


def test_a_verified_set_is_told(office):
    folder = make_set(office)
    assert machine(office).last_verified == ""
    note(office.shell, iteration_of(office, folder), verified=Verified("20261102T030000Z"))
    assert machine(office).last_verified == "2026-11-02T03:00:00+00:00"
    assert board(office).orphans == ()
    (folder / f"one.qcow2.{LEAF}").write_bytes(b"other")
    assert machine(office).last_verified == ""


def iteration_of(office, folder):
    place = set_place(
        MACHINE, LEAF, StoragePlace("vm-persistent", "pool"), f"{office.folder}/backup", "/r"
    )
    files = []
    for path in folder.iterdir():
        status = office.shell.status(str(path))
        files.append(SetFile(path.name, status.size, status.allocated, status.modified))
    return Iteration(place, tuple(files))


def test_a_set_that_was_found_damaged_is_a_problem_and_not_verified(office):
    iteration = iteration_of(office, make_set(office))
    found = Verified("20261102T030000Z", "one.qcow2: checksum differs")
    note(office.shell, iteration, verified=found)
    seen = machine(office)
    assert seen.last_verified == ""
    assert seen.problems == (f"{LEAF}: one.qcow2: checksum differs",)


def test_a_restore_in_isolation_is_told_and_one_that_failed_is_a_problem(office):
    iteration = iteration_of(office, make_set(office))
    note(office.shell, iteration, tried=Tried("20261102T030000Z", "with state", 12.0))
    seen = machine(office)
    assert (seen.last_tried, seen.problems) == ("2026-11-02T03:00:00+00:00", ())
    note(office.shell, iteration, tried=Tried("20261103T030000Z", "cold", 0.0, "it never ran"))
    seen = machine(office)
    assert seen.last_tried == ""
    assert seen.problems == (f"{LEAF} did not restore in isolation: it never ran",)


def test_a_set_whose_backup_did_not_end_is_no_backup(office):
    folder = make_set(office)
    (folder / "INCOMPLETE").write_text("")
    assert machine(office).leaves[0].whole is False


def test_space_is_foretold_from_the_nights_that_are_there(office):
    for night in (1, 2, 3):
        make_set(office, leaf=f"2026110{night}T010000Z", size=night << 20)
    (storage,) = board(office).storage
    assert [night.day.day for night in storage.nights] == [1, 2, 3]
    assert storage.nights[1].size >= 4 * (2 << 20)
    assert storage.forecast.growth == pytest.approx(4 << 20, rel=0.01)
    assert storage.free > 0


def test_a_machine_whose_own_plan_names_another_folder_is_looked_for_there(office):
    own = f"ou=backup,{MACHINE_DN}"
    entry = office.world.other.get(own)
    plan = [
        Change("add", "objectClass", (b"sstVirtualizationBackupObjectClass",)),
        Change("add", "sstBackupRootDirectory", (f"file://{office.folder}/other".encode(),)),
        Change("add", "sstBackupRetainDirectory", (f"file://{office.folder}/retain".encode(),)),
    ]
    office.world.other.modify(own, plan, expected_csn=entry.entry_csn)
    (office.folder / "other").mkdir()
    make_set(office).rename(office.folder / "moved")
    target = office.folder / "other" / POOL / MACHINE
    target.mkdir(parents=True)
    (office.folder / "moved").rename(target / LEAF)
    assert machine(office).leaves[0].whole is True
    assert machine(office).problems == ()


def test_of_a_machine_on_a_node_that_the_site_file_does_not_know_nothing_is_called_missing(office):
    change(office, MACHINE_DN, sstNode="node-99.example.org")
    assert machine(office).leaves[0].whole is None


def test_a_node_that_does_not_answer_is_named_and_its_files_are_not_called_missing(office):
    def dead(name):
        raise InvalidInput("no route to host")

    office.targets.shell = dead
    seen = board(office)
    assert any("no route to host" in text for text in seen.silent)
    assert seen.machine(MACHINE).leaves[0].whole is None
    assert seen.machine(MACHINE).last_backup
