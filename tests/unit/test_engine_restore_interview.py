"""The questions of a restore: only those that apply, each of the deployment's reachable."""

import pytest

from config.answers import check_value, unanswered
from config.errors import InvalidInput
from config.interviews.hosted_engine.interview import DEPLOY
from config.interviews.hosted_engine_restore import ARCHIVE, BACKUP, RESTORE, archive_of
from tests.unit import engine_restore_support as world

DATABASES = {"database_name", "database_user", "database_password"}
HISTORY = {"history_name", "history_user", "history_password"}
SERVER = {"database_port", "database_tls"}
OTHER_SERVER = {"history_host", "history_port", "history_tls"}


def asked(answers):
    return [question.name for question in RESTORE.asked(world.complete(answers))]


@pytest.mark.parametrize("answers", [world.ANSIBLE, world.CLASSIC, world.MACHINE])
def test_these_answers_are_enough(answers):
    assert [question.name for question in unanswered(RESTORE, answers)] == []


def test_every_question_of_the_deployment_can_be_reached_but_the_one_that_the_archive_answers():
    assert set(DEPLOY.names) - set(RESTORE.names) == {BACKUP}


def test_onto_a_machine_that_is_there_nothing_of_the_deployment_is_asked():
    assert set(asked(world.MACHINE)) & set(DEPLOY.names) == set()


def test_the_newer_tool_is_asked_about_its_restore_and_takes_the_name_from_the_backup():
    names = asked(world.ANSIBLE)
    assert {"renew_pki", "pause_on_restore"} <= set(names)
    assert "fqdn" not in names
    assert not {"databases", "scope", "renew_certificates"} & set(names)


def test_the_older_tool_leaves_databases_and_engine_setup_to_us():
    names = set(asked(world.CLASSIC))
    assert {"fqdn", "databases", "scope", "renew_certificates"} <= names
    assert not (DATABASES | HISTORY | {"database_host"}) & names


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"databases": "manual"}, DATABASES | SERVER | {"has_history"}),
        (
            {"databases": "manual", "has_history": True},
            DATABASES | SERVER | HISTORY | {"has_history"},
        ),
        ({"databases": "remote", "scope": "db"}, DATABASES | SERVER | {"database_host"}),
        ({"databases": "remote", "scope": "dwhdb"}, HISTORY | SERVER | {"database_host"}),
        (
            {"databases": "remote", "has_history": True},
            DATABASES | SERVER | HISTORY | OTHER_SERVER | {"database_host", "has_history"},
        ),
        ({"databases": "automatic", "scope": "db"}, set()),
        ({"databases": "manual", "scope": "db-alone"}, DATABASES | SERVER),
        ({"databases": "manual", "scope": "dwhdb-alone"}, HISTORY | SERVER),
        ({"databases": "automatic", "scope": "dwhdb-alone"}, set()),
    ],
)
def test_databases_are_asked_about_as_far_as_they_are_made_here(changes, wanted):
    every = DATABASES | SERVER | HISTORY | OTHER_SERVER | {"has_history", "database_host"}
    assert set(asked(world.MACHINE | changes)) & every == wanted


def test_the_warehouse_s_server_is_the_engine_s_where_nothing_else_is_answered():
    answers = world.MACHINE | {
        "databases": "remote", "database_host": "db.example.org", "database_port": 5433,
        "database_tls": "encrypted", "has_history": True,
    }  # fmt: skip
    known = world.complete(answers)
    assert [known[name] for name in sorted(OTHER_SERVER)] == ["db.example.org", 5433, "encrypted"]
    assert world.complete(world.MACHINE | {"databases": "manual"})["database_port"] == 5432


KEYCLOAK = {"keycloak_name", "keycloak_user", "keycloak_password"}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"databases": "automatic"}, set()),
        ({"databases": "manual"}, {"other_databases"}),
        ({"databases": "manual", "scope": "db"}, set()),
        ({"databases": "manual", "other_databases": ("keycloakdb",)},
         KEYCLOAK | {"other_databases"}),
        ({"databases": "remote", "other_databases": ("keycloakdb",)},
         KEYCLOAK | {"other_databases", "keycloak_host", "keycloak_port", "keycloak_tls"}),
    ],
)  # fmt: skip
def test_another_database_is_asked_about_once_it_was_chosen(changes, wanted):
    others = ("other_", "keycloak_", "cinderlib_", "reports_", "managedblock_")
    found = {name for name in asked(world.MACHINE | changes) if name.startswith(others)}
    assert found == wanted


@pytest.mark.parametrize(
    ("way", "usual"), [("automatic", "restore"), ("manual", "leave"), ("remote", "leave")]
)
def test_permissions_have_a_default_that_fits_how_the_databases_are_made(way, usual):
    known = world.complete(world.MACHINE | {"databases": way})
    assert known["permissions"] == usual
    assert "permissions" not in asked(world.ANSIBLE)


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_a_number_that_is_no_port_is_refused(port):
    with pytest.raises(InvalidInput, match="no port"):
        check_value(RESTORE.question("history_port"), port, {})


@pytest.mark.parametrize("scope", ["db-alone", "dwhdb-alone"])
def test_a_database_alone_goes_to_a_machine_that_is_there_and_to_no_new_one(scope):
    question = RESTORE.question("scope")
    check_value(question, scope, world.complete(world.MACHINE))
    with pytest.raises(InvalidInput, match="a new machine has no files"):
        check_value(question, scope, world.complete(world.CLASSIC))
    chosen = next(c for c in question.choices_for(world.MACHINE) if c.value == scope)
    assert chosen.note


def test_the_file_of_an_archive_is_asked_where_it_is_none_of_the_list():
    answers = world.MACHINE | {"archive": "file", "archive_file": "/root/engine.backup"}
    assert "archive_file" in asked(answers)
    assert archive_of(answers) == "/root/engine.backup"
    assert "archive_file" not in asked(world.MACHINE)


@pytest.mark.parametrize("value", ["file", "/root/a", "store:/a/b"])
def test_an_archive_is_a_server_and_a_path_or_a_path(value):
    check_value(ARCHIVE, value, {})


@pytest.mark.parametrize("value", ["a.backup", "store:a", ":/a", "../a"])
def test_anything_else_is_refused_as_an_archive(value):
    with pytest.raises(InvalidInput, match="names no archive"):
        check_value(ARCHIVE, value, {})


def test_data_centre_and_cluster_have_no_default_where_a_backup_brings_its_own():
    answers = {
        name: v for name, v in world.ANSIBLE.items() if name not in ("cluster", "data_center")
    }
    assert {q.name for q in unanswered(RESTORE, answers)} == {"cluster", "data_center"}


def test_a_new_machine_never_runs_engine_setup_before_the_backup_is_in_it():
    question = RESTORE.question("execute_engine_setup")
    assert question.default_for(world.complete(world.CLASSIC)) is False
    assert RESTORE.question("automate_shutdown").default_for({}) is False
    check_value(question, False, world.CLASSIC)
    with pytest.raises(InvalidInput, match="must not run at first boot"):
        check_value(question, True, world.CLASSIC)
