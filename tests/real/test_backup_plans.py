"""Backup plans changed in a real directory (and in LDIF files): settings, exclusion, undo."""

from __future__ import annotations

import subprocess

import pytest

from config.errors import InvalidInput, Refused
from config.site import MachineStorage
from steps.procedure import Outcome
from steps.targets.directory import Change
from steps.virtual_machine.directory_modes import Mode, new_leaf
from steps.virtual_machine.machine_directory import leaves, plan_of
from steps.virtual_machine.plans.lookup import ruled
from steps.virtual_machine.plans.procedure import PROCEDURE
from tests.real.plan_support import NODE, Office
from tests.real.slapd_support import LEAF_DN, MACHINE, MACHINE_DN, PASSWORD, SERVICES
from tests.unit.restore_world import carry_out, take_back

OWN = f"ou=backup,{MACHINE_DN}"
WHOLE = f"ou=backup,ou=configuration,{SERVICES}"
STORAGE = MachineStorage("/live", "/site/backup", "/site/retain")


@pytest.fixture
def office(world, tmp_path):
    return Office(world, tmp_path / "office", PROCEDURE)


def attributes(office, dn):
    entry = office.world.other.get(dn)
    return None if entry is None else {
        name.lower(): sorted(v.lower() if name.lower() == "objectclass" else v for v in values)
        for name, values in entry.attributes.items()
    }  # fmt: skip


def do(office, **answers):
    """Carry it out, and return what takes it back."""
    plan, context = office.plan(**answers), office.context()
    carry_out(plan, context)
    return lambda: take_back(plan, context)


def effective(office):
    return plan_of(office.world.other, MACHINE, "", STORAGE)


def test_excluding_a_machine_without_a_plan_keeps_the_plan_that_counted(office):
    before = effective(office)
    do(office, scope="machine", machine=MACHINE, what="exclude")
    after = effective(office)
    assert after.origin == OWN
    assert (after.backup_root, after.images, after.assumed) == (
        before.backup_root, before.images, before.assumed
    )  # fmt: skip
    assert ruled(office.world.other, "machine", MACHINE).excluded
    assert [leaf.name for leaf in leaves(office.world.other, MACHINE)] == ["20121002T010000Z"]


def test_including_again_takes_back_exactly_what_exclude_added(office):
    before = attributes(office, OWN)
    do(office, scope="machine", machine=MACHINE, what="exclude")
    assert attributes(office, OWN) != before
    do(office, scope="machine", machine=MACHINE, what="include")
    assert attributes(office, OWN) == before
    assert effective(office).origin == WHOLE


def test_a_machine_without_any_backup_entry_is_excluded_and_left_without_one_again(office):
    for dn in (LEAF_DN, OWN):
        office.world.other.delete(dn)
    do(office, scope="machine", machine=MACHINE, what="exclude")
    assert ruled(office.world.other, "machine", MACHINE).excluded
    do(office, scope="machine", machine=MACHINE, what="include")
    assert attributes(office, OWN) is None


def test_an_iteration_that_came_meanwhile_keeps_the_entry_exclude_made(office):
    for dn in (LEAF_DN, OWN):
        office.world.other.delete(dn)
    do(office, scope="machine", machine=MACHINE, what="exclude")
    office.world.other.add(LEAF_DN, new_leaf("20121002T010000Z", Mode.FINISHED, "x"))
    do(office, scope="machine", machine=MACHINE, what="include")
    assert len(leaves(office.world.other, MACHINE)) == 1
    assert effective(office).origin == WHOLE


def test_a_machine_with_a_plan_of_its_own_keeps_it_through_exclude_and_include(office):
    do(office, scope="machine", machine=MACHINE, what="settings", iterations=4)
    own = attributes(office, OWN)
    do(office, scope="machine", machine=MACHINE, what="exclude")
    assert ruled(office.world.other, "machine", MACHINE).excluded
    do(office, scope="machine", machine=MACHINE, what="include")
    assert attributes(office, OWN) == own


def test_a_copy_that_somebody_has_changed_since_stays_as_a_plan_of_its_own(office):
    do(office, scope="machine", machine=MACHINE, what="exclude")
    do(office, scope="machine", machine=MACHINE, what="settings", iterations=9)
    do(office, scope="machine", machine=MACHINE, what="include")
    found = ruled(office.world.other, "machine", MACHINE)
    assert (found.excluded, found.origin) == (False, "machine")
    assert found.winner.text("sstBackupNumberOfIterations") == "9"


def test_what_the_guides_recipe_left_behind_is_taken_away_and_not_set_to_false(office):
    entry = office.world.other.get(OWN)
    office.world.other.modify(
        OWN,
        [Change("add", "objectClass", (b"sstVirtualizationBackupObjectClass",)),
         Change("add", "sstBackupExcludeFromBackup", (b"TRUE",))],
        expected_csn=entry.entry_csn,
    )  # fmt: skip
    assert effective(office).backup_root == "/site/backup"  # the trap: the site's plan is hidden
    do(office, scope="machine", machine=MACHINE, what="include")
    assert effective(office).origin == WHOLE


def test_one_setting_of_a_machine_brings_the_whole_plan_and_only_that_differs(office):
    do(office, scope="machine", machine=MACHINE, what="settings", image_mode="0640",
       backup_root="file:///var/backup/virtualization")  # fmt: skip
    own, site = attributes(office, OWN), attributes(office, WHOLE)
    assert own["sstvirtualizationdiskimagepermission"] == [b"640"]
    assert own["sstcronhour"] == site["sstcronhour"]
    differing = {name for name in site if own.get(name) != site[name]}
    assert differing == {"sstvirtualizationdiskimagepermission"}


def test_undo_writes_the_kept_entry_back(office):
    for scope, name, dn in (("machine", MACHINE, OWN), ("site", "", WHOLE)):
        before = attributes(office, dn)
        undo = do(office, scope=scope, machine=name, what="settings", iterations=7)
        assert attributes(office, dn) != before
        undo()
        assert attributes(office, dn) == before


def test_a_run_that_was_killed_after_the_write_finds_it_done_and_can_still_take_it_back(office):
    before = attributes(office, OWN)
    plan, context = office.plan(scope="machine", machine=MACHINE, what="exclude"), office.context()
    keep, write = plan.steps
    keep.apply(context)
    write.apply(context)
    resumed = context.after_a_crash(office.targets)
    assert keep.verify(resumed).outcome is Outcome.DONE
    assert write.verify(resumed).outcome is Outcome.DONE
    write.undo(resumed)
    write.undo(resumed)
    assert attributes(office, OWN) == before


def test_removing_a_plan_leaves_its_iterations(office):
    do(office, scope="machine", machine=MACHINE, what="settings", iterations=7)
    undo = do(office, scope="machine", machine=MACHINE, what="remove")
    assert effective(office).origin == WHOLE
    assert len(leaves(office.world.other, MACHINE)) == 1
    undo()
    assert effective(office).origin == OWN


def test_a_timetable_is_written_whole_where_there_was_none(office):
    entry = office.world.other.get(WHOLE)
    classes = tuple(c for c in entry.values("objectClass") if c != b"sstCronObjectClass")
    gone = [Change("delete", name) for name in entry.attributes if name.startswith("sstCron")]
    office.world.other.modify(
        WHOLE, [Change("replace", "objectClass", classes), *gone], expected_csn=entry.entry_csn
    )
    undo = do(office, scope="site", what="schedule", hour="4", active=True)
    written = attributes(office, WHOLE)
    assert (written["sstcronhour"], written["sstcronminute"]) == ([b"4"], [b"0"])
    assert written["sstcronactive"] == [b"TRUE"]
    undo()
    assert "sstcronhour" not in attributes(office, WHOLE)


def test_a_change_made_by_somebody_else_meanwhile_is_not_overwritten(office):
    plan, context = office.plan(scope="site", what="settings", iterations=7), office.context()
    entry = office.world.other.get(WHOLE)
    other = [Change("replace", "sstBackupNumberOfIterations", (b"3",))]
    office.world.other.modify(WHOLE, other, expected_csn=entry.entry_csn)
    write = plan.steps[-1]
    plan.steps[0].apply(context)
    assert write.verify(context).outcome is Outcome.UNKNOWN
    with pytest.raises(Refused):
        write.apply(context)
    assert attributes(office, WHOLE)["sstbackupnumberofiterations"] == [b"3"]


def test_nothing_to_change_is_said_and_starts_nothing(office):
    with pytest.raises(Refused, match="Nothing would change"):
        office.plan(scope="site", what="settings", iterations=1)
    # What counts already by the site's plan is not copied down either.
    with pytest.raises(Refused, match="Nothing would change"):
        office.plan(scope="machine", machine=MACHINE, what="settings", iterations=1)


def test_a_plan_of_a_machine_or_pool_that_is_not_there_is_refused(office):
    for answers in ({"scope": "machine", "machine": "none"}, {"scope": "pool", "pool": "none"}):
        with pytest.raises(InvalidInput, match="'none'"):
            office.plan(what="settings", **answers)


def test_the_actions_come_with_what_counts_today_and_what_makes_no_sense(office):
    seen = office.probe("actions", scope="machine", machine=MACHINE)
    refused = {choice.value for choice in seen.choices if choice.refused}
    assert refused == {"include", "remove"}
    assert seen.values["backup_root"] == "file:///var/backup/virtualization"
    assert (seen.values["iterations"], seen.values["active"]) == (1, True)
    assert seen.findings[0].text == "What counts for web01: the site's plan."
    do(office, scope="machine", machine=MACHINE, what="exclude")
    seen = office.probe("actions", scope="machine", machine=MACHINE)
    assert {choice.value for choice in seen.choices if choice.refused} == {"exclude"}
    assert seen.findings[1].level == "warning"


@pytest.mark.parametrize("world", ["ldap"], indirect=True)
def test_the_change_that_review_shows_is_one_that_ldapmodify_takes(slapd, world, office):
    plan = office.plan(scope="machine", machine=MACHINE, what="exclude")
    _head, *record, _end = plan.steps[-1].commands()
    done = subprocess.run(
        ["ldapmodify", "-x", "-H", slapd.url, "-D", slapd.bind_dn, "-w", PASSWORD.reveal()],
        input="\n".join(record) + "\n", capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert plan.steps[-1].verify(office.context()).outcome is Outcome.DONE
    shown = dict(plan.settings)
    assert shown["sstBackupExcludeFromBackup"] == "(none) -> TRUE"
    assert shown["Copied first"] == "the plan of the site: a plan counts whole"
    assert "sstCronHour" not in shown


def test_an_owner_that_the_node_does_not_have_is_found_before_it_is_written(office):
    seen = office.probe(
        "image-owner", scope="machine", machine=MACHINE, image_owner="root", image_group="no-such"
    )
    assert [(found.level, NODE in found.text) for found in seen.findings] == [("error", True)]
    seen = office.probe("image-owner", scope="site", image_owner="root", image_group="root")
    assert [found.level for found in seen.findings] == ["ok"]


def test_the_timetable_is_foretold_and_the_original_brokers_limits_are_told(office):
    fields = {"minute": "*/5", "hour": "3", "day": "*", "month": "*", "weekday": "*"}
    seen = office.probe("timetable", **fields)
    assert [found.level for found in seen.findings] == ["ok", "warning"]
    seen = office.probe("timetable", **{**fields, "day": "31", "month": "2"})
    assert [found.level for found in seen.findings] == ["error"]
