"""The command that restores an archive: each row of the table, and what is refused beforehand."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidInput, Refused, RekindleError
from steps.hosted_engine.archive.version import Version
from steps.hosted_engine.machine_restore.databases import KINDS, automatic, manual
from steps.hosted_engine.machine_restore.restore_command import (
    ArchiveHolds,
    DatabaseSettings,
    Paths,
    Permissions,
    RestoreChoice,
    restore_command,
)

FULL = ("files", "db", "dwhdb")
PATHS = Paths(
    "/w/archive", "/var/log/r.log",
    {"db": "/w/p-engine", "dwhdb": "/w/p-dwh", "keycloakdb": "/w/k",
     "cinderlibdb": "/w/c", "reportsdb": "/w/r"},
)  # fmt: skip
BASE = ["engine-backup", "--mode=restore"]
FILES = ["--file=/w/archive", "--log=/var/log/r.log"]


def command(holds, choice, installed="4.5.7", paths=PATHS):
    return restore_command(holds, Version.parse(installed), choice, paths)


def holds(version="4.5.7", scopes=FULL, **databases):
    return ArchiveHolds(version, scopes, databases)


def change(prefix, host, port, name, user, passfile):
    option = f"--{prefix}db"
    return [
        f"--change-{prefix}db-credentials", f"{option}-host={host}", f"{option}-port={port}",
        f"{option}-name={name}", f"{option}-user={user}", f"{option}-passfile={passfile}",
    ]  # fmt: skip


ENGINE = change("", "localhost", 5432, "engine", "engine", "/w/p-engine")
DWH = change(
    "dwh-", "db.example.org", 5433, "ovirt_engine_history", "ovirt_engine_history", "/w/p-dwh"
)
AT_HOME = manual("db")
SECURED = manual("db", host="pg.example.org", port=6432, secured=True, validated=True)
ENCRYPTED = manual("dwhdb", host="dwh.example.org", secured=True)
AWAY = manual("dwhdb", host="db.example.org", port=5433, server="db-01")


@pytest.mark.parametrize(
    ("scopes", "installed", "choice", "options", "flag"),
    [
        (FULL, "3.6.7", RestoreChoice((automatic("db"), automatic("dwhdb"))),
         ["--scope=all", "--provision-db", "--provision-dwh-db"], "--restore-permissions"),
        (("files", "db"), "4.0.6", RestoreChoice((automatic("db"),)),
         ["--scope=all", "--provision-db"], "--restore-permissions"),
        ((*FULL, "keycloakdb", "grafanadb"), "4.5.7",
         RestoreChoice((automatic("db"), automatic("dwhdb"), automatic("keycloakdb"))),
         ["--scope=all", "--provision-all-databases"], "--restore-permissions"),
        (FULL, "4.5.7", RestoreChoice((AT_HOME, AWAY)),
         ["--scope=all", *ENGINE, *DWH], "--no-restore-permissions"),
        (FULL, "4.5.7", RestoreChoice((automatic("db"), AWAY)),
         ["--scope=all", "--provision-db", *DWH], "--no-restore-permissions"),
        (FULL, "4.5.7", RestoreChoice((AT_HOME,), ("files", "db")),
         ["--scope=files", "--scope=db", *ENGINE], "--no-restore-permissions"),
        (FULL, "4.5.7", RestoreChoice((AWAY,), ("files", "dwhdb")),
         ["--scope=files", "--scope=dwhdb", *DWH], "--no-restore-permissions"),
        (("db",), "4.5.7", RestoreChoice((AT_HOME,)),
         ["--scope=all", *ENGINE], "--no-restore-permissions"),
        (("dwhdb",), "4.5.7", RestoreChoice((AWAY,), ("dwhdb",)),
         ["--scope=dwhdb", *DWH], "--no-restore-permissions"),
        (FULL, "4.5.7", RestoreChoice((SECURED, ENCRYPTED)),
         ["--scope=all",
          *change("", "pg.example.org", 6432, "engine", "engine", "/w/p-engine"),
          "--db-secured", "--db-sec-validation",
          *change("dwh-", "dwh.example.org", 5432, "ovirt_engine_history",
                  "ovirt_engine_history", "/w/p-dwh"),
          "--dwh-db-secured"], "--no-restore-permissions"),
        (FULL, "4.5.7",
         RestoreChoice((manual("db", user="same"), manual("dwhdb", host="b", user="same"))),
         ["--scope=all", *change("", "localhost", 5432, "engine", "same", "/w/p-engine"),
          *change("dwh-", "b", 5432, "ovirt_engine_history", "same", "/w/p-dwh")],
         "--no-restore-permissions"),
        (FULL, "4.5.7", RestoreChoice((AT_HOME,), ("db",)),
         ["--scope=db", *ENGINE], "--no-restore-permissions"),
        (FULL, "4.5.7", RestoreChoice((automatic("db"),), ("db",)),
         ["--scope=db", "--provision-db"], "--restore-permissions"),
        (FULL, "4.5.7", RestoreChoice((automatic("dwhdb"),), ("dwhdb",)),
         ["--scope=dwhdb", "--provision-dwh-db"], "--restore-permissions"),
        (FULL, "4.5.7", RestoreChoice((), ("files",)),
         ["--scope=files"], "--no-restore-permissions"),
        (FULL, "4.5.7", RestoreChoice((AT_HOME, AWAY), permissions=Permissions.RESTORE),
         ["--scope=all", *ENGINE, *DWH], "--restore-permissions"),
        (("files", "db"), "4.5.7", RestoreChoice((automatic("db"),), (), Permissions.LEAVE),
         ["--scope=all", "--provision-db"], "--no-restore-permissions"),
    ],
    ids=[
        "guide-both", "guide-engine", "all-databases", "manual-local-and-remote", "mixed",
        "files-and-db", "files-and-dwh", "db-only-archive", "dwh-only", "two-servers-secured",
        "one-user-name-on-both", "db-alone",
        "db-alone-made", "dwh-alone-made", "files-only",
        "permissions-chosen", "permissions-left",
    ],
)  # fmt: skip
def test_each_row_gives_its_command(scopes, installed, choice, options, flag):
    version = ".".join(installed.split(".")[:2]) + ".0"
    made = command(holds(version, scopes), choice, installed)
    scope_options = [option for option in options if option.startswith("--scope=")]
    others = [option for option in options if not option.startswith("--scope=")]
    assert list(made.command) == [*BASE, *scope_options, *FILES, *others, flag]
    assert made.permissions == flag
    assert made.reason


BOTH = (automatic("db"), automatic("dwhdb"))


@pytest.mark.parametrize(
    ("has", "choice", "installed", "says"),
    [
        (holds("4.5.7"), RestoreChoice(BOTH), "4.5.6", "does not take it back"),
        (holds("3.6.7"), RestoreChoice(BOTH), "4.5.7", "does not take it back"),
        (holds("3.6.1"), RestoreChoice(BOTH), "3.6.2", "no permissions flag"),
        (holds("3.5.8"), RestoreChoice(BOTH), "3.5.8", "no permissions flag"),
        (ArchiveHolds("4.5.7", FULL, fit=False, problem="It is cut off."), RestoreChoice(BOTH),
         "4.5.7", "It is cut off."),
        (holds(scopes=("files", "db")), RestoreChoice((AWAY,), ("dwhdb",)), "4.5.7", "not dwhdb"),
        (holds(scopes=()), RestoreChoice(), "4.5.7", "holds nothing"),
        (holds(db=DatabaseSettings("db.example.org")), RestoreChoice(BOTH), "4.5.7",
         "it was on db.example.org"),
        (holds(db=DatabaseSettings("localhost", 5433)), RestoreChoice(BOTH), "4.5.7",
         "its port was 5433"),
        (holds(dwhdb=DatabaseSettings("localhost", 5432, secured=True)), RestoreChoice(BOTH),
         "4.5.7", "secured"),
        (holds("4.3.11", (*FULL, "keycloakdb")), RestoreChoice((*BOTH, automatic("keycloakdb"))),
         "4.3.11", "does not restore a Keycloak database"),
    ],
)  # fmt: skip
def test_what_engine_backup_would_refuse_too_late_is_refused_before(has, choice, installed, says):
    with pytest.raises(Refused) as caught:
        command(has, choice, installed)
    assert says in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("version", "scope", "prefix", "name", "passfile"),
    [
        ("4.5.7", "keycloakdb", "keycloak-", "ovirt_engine_keycloak", "/w/k"),
        ("4.4.10", "cinderlibdb", "cinderlib-", "ovirt_cinderlib", "/w/c"),
        ("4.3.11", "cinderlibdb", "cinderlib-", "ovirt_cinderlib", "/w/c"),
        ("3.6.7", "reportsdb", "reports-", "ovirt_engine_reports", "/w/r"),
        ("4.3.11", "reportsdb", "reports-", "ovirt_engine_reports", "/w/r"),
    ],
)
def test_any_other_database_is_placed_by_hand_beside_those_that_engine_backup_makes(
    version, scope, prefix, name, passfile
):
    has = holds(version, ("files", "db", scope))
    place = manual(scope, host="x.example.org", port=5433, secured=True, validated=True)
    made = command(has, RestoreChoice((automatic("db"), place)), version)
    assert list(made.command) == [
        *BASE, "--scope=all", *FILES, "--provision-db",
        *change(prefix, "x.example.org", 5433, name, name, passfile),
        f"--{prefix}db-secured", f"--{prefix}db-sec-validation", "--no-restore-permissions",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("version", "scope"),
    [("4.4.10", "reportsdb"), ("4.3.9", "cinderlibdb"), ("4.4.10", "keycloakdb")],
)
def test_a_database_that_this_engine_backup_does_not_know_is_refused(version, scope):
    has = holds(version, ("files", "db", scope))
    with pytest.raises(Refused, match="does not restore a"):
        command(has, RestoreChoice((manual("db"), manual(scope))), version)


def test_one_that_was_elsewhere_is_not_left_to_engine_backup():
    has = holds(scopes=("db", "keycloakdb"), keycloakdb=DatabaseSettings("far.example.org"))
    with pytest.raises(Refused, match="Keycloak database cannot be made automatically"):
        command(has, RestoreChoice((manual("db"), automatic("keycloakdb"))))


def test_permissions_are_not_restored_to_a_user_that_is_called_otherwise():
    has = holds(scopes=("files", "db"), db=DatabaseSettings("localhost", 5432, user="engine"))
    other = RestoreChoice((manual("db", user="alice"),), (), Permissions.RESTORE)
    with pytest.raises(Refused, match="belonged to engine") as caught:
        command(has, other)
    assert "call the user engine" in caught.value.remedy
    same = RestoreChoice((manual("db"),), (), Permissions.RESTORE)
    assert command(has, same).permissions == "--restore-permissions"
    assert command(has, RestoreChoice((manual("db", user="alice"),))).permissions.startswith("--no")


@pytest.mark.parametrize(
    ("choice", "paths"),
    [
        (RestoreChoice((automatic("db"),)), PATHS),
        (RestoreChoice((*BOTH, automatic("db"))), PATHS),
        (RestoreChoice((*BOTH, automatic("keycloakdb"))), PATHS),
        (RestoreChoice((manual("db", host="-h evil"), automatic("dwhdb"))), PATHS),
        (RestoreChoice((manual("db", name="a b"), automatic("dwhdb"))), PATHS),
        (RestoreChoice((manual("db", user="a'b"), automatic("dwhdb"))), PATHS),
        (RestoreChoice((manual("db", port=0), automatic("dwhdb"))), PATHS),
        (RestoreChoice((manual("db"), automatic("dwhdb"))), Paths("/a", "/l")),
        (RestoreChoice(BOTH), Paths("/same", "/same")),
        (RestoreChoice((manual("db", validated=True), automatic("dwhdb"))), PATHS),
        (RestoreChoice((manual("db", server="a"), manual("dwhdb", port=5433, server="a"))), PATHS),
    ],
    ids=[
        "no-place",
        "twice",
        "unused",
        "host",
        "name",
        "user",
        "port",
        "passfile",
        "log",
        "validated-in-the-clear",
        "two-ports",
    ],
)
def test_a_choice_that_is_not_whole_is_bad_input(choice, paths):
    with pytest.raises(InvalidInput):
        command(holds(), choice, paths=paths)


SCOPES = [kind.scope for kind in KINDS]
PASSWORDS = st.text(string.ascii_letters + string.digits + "!#%&=?", min_size=12, max_size=30)


@given(
    version=st.sampled_from(["3.6.7", "4.0.6", "4.1.0", "4.3.11", "4.4.10.7", "4.5.7"]),
    archive=st.lists(st.sampled_from(["files", "grafanadb", *SCOPES]), unique=True),
    chosen=st.sets(st.sampled_from(["files", *SCOPES])),
    ways=st.lists(st.booleans(), min_size=6, max_size=6),
    hosts=st.lists(st.sampled_from(["localhost", "db.example.org", ""]), min_size=2, max_size=2),
    permissions=st.sampled_from(list(Permissions)),
    password=PASSWORDS,
)
def test_whatever_is_chosen_there_is_one_permissions_flag_and_no_password(
    version, archive, chosen, ways, hosts, permissions, password
):
    wanted = [scope for scope in archive if scope in chosen]
    restored = wanted or archive
    places = tuple(
        automatic(scope) if way else manual(scope, user=f"user_{scope}")
        for scope, way in zip(SCOPES, ways, strict=True)
        if scope in restored
    )
    databases = {s: DatabaseSettings(h) for s, h in zip(("db", "dwhdb"), hosts, strict=True) if h}
    paths = Paths("/w/archive", "/l", {s: f"/w/{s}" for s in SCOPES})
    try:
        made = command(
            ArchiveHolds(version, tuple(archive), databases),
            RestoreChoice(places, tuple(wanted), permissions), version, paths,
        )  # fmt: skip
    except RekindleError:
        return  # refused: another test says when
    flags = [o for o in made.command if o in ("--restore-permissions", "--no-restore-permissions")]
    assert flags == [made.permissions]
    line = " ".join(made.command)
    assert password not in line
    assert not any(part.startswith(("--db-password", "--dwh-db-password")) for part in made.command)
    provisioned = sum(part.startswith("--provision-") for part in made.command)
    changed = sum(part.startswith("--change-") for part in made.command)
    whole = "--provision-all-databases" in made.command
    assert whole or provisioned + changed == len(places)
    assert not (whole and changed)
    assert all(part.startswith("--") for part in made.command[1:])


def test_most_of_what_may_be_chosen_is_not_refused():
    made = [
        command(holds(version), RestoreChoice((way("db"), way("dwhdb")), scopes), version,
                Paths("/a", "/l", {"db": "/e", "dwhdb": "/d"}))
        for version in ("3.6.7", "4.1.0", "4.5.7")
        for way in (automatic, manual)
        for scopes in ((), FULL, ("db", "dwhdb"))
    ]  # fmt: skip
    assert len({one.command for one in made}) == 6
