"""Looking for archives and into one: on a server or here, with what is kept for the next look."""

import json

import pytest

from config.errors import InvalidInput
from config.paths import cache_folder
from config.site import BackupServer, EngineHost, ShellAccess
from steps.hosted_engine.backup.record import Record, Summary
from steps.hosted_engine.engine_health import Health
from steps.hosted_engine.known_hosts import Inventory, KnownHost
from steps.hosted_engine.restore import archive_look, newcomer_look, probes
from steps.hosted_engine.restore.archive_look import look_into
from steps.hosted_engine.restore.probes import restore_probes
from steps.hosted_engine.restore.survey import RestoreSurvey, survey
from steps.procedure import ProbeInput
from steps.targets.local import LocalShell
from tests.engine_archives import FQDN, KEY, MODERN, PASSWORD, build
from tests.unit import engine_restore_support as world
from tests.unit.dump_support import CustomDump
from tests.unit.test_known_from_backup import TABLES


class Counting(LocalShell):
    """This machine as the backup server; counts what is fetched from it."""

    fetched = 0

    def get(self, remote, local, progress=None):
        type(self).fetched += 1
        return super().get(remote, local, progress)


class Targets:
    def shell(self, _name):
        return Counting()

    def close(self):
        pass


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    Counting.fetched = 0


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "backups"
    found.mkdir()
    return found


@pytest.fixture
def site(folder):
    return world.a_site(
        backup_servers=(BackupServer(world.SERVER, ShellAccess(), str(folder)),),
        engine_hosts=(EngineHost("node2", ShellAccess()),),
    )


def archive(folder, name="engine.backup"):
    dump = CustomDump(14, "zlib").dump(TABLES)
    return build(folder / name, MODERN.but(dumps={"engine_backup.db": dump}))


def asking(site, **given):
    return ProbeInput(site, given, Targets())


def on_server(site, path, **given):
    return asking(site, archive=f"{world.SERVER}:{path}", **given)


def test_archives_are_listed_newest_first_with_age_size_and_what_their_record_says(site, folder):
    path, other = archive(folder), archive(folder, "older.backup")
    (folder / "SHA256SUMS").write_text("")
    LocalShell().run(["touch", "-d", "3 days ago", str(other)])
    look = look_into(on_server(site, path))
    summary = Summary(
        "engine.backup", look.sha256, look.size, "2026-11-27T00:00:00Z", FQDN, "4.5.7",
        ("files", "db"), "hosted_engine_1", "run",
    )  # fmt: skip
    (folder / "engine.backup.json").write_text(Record(summary, look.inspection).to_text())
    probed = restore_probes()["archives"](asking(site))
    first, second, file = probed.choices
    assert (first.value, first.label) == (f"{world.SERVER}:{path}", "engine.backup")
    assert "engine 4.5.7, failover host hosted_engine_1, SHA-256 " in first.note
    assert second.note.startswith("3 days ago")
    assert "no record beside it" in second.note
    assert (file.value, probed.suggested) == ("file", first.value)


def test_an_archive_on_a_server_is_fetched_once_and_no_copy_of_it_stays(site, folder):
    path = archive(folder)
    first = look_into(on_server(site, path))
    assert look_into(on_server(site, path)) == first
    assert Counting.fetched == 1
    assert first.inventory.machines[0].macs == ("00:1a:4a:00:00:01", "00:1a:4a:00:00:02")
    for kept in cache_folder().rglob("*"):
        data = kept.read_bytes() if kept.is_file() else b""
        assert PASSWORD.encode() not in data, kept
        assert KEY.encode() not in data, kept
        assert kept.is_dir() or kept.stat().st_mode & 0o077 == 0, kept
    assert list((cache_folder() / "archives").iterdir()) == []


def test_another_file_under_the_same_name_is_looked_into_anew(site, folder):
    path = archive(folder)
    before = look_into(on_server(site, path))
    dump = CustomDump(14, "zlib").dump(TABLES)
    build(path, MODERN.but(version="4.5.8", dumps={"engine_backup.db": dump}))
    after = look_into(on_server(site, path))
    assert (before.inspection.version, after.inspection.version) == ("4.5.7", "4.5.8")


@pytest.mark.parametrize("change", ["nothing", "archive"])
def test_of_a_big_archive_its_record_tells_as_long_as_it_is_of_that_archive(
    site, folder, monkeypatch, change
):
    path = archive(folder)
    look = look_into(asking(site, archive=str(path)))
    summary = Summary(
        "engine.backup", look.sha256, look.size, "2026-11-27T00:00:00Z", FQDN, "4.5.7",
        ("files", "db"), "", "run",
    )  # fmt: skip
    (folder / "engine.backup.json").write_text(Record(summary, look.inspection).to_text())
    if change == "archive":
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    monkeypatch.setattr(archive_look, "READ_ANYWAY", 1)
    found = look_into(on_server(site, path))
    assert Counting.fetched == (change == "archive")
    assert found.inspection.fit_for_restore == (change == "nothing")


@pytest.mark.parametrize("answer", ["", "other.example.org:/x", f"{world.SERVER}:/no/such"])
def test_what_is_no_archive_is_told(site, answer):
    with pytest.raises(InvalidInput, match="no archive"):
        look_into(asking(site, archive=answer))


def test_checking_an_archive_tells_what_it_is_and_brings_the_engines_name(site, folder):
    probed = restore_probes()["archive"](on_server(site, archive(folder)))
    told = "\n".join(finding.text for finding in probed.findings)
    assert f"backup of {FQDN}, version 4.5.7" in told
    assert "2 hosts, 1 machines" in told
    assert probed.values == {"fqdn": FQDN, "vm_domain": "example.com"}


def test_a_file_that_is_no_archive_cannot_be_passed(site, folder):
    (folder / "engine.backup").write_text("nothing of the kind")
    probed = restore_probes()["archive"](on_server(site, folder / "engine.backup"))
    assert probed.findings[0].level == "error"


def test_new_hardware_is_suggested_where_no_host_was_made_free(site, folder):
    probed = restore_probes()["variant"](on_server(site, archive(folder)))
    assert probed.suggested == "new-hardware"


@pytest.mark.parametrize(("up", "alive"), [(True, "it says 'DB Up'"), (False, "")])
def test_the_survey_of_a_machine_is_frozen_and_tells_of_an_engine_that_still_answers(
    site, folder, monkeypatch, up, alive
):
    asked = []
    monkeypatch.setattr(
        newcomer_look,
        "look_at_engine",
        lambda _shell, name: asked.append(name) or Health(up, "it says 'DB Up'"),
    )
    looked = on_server(site, archive(folder), variant="machine")
    found = survey(looked)
    assert asked == [FQDN]
    assert RestoreSurvey.from_json(found).host.engine_alive == alive
    alone = on_server(site, archive(folder), variant="machine", scope="db-alone")
    assert RestoreSurvey.from_json(survey(alone)).host.engine_alive == "", "its own is stopped"
    again = RestoreSurvey.from_json(found)
    assert again.to_json() == found
    assert again.inspection.engine_fqdn == FQDN
    with pytest.raises(InvalidInput, match="damaged"):
        RestoreSurvey.from_json({"archive": 1})


def answering(monkeypatch, **more):
    """The engine of the site as it answers the look of one page."""
    engine = Inventory(
        "the engine https://e", FQDN, (KnownHost("h9", ("h9.example.org",)),), live=True, **more
    )
    monkeypatch.setattr(probes, "known_from_engine", lambda _probe: engine)


def names_checked(site, folder):
    """What is said to the host's name in the portal."""
    given = {"host": "node2", "host_name": "h9", "era": "4.5"}
    found = restore_probes()["host-name"](on_server(site, archive(folder), **given))
    return [finding.text for finding in found.findings]


def test_a_restore_is_compared_with_an_engine_that_still_answers(site, folder, monkeypatch):
    answering(monkeypatch)
    said = names_checked(site, folder)
    assert "the engine https://e has a host of this name as h9" in said
    assert any("has 2 hosts, none with the name h9" in text for text in said), said


def test_that_the_engine_is_gone_is_no_news_to_a_restore(site, folder, monkeypatch):
    answering(monkeypatch, silent="nothing answers")
    assert not any("https://e" in text for text in names_checked(site, folder))


def conf(start, host, port="5432", secured="False", validated="False"):
    return (
        f'{start}_DB_HOST="{host}"\n{start}_DB_PORT="{port}"\n{start}_DB_USER="u_{start}"\n'
        f'{start}_DB_DATABASE="d_{start}"\n{start}_DB_SECURED="{secured}"\n'
        f'{start}_DB_SECURED_VALIDATION="{validated}"\n{start}_DB_PASSWORD="{PASSWORD}"\n'
    )


def suggested(site, folder, engine, history, **given):
    texts = MODERN.texts | {
        "etc/ovirt-engine/engine.conf.d/10-setup-database.conf": engine,
        "etc/ovirt-engine/engine.conf.d/10-setup-dwh-database.conf": history,
    }
    dump = CustomDump(14, "zlib").dump(TABLES)
    path = build(
        folder / "engine.backup", MODERN.but(texts=texts, dumps={"engine_backup.db": dump})
    )
    return restore_probes()["databases"](on_server(site, path, variant="machine", **given))


def test_two_servers_of_the_backup_are_suggested_each_for_its_database(site, folder):
    far, other = (
        conf("ENGINE", "a.example", "5433", "True"),
        conf("DWH", "b", "6432", "True", "True"),
    )
    probed = suggested(site, folder, far, other)
    assert probed.suggested == "remote"
    assert probed.values == {
        "database_host": "a.example", "database_port": 5433, "database_tls": "encrypted",
        "database_name": "d_ENGINE", "database_user": "u_ENGINE",
        "history_host": "b", "history_port": 6432, "history_tls": "validated",
        "history_name": "d_DWH", "history_user": "u_DWH",
    }  # fmt: skip
    alone = suggested(site, folder, far, other, scope="dwhdb-alone")
    assert (alone.values["database_host"], alone.values["database_port"]) == ("b", 6432)
    assert "history_host" not in alone.values


@pytest.mark.parametrize(
    ("port", "secured", "way"),
    [("5432", "False", "automatic"), ("5433", "False", "manual"), ("5432", "True", "manual")],
)
def test_what_engine_backup_cannot_make_is_suggested_to_be_made_here(
    site, folder, port, secured, way
):
    local = conf("ENGINE", "localhost", port, secured)
    probed = suggested(site, folder, local, conf("DWH", "localhost"))
    assert probed.suggested == way
    assert "database_host" not in probed.values


def test_where_the_databases_were_stands_in_the_survey_and_no_password_does(site, folder):
    suggested(site, folder, conf("ENGINE", "a", "99999999"), conf("DWH", "b"))
    found = survey(on_server(site, folder / "engine.backup", variant="machine"))
    inspection = RestoreSurvey.from_json(found).inspection
    assert inspection.database("db").port is None
    assert inspection.database("dwhdb").user == "u_DWH"
    assert PASSWORD not in json.dumps(found)


def test_the_other_databases_of_an_archive_are_suggested_with_their_own_places(site, folder):
    dump = CustomDump(14, "zlib").dump(TABLES)
    file = "etc/ovirt-engine/engine.conf.d/20-setup-cinderlib-database.conf"
    recipe = MODERN.but(
        texts=MODERN.texts | {file: conf("CINDERLIB", "far.example", "5433")},
        dumps={"engine_backup.db": dump, "cinderlib_backup.db": CustomDump(14, "zlib").dump({})},
    )
    looked = on_server(site, build(folder / "engine.backup", recipe), variant="machine")
    assert restore_probes()["other-databases"](looked).suggested == ("cinderlibdb",)
    probed = restore_probes()["databases"](looked)
    assert probed.suggested == "remote"
    assert probed.values["cinderlib_host"] == "far.example"
    assert (probed.values["cinderlib_port"], probed.values["cinderlib_name"]) == (
        5433, "d_CINDERLIB",
    )  # fmt: skip
