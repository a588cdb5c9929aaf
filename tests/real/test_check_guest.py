"""Restores in isolation of a real Linux guest, next to the machine itself, which runs on."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from steps.drill import practice_machine as practice
from steps.drill.child import ask_child
from steps.virtual_machine.check.scratch import is_clear
from tests.real.check_child import FileContext, check
from tests.real.guest_site import GuestSite, build_guest_site
from tests.real.linux_guest import Tick, read_ticks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, capabilities: Path) -> Iterator[GuestSite]:
    folder = tmp_path_factory.mktemp("check") / "site"
    try:
        yield build_guest_site(folder, capabilities)
    finally:
        ask_child("steps.drill.take_down", [str(folder)], print)


pytestmark = pytest.mark.usefixtures("check_home")


def answers(site: GuestSite, how: str, seconds: int = 6) -> dict[str, str | int]:
    return {
        "scope": "one", "machine": practice.MACHINE, "iteration": site.leaf,
        "restore_test": how, "watch_seconds": seconds,
    }  # fmt: skip


def fingerprint(site: GuestSite) -> dict[str, tuple[str, int, int, int]]:
    """Content, mode, owner and time of every file of the set."""
    return {
        path.name: (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mode, path.stat().st_uid, path.stat().st_mtime_ns,
        )
        for path in site.set_folder.iterdir()
    }  # fmt: skip


def tried(
    site: GuestSite, folder: Path, how: str, least: int
) -> tuple[tuple[Tick, ...], FileContext, Path]:
    """A trial in which the guest got so far; what it said, and where the run lies.

    How far a guest gets in a time depends on what else the machine does: it is watched for longer
    where that was not enough.
    """
    for seconds in (8, 30, 120, 480):
        run = folder / f"run-{seconds}"
        _, context = check(site.places.folder, run, answers(site, how, seconds))
        told = seen_inside(site, run)
        if len(told) >= least:
            break
    return told, context, run


def seen_inside(site: GuestSite, run: Path) -> tuple[Tick, ...]:
    """What the isolated guest said on its serial port."""
    folder = run / "keep" / f"trial-{practice.MACHINE}.{site.leaf}"
    assert (folder / "screen.png").read_bytes().startswith(b"\x89PNG")
    return read_ticks(folder / "serial-0.log")


def note_of(site: GuestSite, context: FileContext) -> str:
    """What the list of backups shows."""
    record = site.set_folder.parent / f".{site.leaf}.check.json"
    tried = json.loads(record.read_text())["tried"]
    assert tried["problem"] == ""
    return str(tried["how"])


def test_memory_and_disks_go_on_in_isolation_while_the_machine_itself_runs(
    site: GuestSite, tmp_path: Path
):
    before, own = fingerprint(site), site.ticks()[-1]
    told, context, run = tried(site, tmp_path, "as-backed-up", 2)
    assert len(told) >= 2
    assert told[0].number == site.saved.number + 1
    assert {tick.boot_id for tick in told} == {site.saved.boot_id}
    assert all(tick.consistent for tick in told)
    # The machine itself has counted on undisturbed, on its own disks.
    assert site.ticks()[-1].number > own.number
    assert all(tick.consistent for tick in site.ticks())
    assert fingerprint(site) == before
    assert note_of(site, context) == "with-state"
    assert "1 of 1 restored in isolation" in context.facts["summary"]
    assert not list((run / "scratch").iterdir())


def test_a_cold_boot_under_another_name_begins_to_count_anew(site: GuestSite, tmp_path: Path):
    before = fingerprint(site)
    told, _context, _run = tried(site, tmp_path, "cold", 1)
    assert told[0].number == 1
    assert told[0].boot_id != site.saved.boot_id
    assert told[0].marks == ("vda", "vdb")
    assert fingerprint(site) == before


@pytest.mark.parametrize("also_the_trial", [False, True])
def test_killed_in_the_middle_nothing_is_left_once_it_is_resumed(
    site: GuestSite, tmp_path: Path, also_the_trial: bool
):
    before, run = fingerprint(site), tmp_path / "run"
    given = answers(site, "as-backed-up", seconds=600)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.real.check_child", str(site.places.folder), str(run),
         json.dumps(given)], cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    scratch = wait_for(lambda: next(iter((run / "scratch").glob("*/serial-0.log")), None)).parent
    wait_for(lambda: read_ticks(scratch / "serial-0.log"))
    if also_the_trial:
        # Stopped first: it would notice, and clear up.
        child.send_signal(signal.SIGSTOP)
        for trial in processes_with(f"{scratch}/job.json"):
            os.kill(trial, signal.SIGKILL)
    child.kill()
    child.wait()
    if also_the_trial:
        # Nobody was left to end the guest: it runs on until the run is resumed.
        assert not is_clear(scratch)
    else:
        wait_for(lambda: is_clear(scratch))
    assert "try" not in " ".join(json.loads((run / "facts.json").read_text()))

    check(site.places.folder, run, {**given, "watch_seconds": 5})
    assert is_clear(scratch)
    assert not processes_with(str(scratch))
    assert fingerprint(site) == before


def wait_for(look: Callable[[], Any], limit: float = 240.0) -> Any:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come to that")


def processes_with(text: str) -> list[int]:
    """Processes whose command line names that."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found
