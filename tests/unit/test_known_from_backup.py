"""What a backup knows of hosts and machines, for the checks of the deploy interview."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from config.paths import cache_folder
from config.site import EngineHost, ShellAccess, Site
from steps.hosted_engine.known_from_backup import known_from_backup
from steps.hosted_engine.known_hosts import Inventory, KnownHost, KnownMachine
from steps.hosted_engine.probes import deploy_probes
from steps.procedure import ProbeInput
from tests.engine_archives import FQDN, MODERN, PASSWORD, build
from tests.unit.dump_support import CustomDump
from tests.unit.hosted_engine_host import RecordedShell, RecordedTargets, told

TABLES = {
    "vds_static": (
        ("vds_id", "vds_name", "host_name"),
        [("1", "hosted_engine_1", "10.1.0.11"), ("2", "node2", "n2.example.com")],
    ),
    "vds_dynamic": (("vds_id", "status", "hw_uuid"), [("1", "2", "ABCD"), ("2", "3", None)]),
    "vm_static": (("vm_guid", "vm_name", "entity_type", "origin"), [("a", "web01", "VM", "3")]),
    "vm_dynamic": (("vm_guid", "status", "vm_ip"), [("a", "1", "10.1.0.50 fe80::5")]),
    "vm_interface": (
        ("id", "vm_guid", "mac_addr"),
        [("i", "a", "00:1a:4a:00:00:01"), ("j", "a", "00:1a:4a:00:00:02"), ("k", None, "x")],
    ),
}
SITE = Site("berne", engine_hosts=(EngineHost("h1", ShellAccess()),))
REMOTE = replace(SITE, engine_hosts=(EngineHost("h1", ShellAccess("ssh", "h1.example.com")),))


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))


@pytest.fixture
def archive(tmp_path):
    dump = CustomDump(14, "zlib").dump(TABLES)
    return build(tmp_path / "engine.backup", MODERN.but(dumps={"engine_backup.db": dump}))


def look(path, site=SITE, shell=None):
    given = {"host": "h1", "era": "4.5", "backup_file": str(path)}
    return ProbeInput(site, given, RecordedTargets(shell or RecordedShell()))


def test_hosts_machines_and_the_engines_name_are_known(archive):
    assert known_from_backup(look(archive)) == Inventory(
        f"the backup {archive}",
        FQDN,
        (
            KnownHost("hosted_engine_1", ("10.1.0.11",), "ABCD"),
            KnownHost("node2", ("n2.example.com",), ""),
        ),
        (
            KnownMachine(
                "web01", ("00:1a:4a:00:00:01", "00:1a:4a:00:00:02"), ("10.1.0.50", "fe80::5")
            ),
        ),
    )


def test_it_is_read_once_and_kept_for_its_owner_without_passwords(archive):
    first = known_from_backup(look(archive))
    (kept,) = (cache_folder() / "inventories").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in kept.read_text()
    data = json.loads(kept.read_text())
    kept.write_text(json.dumps({**data, "engine_fqdn": "from.the.cache"}))
    assert known_from_backup(look(archive)) == replace(first, engine_fqdn="from.the.cache")
    archive.write_bytes(archive.read_bytes() + b"\0" * 512)
    changed = known_from_backup(look(archive))
    assert changed is None or changed.engine_fqdn == FQDN


@pytest.mark.parametrize("junk", ["", "{", "[]", '{"format": 1}', '{"format": 1, "hosts": 3}'])
def test_a_spoilt_cache_is_read_anew(archive, junk):
    first = known_from_backup(look(archive))
    (kept,) = (cache_folder() / "inventories").iterdir()
    kept.write_text(junk)
    assert known_from_backup(look(archive)) == first


def test_a_file_that_is_no_archive_or_not_there_is_not_compared(tmp_path):
    other = tmp_path / "x"
    other.write_text("no archive")
    assert known_from_backup(look(other)) is None
    assert known_from_backup(look(tmp_path / "missing")) is None
    assert known_from_backup(look("")) is None


def test_the_backup_of_a_host_elsewhere_is_read_from_a_copy_of_the_same_size_only(archive):
    assert known_from_backup(look(archive, REMOTE)) is None
    shell = RecordedShell()
    shell.statuses = {str(archive): "file"}
    assert known_from_backup(look(archive, REMOTE, shell)) is None
    shell.sizes = {str(archive): archive.stat().st_size}
    assert known_from_backup(look(archive, REMOTE, shell)).engine_fqdn == FQDN


def test_the_checks_of_the_interview_use_it(archive):
    probes = deploy_probes()
    asked = look(archive)
    for name, value, words in (
        ("mac", "00:1a:4a:00:00:02", "belongs to web01"),
        ("host_name", "node2", "has this host as node2"),
    ):
        probe = {"mac": "mac", "host_name": "host-name"}[name]
        found = probes[probe](replace(asked, given={**asked.given, name: value}))
        assert words in told(found)
