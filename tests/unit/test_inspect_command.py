"""`rekindle inspect`: exit codes, JSON with exactly its keys, and a report to read."""

import json
import os

import pytest

from tests.engine_archives import ERAS, MODERN, TIME, build
from tests.unit.dump_support import CustomDump, copy_block, plain
from tui.main import main

TABLES = {
    "vds_static": (
        ("vds_id", "vds_name", "host_name", "vds_unique_id"),
        [("1", "node1", "10.1.0.11", None), ("2", "evil\x1b[31m", "x.example.com", None)],
    ),
    "vds_dynamic": (("vds_id", "status"), [("1", "2"), ("2", "99")]),
}
GOOD = MODERN.but(dumps={"engine_backup.db": CustomDump(14, "zlib").dump(TABLES)})
KEYS = [
    "version", "os_version", "engine_fqdn", "backup_time", "scopes", "dwh_present",
    "engine_db_host", "dwh_db_host", "layout", "hosts", "vms", "he_hosts",
    "idle_maintenance_hosts", "ready_failover_hosts", "restore_sets_down", "left_up_on_old_host",
    "he_storage", "clusters", "data_centers", "storage_domains", "disable_fence_at_startup_s",
    "conflicts", "problems", "fit_for_restore",
]  # fmt: skip
HOST_KEYS = [
    "id", "name", "address", "hardware_uuid", "status_name", "cluster", "he_configured",
    "management_ipv4", "management_ipv6", "power_management", "vms", "vms_migrating_in",
]  # fmt: skip


@pytest.fixture
def archive(tmp_path):
    return str(build(tmp_path / "engine.backup", GOOD))


def as_json(capsys, *arguments):
    code = main(["inspect", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_json_has_exactly_its_keys(archive, capsys):
    code, data = as_json(capsys, archive)
    assert code == 0
    assert list(data) == KEYS
    assert list(data["layout"]) == ["outer", "files", "db_format", "db_compressor", "hash"]
    assert list(data["hosts"][0]) == HOST_KEYS
    assert data["backup_time"] == TIME
    assert data["fit_for_restore"] is True


def test_what_the_dump_does_not_tell_is_null(archive, capsys):
    _code, data = as_json(capsys, archive)
    lists = ("vms", "he_hosts", "ready_failover_hosts", "restore_sets_down", "clusters")
    for key in (*lists, "left_up_on_old_host", "storage_domains", "disable_fence_at_startup_s"):
        assert data[key] is None
    first, second = data["hosts"]
    assert (first["status_name"], first["vms"], first["he_configured"]) == (
        "Maintenance",
        None,
        None,
    )
    assert second["status_name"] == "99"


def test_conflicts_are_told_with_their_choices(archive, capsys):
    code, data = as_json(capsys, archive, "--host-ip", "10.1.0.9", "--host-ip", "10.1.0.11")
    assert code == 0
    assert data["conflicts"] == [
        {"host_id": "1", "host": "node1", "matches": ["ip"], "missed_by_tool": True,
         "choices": ["other-address", "stop"]}
    ]  # fmt: skip


def test_a_version_that_is_refused_is_not_fit(archive, capsys):
    code, data = as_json(capsys, archive, "--engine-version", "4.5.6")
    assert code == 3
    assert data["problems"][0]["code"] == "version-refused"
    assert set(data["problems"][0]) == {"code", "message", "remedy"}
    assert data["fit_for_restore"] is False


def test_the_report_says_it_all_and_steers_no_terminal(archive, capsys):
    assert main(["inspect", archive, "--host-name", "Node1"]) == 0
    text = capsys.readouterr().out
    for wanted in ("fit for a restore", "4.5.7", "Hosts 2", "node1", "Maintenance", "its name",
                   "give the new host another name", "not known"):  # fmt: skip
        assert wanted in text
    assert "\x1b" not in text


def test_the_report_of_an_old_archive_names_its_problems(tmp_path, capsys):
    dump = plain(copy_block("vds_static (vds_id, vds_name)", [("1", "old")]))
    recipe = ERAS["3.4"].but(
        dumps={"engine_backup.db": dump},
        after_hash=lambda folder: (folder / "version").write_text("3.4.9\n"),
    )
    assert main(["inspect", str(build(tmp_path / "x", recipe))]) == 3
    text = capsys.readouterr().out
    assert "NOT fit" in text
    assert "! hash-mismatch: The member 'version'" in text
    assert "do: " in text


@pytest.mark.parametrize("data", [b"", b"no archive at all " * 50])
def test_a_file_that_is_no_archive_is_bad_input_and_still_json(tmp_path, capsys, data):
    path = tmp_path / "x"
    path.write_bytes(data)
    code, found = as_json(capsys, str(path))
    assert code == 2
    assert found["problems"]
    assert found["hosts"] is None


@pytest.mark.parametrize(
    "options",
    [["--host-ip", "300.1.1.1"], ["--host-uuid", "x"], ["--engine-version", "new"]],
)
def test_an_option_that_cannot_be_right_is_bad_input(archive, capsys, options):
    assert main(["inspect", archive, *options]) == 2
    assert "Give " in (said := capsys.readouterr().err) or "looks like" in said


def test_a_file_that_is_not_there_is_bad_input(tmp_path, capsys):
    assert main(["inspect", str(tmp_path / "none")]) == 2
    assert "There is no file" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "nothing"])
def test_what_is_no_file_is_told_with_what_to_do(tmp_path, capsys, kind):
    os.mkfifo(tmp_path / "pipe")
    path = {"folder": tmp_path, "pipe": tmp_path / "pipe", "device": "/dev/zero", "nothing": ""}
    assert main(["inspect", str(path[kind])]) == 2
    said = capsys.readouterr().err
    assert ("Name an archive" if kind == "nothing" else "Name a file.") in said
