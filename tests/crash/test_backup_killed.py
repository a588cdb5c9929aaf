"""A real backup whose runner is killed, and which is then resumed.

Every effect is enumerated on the small world (tests/unit/test_backup_crashes.py); here the moments
that matter most, on a real machine: around the save, the snapshot, the merge, the last files.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.site_file import load_site
from steps.drill import practice_machine as practice
from steps.drill.places import STORAGE
from steps.run.directory import RunDirectory, create_run
from steps.run.events import Event, Finish
from steps.run.journal import read_journal
from steps.run.start import Prepared, prepare
from steps.virtual_machine.backup.procedure import PROCEDURE as BACKUP
from tests.crash.restore_world import RestoreWorld, view_of

ROOT = Path(__file__).parents[2]
KILLED = -9


@dataclass
class BackupWorld:
    """A practice site that is backed up again and again from its first moment."""

    world: RestoreWorld
    frozen: dict[str, Prepared]

    def run(self, method: str) -> RunDirectory:
        """A run that is planned, not started. What was looked at once is the same each time."""
        self.world.reset()
        if method not in self.frozen:
            given = {"machines": (practice.MACHINE,), "method": method, "retention": "keep"}
            site = load_site(self.world.places.site_file)
            secrets = self.world.operator().secrets()
            self.frozen[method] = prepare(BACKUP, site, given, {}, secrets)
        found = self.frozen[method]
        return create_run(found.site, BACKUP.name, found.given, {}, found.survey, {})

    def look(self) -> dict[str, Any]:
        command = [sys.executable, "-m", "tests.crash.backup_look", str(self.world.folder)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def newest_set(self) -> Path:
        root = self.world.places.backup / STORAGE / practice.MACHINE
        return sorted(root.iterdir())[-1]


@pytest.fixture(scope="module")
def killed_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupWorld]:
    folder = tmp_path_factory.mktemp("backup")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REKINDLE_HOME", str(folder / "home"))
        world = RestoreWorld(folder / "site", folder / "template")
        try:
            world.build()
            yield BackupWorld(world, {})
        finally:
            world.remove()


def assert_backed_up(site: BackupWorld, boot: int, run: RunDirectory) -> None:
    assert view_of(run).outcome is Finish.DONE
    seen = site.look()
    assert seen["state"] == "running"
    assert seen["persistent"]
    assert seen["mark"]["boot"] == boot, "the guest was booted anew"
    assert all(not backing for _, backing in seen["disks"])
    live = sorted(str(path) for path in site.world.places.live.iterdir())
    assert sorted(source for source, _ in seen["disks"]) == live
    folder = site.newest_set()
    assert (folder / "manifest.json").exists()
    sums = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
    assert sums.returncode == 0
    left = [path for path in site.world.places.retain.rglob("*") if path.is_file()]
    assert left == []


def moments(run: RunDirectory, method: str) -> list[tuple[int, str]]:
    """Where to kill: before a step's end is recorded, and after what it remembered."""
    events = [e for e in read_journal(run.journal_file) if e["event"] != Event.PROGRESS]
    found = []
    for number, event in enumerate(events, start=1):
        step, name = str(event.get("step", "")), str(event.get("name", ""))
        around = step.startswith(("snapshot.take", "merge.vda", "retain.prove"))
        if event["event"] == Event.STEP_DONE and around:
            found.append((number, "before"))
        if event["event"] == Event.FACT and name.startswith(("saving.", "ran.", "copied.vda")):
            found.append((number, "after"))
    return found


@pytest.mark.parametrize("method", ["save", "live"])
def test_a_killed_backup_is_resumed_to_a_whole_set_and_the_guest_never_boots_anew(
    killed_world: BackupWorld, method: str
):
    run = killed_world.run(method)
    boot = killed_world.look()["mark"]["boot"]
    assert killed_world.world.run(run) == 0
    assert_backed_up(killed_world, boot, run)
    places = moments(run, method)
    assert len(places) >= 4
    for number, action in places:
        again = killed_world.run(method)
        boot = killed_world.look()["mark"]["boot"]
        assert killed_world.world.run(again, harm_at=number, action=action) == KILLED
        assert killed_world.world.run(again) == 0
        assert_backed_up(killed_world, boot, again)
