"""What must be settled before an engine is restored: each risk a row, and what stops it anyway."""

from dataclasses import replace

import pytest

from config.errors import InvalidInput, Refused
from steps.conflicts import Decision, Desk, Resolution
from steps.hosted_engine.archive.engine_model import EngineModel
from steps.hosted_engine.archive.problems import Problem
from steps.hosted_engine.restore.conflict_set import name_in_portal, restore_conflicts
from steps.hosted_engine.restore.survey import compared
from tests.unit import engine_restore_support as world

USE, ACCEPT, STOP = (
    Resolution(d) for d in (Decision.USE_FAILOVER_HOST, Decision.ACCEPT, Decision.STOP)
)
FAILOVER_ROW = "host.hosted_engine_1"


def conflicts(answers=world.ANSIBLE, site=None, **survey):
    given = world.complete(answers)
    seen = world.a_survey(given, **survey)
    return restore_conflicts(site or world.a_site(), given, seen.to_json())


def row(found, name):
    return next(row for row in found.rows if row.id == name)


def codes(found, resolutions=None):
    return {block.code for block in found.blocking(resolutions or {})}


def test_the_failover_host_is_a_row_and_its_suggestion_is_to_use_it():
    found = conflicts()
    failover = row(found, FAILOVER_ROW)
    assert failover.default is Decision.USE_FAILOVER_HOST
    assert failover.allowed == (Decision.USE_FAILOVER_HOST, Decision.STOP)
    assert "same name in the portal, the same full name, the same address, the same hardware" in (
        failover.values["now"].replace("the same name", "same name", 1)
    )
    assert "another name alone does not help" in failover.refused[Decision.CUSTOM]
    assert FAILOVER_ROW in found.still_open({})


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        (world.host(1), "it was Up at the backup, not in maintenance"),
        (world.host(1, status_name="Maintenance", vms=2), "not certainly empty"),
        (world.host(1, status_name="Maintenance", vms=0, he_configured=False), "no hosted-engine"),
    ],
)
def test_a_host_that_was_not_made_free_cannot_be_used_and_the_row_says_why(host, reason):
    model = EngineModel(hosts=(host, world.host(2)), vms=world.MODEL.vms)
    found = conflicts(inspection=world.an_inspection(model))
    failover = row(found, FAILOVER_ROW)
    assert reason in failover.refused[Decision.USE_FAILOVER_HOST]
    assert failover.allowed == (Decision.STOP,)
    assert found.still_open({}) == ["machines.left-up"]
    assert f"{FAILOVER_ROW}-stop" in codes(found)


def test_only_the_name_in_common_may_be_settled_by_another_name_that_is_free():
    answers = world.ANSIBLE | {"variant": "new-hardware", "host": world.OTHER_HOST}
    look = replace(world.NEW_HOST, name="hosted_engine_2")
    found = conflicts(answers, look=look)
    name = next(r.id for r in found.rows if r.id.startswith("host."))
    assert row(found, name).allowed == (Decision.CUSTOM, Decision.STOP)
    with pytest.raises(InvalidInput, match="has a host"):
        found.check(name, Resolution(Decision.CUSTOM, "HOSTED_ENGINE_3"))
    desk = Desk(found)
    desk.decide(name, Resolution(Decision.CUSTOM, "node-9"))
    assert found.result(name, desk.decided) == "named node-9"
    given = world.complete(answers)
    assert name_in_portal(given, world.a_survey(given, look), desk.decided) == "node-9"


def test_what_the_newer_tool_would_miss_is_told_and_settled_by_the_old_name():
    look = replace(world.KNOWN_HOST, name="another", hardware_uuid="")
    given = world.complete(world.ANSIBLE)
    found = conflicts(look=look)
    assert "tool itself would miss this" in row(found, FAILOVER_ROW).note
    survey = world.a_survey(given, look)
    assert name_in_portal(given, survey, {FAILOVER_ROW: USE}) == "hosted_engine_1"


def test_nothing_goes_on_while_a_row_is_open_and_stop_stops():
    found = conflicts()
    desk = Desk(found)
    for open_row in list(found.still_open({})):
        desk.decide(open_row, Resolution(row(found, open_row).default))
    assert (found.still_open(desk.decided), codes(found, desk.decided)) == ([], set())
    desk.decide("machines.left-up", STOP)
    assert codes(found, desk.decided) == {"machines.left-up-stop"}


def test_a_decision_that_is_no_choice_of_the_row_is_refused():
    with pytest.raises(Refused, match="no choice for this row"):
        conflicts().check("machines.left-up", Resolution(Decision.KEEP_BACKUP))


def test_the_machines_that_stay_up_are_named_with_their_hosts():
    assert row(conflicts(), "machines.left-up").values["backup"] == "web01 on hosted_engine_2 (Up)"


def test_power_fencing_is_a_row_where_engine_setup_is_run_here_and_a_warning_where_the_tool_does():
    fenced = row(conflicts(world.CLASSIC), "power.fence")
    assert fenced.default is Decision.PREVENT
    assert (fenced.values["backup"], fenced.values["now"][:5]) == ("hosted_engine_3", "300 s")
    newer = conflicts()
    assert "power.fence" not in [r.id for r in newer.rows]
    assert "fencing-held-off" in {warning.code for warning in newer.warnings}


def test_an_engine_that_still_answers_must_be_settled():
    look = replace(world.KNOWN_HOST, engine_alive="http://engine says 'DB Up'")
    alive = row(conflicts(look=look), "engine.alive")
    assert alive.default is None
    assert alive.allowed == (Decision.ACCEPT, Decision.STOP)


def test_a_host_that_carries_an_old_engine_is_cleaned_up_or_the_restore_stops():
    deployed = row(conflicts(look=replace(world.KNOWN_HOST, deployed=True)), "host.deployed")
    assert deployed.allowed == (Decision.PREVENT, Decision.STOP)


def test_a_data_warehouse_that_the_archive_lacks_is_a_row():
    inspection = world.an_inspection(scopes=("files", "db"))
    assert row(conflicts(inspection=inspection), "scope.dwh").allowed == (
        Decision.ACCEPT, Decision.STOP,
    )  # fmt: skip
    assert "scope.dwh" not in [r.id for r in conflicts().rows]


def test_a_storage_domain_of_the_same_name_is_a_row_with_the_older_tool():
    found = conflicts(world.CLASSIC | {"storage_domain_name": "Hosted_Storage"})
    assert row(found, "storage.name").values["backup"] == "hosted_storage at nas:/he"
    assert "storage.name" not in [r.id for r in conflicts(world.CLASSIC).rows]


@pytest.mark.parametrize(
    ("survey", "answers", "code"),
    [
        ({"look": replace(world.KNOWN_HOST, installed="4.4.10")}, {}, "version-refused"),
        ({"look": replace(world.KNOWN_HOST, installed="4.5.6")}, {}, "version-refused"),
        ({}, {"storage_connection": "nas:/he/"}, "storage-in-use"),
        ({"look": world.NEW_HOST}, {}, "no-failover-host"),
        (
            {"inspection": world.an_inspection(problems=(Problem("hash-mismatch", "It is.", ""),))},
            {},
            "hash-mismatch",
        ),
    ],
)
def test_what_no_decision_settles_blocks_whatever_is_chosen(survey, answers, code):
    assert code in codes(conflicts(world.ANSIBLE | answers, **survey))


def test_a_package_that_tells_only_its_release_takes_every_backup_of_it():
    assert codes(conflicts()) == set()


def test_an_engine_of_another_name_blocks():
    assert "engine-name" in codes(conflicts(world.CLASSIC | {"fqdn": "other.example.org"}))


def test_a_site_that_does_not_say_how_engine_or_machine_are_reached_blocks():
    site = world.a_site()
    assert "no-engine" in codes(conflicts(site=replace(site, engine=None)))
    alone = replace(site, engine=replace(site.engine, machine=None))
    assert "no-engine-machine" in codes(conflicts(world.CLASSIC, site=alone))
    assert codes(conflicts(site=alone)) == set()


def test_an_old_backup_and_hosts_to_be_deployed_again_are_told():
    inspection = world.an_inspection(backup_time="2026-10-01T04:00:00Z")
    told = {warning.code: warning.message for warning in conflicts(inspection=inspection).warnings}
    assert "57 days ago" in told["old"]
    assert "hosted_engine_2" in told["hosts-again"]


def test_onto_a_machine_that_is_there_no_host_is_in_the_way():
    found = conflicts(world.MACHINE)
    assert [r.id for r in found.rows] == ["machines.left-up", "power.fence"]


ALONE = replace(world.NEW_HOST, installed="4.5.7", name="", settings=("db",))


@pytest.mark.parametrize(
    ("scope", "scopes", "settings", "code"),
    [
        ("db-alone", ("db",), ("db",), None),
        ("dwhdb-alone", ("dwhdb",), ("db", "dwhdb"), None),
        ("db-alone", ("files", "db"), None, None),
        ("db-alone", ("files", "db"), (), "files-not-there"),
        ("dwhdb-alone", ("dwhdb",), ("db",), "files-not-there"),
        ("dwhdb-alone", ("files", "db"), ("dwhdb",), "no-history"),
        ("db", ("db",), ("db",), "files-not-in-archive"),
        ("all", ("db",), (), "files-not-there"),
        ("all", ("db",), ("db",), None),
    ],
)
def test_a_database_alone_needs_itself_in_the_archive_and_its_files_on_the_machine(
    scope, scopes, settings, code
):
    inspection = world.an_inspection(scopes=scopes)
    look = replace(ALONE, settings=settings)
    found = codes(conflicts(world.MACHINE | {"scope": scope}, inspection=inspection, look=look))
    assert found == ({code} if code else set())


def test_a_new_machine_is_not_restored_from_an_archive_without_files():
    inspection = world.an_inspection(scopes=("db", "dwhdb"))
    assert "files-not-there" in codes(conflicts(world.CLASSIC, inspection=inspection))


def test_where_the_engine_s_database_stays_its_machines_and_hosts_are_no_risk():
    assert conflicts(world.MACHINE | {"scope": "dwhdb-alone"}, look=ALONE).rows == ()


def test_an_old_host_that_was_added_by_its_name_is_found_by_where_that_name_leads():
    look = replace(world.NEW_HOST, addresses=("198.51.100.7",))
    inspection = world.an_inspection()
    assert compared(inspection, look, world.ANSIBLE).conflicts == ()
    asked = []

    def lookup(names):
        asked.extend(names)
        return {name: ("198.51.100.7",) if name.startswith("h2.") else () for name in names}

    (found,) = compared(inspection, look, world.ANSIBLE, lookup).conflicts
    assert (found.host, found.matches) == ("hosted_engine_2", ("ip",))
    assert "h2.example.org" in asked


def test_names_of_which_nobody_tells_where_they_lead_are_told():
    def silent(names):
        return dict.fromkeys(names)

    seen = compared(world.an_inspection(), world.NEW_HOST, world.ANSIBLE, silent)
    assert "names-unknown" not in {warning.code for warning in conflicts().warnings}
    given = world.complete(world.ANSIBLE)
    survey = replace(world.a_survey(given, world.NEW_HOST), inspection=seen)
    found = restore_conflicts(world.a_site(), given, survey.to_json())
    told = {w.code: w.message for w in found.warnings}["names-unknown"]
    assert "h1.example.org, h2.example.org, h3.example.org" in told


def test_another_database_that_the_archive_lacks_cannot_be_placed():
    answers = world.MACHINE | {"databases": "manual", "other_databases": ("keycloakdb",)}
    assert codes(conflicts(answers, look=ALONE)) == {"no-keycloakdb"}
