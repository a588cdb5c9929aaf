"""Restores of a real machine on a real hypervisor and a real directory, and their undo.

Each test leaves the practice site as it found it: that is the undo under test.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steps.drill import practice_machine as practice
from steps.drill.child import ask_child
from steps.drill.places import Places
from tests.real.sshd_support import running_sshd

ROOT = Path(__file__).parents[2]
THEN, NOW = str(practice.at_backup("", 0).memory), str(128 << 20)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    folder = tmp_path_factory.mktemp("restore") / "site"
    ask_child("steps.drill.build", [str(folder)], print)
    yield Places(folder)
    ask_child("steps.drill.take_down", [str(folder)], print)


def restore(places: Places, name: str, **script: Any) -> dict[str, Any]:
    """Restore and take back in a process of its own; what was seen before, after and undone."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.real.restore_child", str(places.folder)],
        input=json.dumps({"name": name, **script}), capture_output=True, text=True, cwd=ROOT,
        check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def check_taken_back(seen: dict[str, Any], **otherwise: Any) -> None:
    """As before, but for the boot of a machine that had to be started again."""
    undone, before = dict(seen["undone"]), {**seen["before"], **otherwise}
    ran = [name for name in undone["retain"] if ".ran-" in name]
    undone["retain"] = [name for name in undone["retain"] if name not in ran]
    for world in (undone, before):
        world.pop("same_boot", None)
        world["retain"] = [name for name in world["retain"] if ".ran-" not in name]
    assert undone == before


def test_disks_memory_and_entry_come_back_and_go_again(places: Places):
    seen = restore(
        places, "state", decisions={"memory": "next-boot", "vdc": "next-boot",
                                    "description": "take-live"},
    )  # fmt: skip
    after = seen["after"]
    assert (after["state"], after["persistent"], after["same_boot"]) == ("running", True, True)
    assert [after["contents"][disk] for disk in ("vda", "vdb")] == ["then", "then"]
    assert after["description"] == "web front, blue"
    assert after["memory_entry"] == NOW
    assert after["leaf"] == "finished"
    assert len([name for name in after["live"] if ".before-" in name]) == 2
    assert seen["put_off"] == ["cleanup.images", "cleanup.retain"]
    check_taken_back(seen)


def test_a_cold_restore_boots_anew(places: Places):
    seen = restore(places, "cold", mode="cold", decisions={"memory": "keep-backup"})
    after = seen["after"]
    assert (after["state"], after["persistent"], after["same_boot"]) == ("running", True, False)
    assert after["contents"]["vda"] == "then"
    assert after["memory_entry"] == THEN
    check_taken_back(seen)


def test_a_machine_the_hypervisor_does_not_know(places: Places):
    seen = restore(places, "undefined", undefined=True)
    after = seen["after"]
    assert (after["state"], after["persistent"], after["same_boot"]) == ("running", True, True)
    assert seen["undone"]["state"] is None
    check_taken_back(seen)


def test_a_machine_whose_entry_is_gone(places: Places):
    seen = restore(places, "gone", entry_gone=True)
    after = seen["after"]
    assert seen["before"]["memory_entry"] is None
    assert after["memory_entry"] == THEN
    assert after["lease"] == "ethernet 52:54:00:0a:01:02"
    assert after["leaf"] == "finished"
    assert after["disks_entry"] == ["vda", "vdb"]
    assert seen["undone"]["memory_entry"] is None
    check_taken_back(seen)


def test_a_directory_of_files(places: Places, tmp_path: Path):
    seen = restore(places, "ldif", ldif_folder=str(tmp_path / "ldif"))
    assert seen["after"]["state"] == "running"
    check_taken_back(seen)


def test_a_node_behind_ssh(places: Places):
    with running_sshd() as server:
        ssh = {
            "port": server.port, "user": server.user, "key": str(server.user_key),
            "known_hosts": str(server.known_hosts),
        }  # fmt: skip
        seen = restore(places, "ssh", ssh=ssh)
    assert seen["after"]["state"] == "running"
    assert seen["after"]["contents"]["vdb"] == "then"
    check_taken_back(seen)


def test_no_secret_leaves_the_documents(places: Places):
    seen = restore(places, "secrets")
    site = places.folder
    shown = json.dumps([seen["commands"], seen["facts"], seen["log"]])
    assert places.password_file.read_text().strip() not in shown
    assert "passwd='" not in shown
    assert site.exists()
