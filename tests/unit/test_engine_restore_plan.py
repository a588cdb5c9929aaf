"""The plan of each variant: a pure function, the guide's order, its point of no return."""

from dataclasses import replace

import pytest

from config.errors import InvalidInput, Refused
from config.interviews.hosted_engine_restore import RESTORE
from steps.conflicts import Decision, Resolution
from steps.hosted_engine.archive.engine_files import DatabaseThere
from steps.hosted_engine.archive.problems import Problem
from steps.hosted_engine.restore.conflict_set import restore_conflicts
from steps.hosted_engine.restore.restore_job import restore_job
from steps.hosted_engine.restore.restore_plan import restore_plan
from tests.unit import engine_restore_support as world

NEW = {"variant": "new-hardware", "host": world.OTHER_HOST, "host_name": "new"}


def suggested(given, survey, site):
    found = restore_conflicts(site, given, survey.to_json())
    return {row.id: Resolution(row.default or Decision.ACCEPT) for row in found.rows}


def planned(answers, look=world.KNOWN_HOST, **survey):
    given, site = world.complete(answers), world.a_site()
    seen = world.a_survey(given, look, **survey)
    resolutions = suggested(given, seen, site)
    return (
        restore_plan(site, given, resolutions, seen.to_json()),
        restore_job(site, given, resolutions, seen),
    )


def names(plan):
    return [step.name for step in plan.steps]


def test_the_newer_tool_gets_the_archive_and_restores_it_itself():
    plan, job = planned(world.ANSIBLE)
    order = ["archive.same", "archive.bring", "host.check", "tool.start", "tool.follow",
             "engine.status", "engine.trust", "host.active", "storage.up", "restore.found",
             "host.tidy", "archive.remove"]  # fmt: skip
    assert [name for name in names(plan) if name in order] == order
    assert plan.point_of_no_return == "tool.follow"
    assert job.deploy.options == (f"--restore-from-file={job.archive_on_host}",)
    assert f"OVEHOSTED_CORE/restoreFromFile=str:{job.archive_on_host}" in job.deploy.answer_file
    assert "OVEHOSTED_CORE/renewPKIonRestore=bool:False" in job.deploy.answer_file
    assert "OVEHOSTED_ENGINE/appHostName=str:hosted_engine_1" in job.deploy.answer_file
    assert not any(name.startswith("make-way") for name in names(plan))


def test_the_older_tool_waits_while_the_machine_is_restored_and_the_failover_host_removed():
    plan, job = planned(world.CLASSIC)
    order = ["tool.start", "tool.hold", "machine.reach", "archive.bring", "engine.trust",
             "make-way.hosted_engine_1", "tool.continue", "engine-machine.down", "tool.follow",
             "host.high-availability", "host.maintenance", "host.active", "storage.up",
             "rebooted.hosted_engine_2", "machines.down", "restore.found"]  # fmt: skip
    assert [name for name in names(plan) if name in order] == order
    assert plan.point_of_no_return == "tool.hold"
    assert job.deploy.expect_time_out
    assert job.machine.fence_delay == 86400


def test_on_new_hardware_no_host_is_removed_and_all_old_ones_are_asked_about():
    plan, _job = planned(world.CLASSIC | NEW, world.NEW_HOST)
    assert not any(name.startswith("make-way") for name in names(plan))
    assert [n for n in names(plan) if n.startswith("rebooted")] == [
        f"rebooted.hosted_engine_{n}" for n in (1, 2, 3)
    ]


def test_hosts_that_are_to_be_left_are_not_asked_about():
    plan, _job = planned(world.CLASSIC | {"old_hosts": "leave"})
    assert not any(name.startswith("rebooted") for name in names(plan))


def test_onto_a_machine_that_is_there_nothing_is_deployed():
    plan, _job = planned(world.MACHINE)
    assert not any(name.startswith(("tool", "host", "make-way")) for name in names(plan))
    order = ["archive.same", "machine.reach", "archive.bring", "engine.trust",
             "rebooted.hosted_engine_1", "machines.down", "restore.found"]  # fmt: skip
    assert [name for name in names(plan) if name in order] == order
    assert plan.object == f"{world.FQDN} onto {world.FQDN}"


@pytest.mark.parametrize("answers", [world.ANSIBLE, world.CLASSIC, world.MACHINE])
def test_every_step_has_a_name_of_its_own_and_says_what_it_would_type(answers):
    plan, _job = planned(answers)
    assert len(set(names(plan))) == len(names(plan))
    assert len({phase.name for phase in plan.phases}) == len(plan.phases)
    for step in plan.steps:
        assert step.commands(), step.name
        assert step.title, step.name
    shown = dict(plan.settings)
    assert shown["Backup"] == world.ARCHIVE
    assert plan.confirm_by_typing


def test_a_host_of_the_old_engine_is_cleaned_up_first_and_from_there_is_no_way_back():
    plan, _job = planned(world.ANSIBLE, replace(world.KNOWN_HOST, deployed=True))
    assert plan.point_of_no_return == "host.clean-up"
    order = names(plan)
    assert order.index("archive.bring") < order.index("host.clean-up") < order.index("host.check")


def test_the_same_answers_and_survey_make_the_same_plan():
    first, second = (planned(world.ANSIBLE)[0] for _ in range(2))
    assert [list(step.commands()) for step in first.steps] == [
        list(step.commands()) for step in second.steps
    ]
    assert first.settings == second.settings


def test_databases_made_by_hand_have_their_passwords_among_the_secrets_of_the_interview():
    answers = world.MACHINE | {
        "databases": "remote", "database_host": world.SERVER, "has_history": True,
        "database_password": world.PASSWORD, "history_password": world.PASSWORD,
    }  # fmt: skip
    _plan, job = planned(answers)
    places = {place.scope: place for place in job.machine.places}
    assert (places["db"].host, places["db"].server) == (world.SERVER, world.SERVER)
    assert {place.secret for place in places.values()} == {"database_password", "history_password"}
    assert set(job.machine.secrets) <= set(RESTORE.names)


REMOTE = world.MACHINE | {
    "databases": "remote", "database_host": world.SERVER, "database_name": "eng",
    "database_user": "alice", "has_history": True, "history_name": "hist", "history_user": "bob",
    "database_password": world.PASSWORD, "history_password": world.PASSWORD,
}  # fmt: skip


def placed(answers):
    _plan, job = planned(answers)
    return [
        (p.scope, p.host, p.port, p.name, p.user, p.server, p.secured, p.validated)
        for p in job.machine.places
    ]


def test_answers_of_before_place_both_databases_on_the_one_host_as_before():
    assert placed(REMOTE) == [
        ("db", world.SERVER, 5432, "eng", "alice", world.SERVER, False, False),
        ("dwhdb", world.SERVER, 5432, "hist", "bob", world.SERVER, False, False),
    ]
    only = {"scope": "dwhdb", "history_password": world.PASSWORD}
    assert placed(REMOTE | only) == [
        ("dwhdb", world.SERVER, 5432, "hist", "bob", world.SERVER, False, False)
    ]


def test_each_database_goes_to_its_own_server_over_its_own_kind_of_connection():
    assert placed(REMOTE | {
        "database_host": "localhost", "database_tls": "encrypted",
        "history_host": "far.example.org", "history_port": 6543, "history_tls": "validated",
    }) == [
        ("db", "localhost", 5432, "eng", "alice", world.FQDN, True, False),
        ("dwhdb", "far.example.org", 6543, "hist", "bob", "", True, True),
    ]  # fmt: skip


WITH_KEYCLOAK = ("files", "db", "dwhdb", "keycloakdb")


@pytest.mark.parametrize("chosen", [(), ("keycloakdb",)])
def test_another_database_is_placed_by_answers_or_made_by_engine_backup(chosen):
    answers = REMOTE | {
        "other_databases": chosen, "keycloak_host": "localhost", "keycloak_name": "kc",
        "keycloak_user": "kc_user", "keycloak_password": world.PASSWORD,
    }  # fmt: skip
    plan, job = planned(answers, inspection=world.an_inspection(scopes=WITH_KEYCLOAK))
    place = next(place for place in job.machine.places if place.scope == "keycloakdb")
    (line,) = [
        c for s in plan.steps if s.name == "restore.run" for c in s.commands() if "=all" in c
    ]
    if not chosen:
        assert "--provision-keycloak-db" in line
        return
    assert (place.host, place.name, place.user, place.server) == (
        "localhost", "kc", "kc_user", world.FQDN,
    )  # fmt: skip
    assert "--keycloak-db-name=kc --keycloak-db-user=kc_user --keycloak-db-passfile=/" in line
    assert job.machine.secrets["keycloak_password"]
    assert "database.make.keycloakdb" in names(plan)


def test_server_access_and_firewall_are_those_of_each_database_s_own_host():
    plan, _job = planned(REMOTE | {"history_host": world.FQDN, "history_port": 5433})
    assert [name for name in names(plan) if name.startswith("database.")] == [
        f"database.server.{world.SERVER}", "database.make.db",
        f"database.access.{world.SERVER}", f"database.firewall.{world.SERVER}",
        f"database.server.{world.FQDN}", "database.make.dwhdb",
        f"database.access.{world.FQDN}", f"database.firewall.{world.FQDN}",
        "database.prove.db", "database.prove.dwhdb",
    ]  # fmt: skip
    lines = {s.name: "\n".join(s.commands()) for s in plan.steps}
    assert "--dport 5432" in lines[f"database.firewall.{world.SERVER}"]
    assert "--dport 5433" in lines[f"database.firewall.{world.FQDN}"]
    assert "eng alice" in lines[f"database.access.{world.SERVER}"]
    assert "hist bob" not in lines[f"database.access.{world.SERVER}"]


@pytest.mark.parametrize(
    ("answers", "flag"),
    [
        ({}, "--restore-permissions"),
        ({"permissions": "leave"}, "--no-restore-permissions"),
        (REMOTE, "--no-restore-permissions"),
        (REMOTE | {"permissions": "restore"}, "--restore-permissions"),
    ],
)
def test_exactly_the_permissions_flag_that_was_chosen_is_given(answers, flag):
    plan, _job = planned(world.MACHINE | answers)
    (line,) = [
        line
        for step in plan.steps
        for line in step.commands()
        if step.name == "restore.run" and "--mode=restore" in line
    ]
    assert [word for word in line.split() if word.endswith("restore-permissions")] == [flag]


def test_a_database_alone_keeps_in_mind_whose_its_tables_were_and_not_where_it_was():
    there = DatabaseThere("db", "far.example.org", 5433, "engine", "engine", secured=True)
    answers = world.MACHINE | {"scope": "db-alone"}
    inspection = world.an_inspection(databases=(there,))
    assert planned(answers, inspection=inspection)
    other = {"databases": "manual", "database_user": "alice", "permissions": "restore"}
    with pytest.raises(Refused, match="belonged to engine"):
        planned(answers | other | {"database_password": world.PASSWORD}, inspection=inspection)


def test_one_server_of_the_site_is_not_asked_for_at_two_ports():
    with pytest.raises(InvalidInput, match="at port 5433"):
        planned(REMOTE | {"history_port": 5433})


@pytest.mark.parametrize(
    ("was", "says"),
    [
        ({"port": 5433}, "its port was 5433"),
        ({"secured": True}, "its connection was secured"),
        ({"host": "db.example.org"}, "it was on db.example.org"),
    ],
)
def test_engine_backup_is_not_asked_to_make_what_it_cannot(was, says):
    there = DatabaseThere("db", **({"host": "localhost", "port": 5432, "name": "engine"} | was))
    inspection = world.an_inspection(databases=(there,))
    with pytest.raises(Refused, match=says):
        planned(world.MACHINE, inspection=inspection)
    answers = {"databases": "manual", "database_password": world.PASSWORD, "scope": "db"}
    assert planned(world.MACHINE | answers, inspection=inspection)


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        ("db", ("files", "db")),
        ("dwhdb", ("files", "dwhdb")),
        ("all", ()),
        ("db-alone", ("db",)),
        ("dwhdb-alone", ("dwhdb",)),
    ],
)
def test_the_scope_is_what_was_chosen(scope, wanted):
    _plan, job = planned(world.MACHINE | {"scope": scope})
    assert job.machine.choice.scopes == wanted


@pytest.mark.parametrize("scope", ["dwhdb", "dwhdb-alone"])
def test_where_the_engine_s_database_stays_no_host_and_no_machine_is_touched(scope):
    plan, job = planned(world.MACHINE | {"scope": scope})
    touched = ("rebooted", "machines", "engine.trust", "restore.found", "setup.fence")
    assert not any(name.startswith(touched) for name in names(plan))
    assert {"restore.run", "setup.engine-up", "machine.tidy"} <= set(names(plan))
    assert job.machine.fence_delay is None


@pytest.mark.parametrize("scopes", [("dwhdb",), ("files", "dwhdb")])
def test_an_archive_of_the_history_alone_is_enough_for_the_history(scopes):
    problem = Problem("no-database", "The archive holds no database of the engine.", "Use another.")
    inspection = world.an_inspection(scopes=scopes, problems=(problem,), fit_for_restore=False)
    plan, _job = planned(world.MACHINE | {"scope": "dwhdb-alone"}, inspection=inspection)
    (line,) = [c for step in plan.steps if step.name == "restore.run" for c in step.commands()]
    assert "--scope=dwhdb " in line
    with pytest.raises(Refused, match="no database of the engine"):
        planned(world.MACHINE, inspection=inspection)


def test_an_archive_on_this_machine_is_taken_from_here():
    from steps.hosted_engine.restore.archive_place import ArchivePlace

    place = ArchivePlace("", "/root/engine.backup")
    plan, _job = planned(world.ANSIBLE, place=place)
    bring = next(step for step in plan.steps if step.name == "archive.bring")
    assert bring.commands()[0].startswith("scp -p /root/engine.backup h1.example.org:")


def test_an_installed_engine_on_the_machine_is_what_the_command_is_made_for():
    look = replace(world.NEW_HOST, installed="4.5.7", name="")
    _plan, job = planned(world.MACHINE, look)
    assert job.machine.version.text == "4.5.7"
