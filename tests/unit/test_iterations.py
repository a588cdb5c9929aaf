"""The backups of one machine as their folders show them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidInput
from steps.targets.local import LocalShell
from steps.virtual_machine.iterations import (
    age,
    find_iterations,
    find_machines,
    missing_images,
    named_time,
    parse_sums,
)
from steps.virtual_machine.places import StoragePlace, set_place, storage_place
from steps.virtual_machine.safe_names import safe_name, safe_path

POOL = "0f83f084-8080-413e-b558-b678e504836e"
LEAF = "20140109T134445Z"
NOW = datetime(2014, 1, 11, 13, 44, 45, tzinfo=UTC)


def make_set(root: Path, machine: str, leaf: str, *names: str, pool: str = POOL) -> Path:
    folder = root / "vm-persistent" / pool / machine / leaf
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}.{leaf}").write_bytes(b"x" * 5000)
    return folder


def test_iterations_come_newest_first_with_their_size(tmp_path: Path):
    make_set(tmp_path, "m", LEAF, "m.state", "m.xml", "m.ldif", "d.qcow2")
    make_set(tmp_path, "m", "20150101T000000Z", "m.xml")
    make_set(tmp_path, "other", LEAF, "other.xml")
    newest, older = find_iterations(LocalShell(), "m", str(tmp_path), "/retain", None)
    assert (newest.leaf, older.leaf) == ("20150101T000000Z", LEAF)
    assert newest.small_files_missing == ("state", "ldif")
    assert older.small_files_missing == ()
    assert missing_images(older, ["d.qcow2", "e.qcow2"]) == ("e.qcow2",)
    assert older.size >= 4 * 4096
    assert older.place.retain == f"/retain/vm-persistent/{POOL}/m/{LEAF}"


def test_an_iteration_in_two_pools_is_the_one_where_the_machine_is_today(tmp_path: Path):
    make_set(tmp_path, "m", LEAF, "m.xml", pool="aaa")
    make_set(tmp_path, "m", LEAF, "m.xml", pool="bbb")
    for pool in ("aaa", "bbb"):
        today = StoragePlace("vm-persistent", pool)
        (found,) = find_iterations(LocalShell(), "m", str(tmp_path), "/r", today)
        assert found.place.storage == today


def test_names_that_could_leave_their_folder_are_not_looked_into(tmp_path: Path):
    make_set(tmp_path, "m", "evil\nname", "m.xml")
    make_set(tmp_path, "m", ".hidden", "m.xml")
    make_set(tmp_path, "m", LEAF, "m.xml")
    (tmp_path / "vm-persistent" / POOL / "m" / "20160101T000000Z").symlink_to("/etc")
    found = find_iterations(LocalShell(), "m", str(tmp_path), "/r", None)
    assert [iteration.leaf for iteration in found] == [LEAF]


def test_a_machine_known_to_backups_only_is_found(tmp_path: Path):
    make_set(tmp_path, "gone", LEAF, "gone.xml")
    place = StoragePlace("vm-persistent", POOL)
    assert find_machines(LocalShell(), str(tmp_path)) == ((place, "gone"),)


def test_no_backup_root_is_no_backups(tmp_path: Path):
    assert find_machines(LocalShell(), str(tmp_path / "none")) == ()


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        ("20140111T134445Z", "just now"),
        ("20140111T124445Z", "1 hour ago"),
        ("20140109T134445Z", "2 days ago"),
        ("20150109T134445Z", "named in the future"),
        ("before-upgrade", ""),
        ("20141399T999999Z", ""),
    ],
)
def test_age_in_words(leaf: str, words: str):
    assert age(leaf, NOW) == words


@given(st.text(max_size=20))
def test_any_name_is_a_time_or_none(name: str):
    assert named_time(name) is None or len(name) == 16


def test_checksum_lists_are_read_as_sha256sum_writes_them():
    digest = "a" * 64
    text = f"{digest}  disk.qcow2\n{digest.upper()} *./sub/x\nnot a line\n\n{digest[:10]}  y\n"
    assert parse_sums(text) == {"disk.qcow2": digest, "x": digest}


def test_family_and_pool_come_from_the_first_disk_below_the_live_root():
    paths = ["/iso/cd.iso", f"/var/virtualization/vm-templates/{POOL}/a.qcow2"]
    place = storage_place(paths, "/var/virtualization")
    assert place == StoragePlace("vm-templates", POOL)
    assert place.is_template


@pytest.mark.parametrize(
    "path",
    [
        "/elsewhere/vm-persistent/p/a.qcow2",
        "/var/virtualization/a.qcow2",
        "/var/virtualization/other/p/a.qcow2",
        "/var/virtualization/vm-persistent/p/deep/a.qcow2",
        "/var/virtualization/vm-persistent/../../etc/a",
        "vm-persistent/p/a",
    ],
)
def test_a_disk_elsewhere_gives_no_place(path: str):
    with pytest.raises(InvalidInput):
        storage_place([path], "/var/virtualization")


@given(st.text(max_size=30))
def test_a_name_is_one_safe_component_or_refused(name: str):
    try:
        safe_name(name, "machine")
    except InvalidInput:
        return
    assert "/" not in name
    assert name not in ("", ".", "..")
    assert name.isprintable()


@given(st.text(alphabet="/.a\n\0", max_size=12))
def test_a_path_is_absolute_and_plain_or_refused(path: str):
    try:
        safe_path(path, "folder")
    except InvalidInput:
        return
    assert path.startswith("/")
    assert ".." not in path.split("/")


def test_a_set_with_a_hostile_machine_name_is_refused():
    with pytest.raises(InvalidInput):
        set_place("../m", LEAF, StoragePlace("vm-persistent", POOL), "/b", "/r")
