"""The machines of a site, live: what stands on the screen, repairs, a directory that goes away."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.errors import Refused, Unreachable
from config.site import DirectoryAccess
from steps.ldif_text import normal_dn
from steps.virtual_machine.coordination.observer import Known, Look
from steps.virtual_machine.coordination.table import table_of
from steps.virtual_machine.heartbeat import Busy, Heartbeat
from steps.virtual_machine.job_leaf import JobLeaf
from tests.screens.support import ToyService, home_app, wait_for, wait_until
from tests.screens.terminal import PATIENCE
from tests.screens.toy import SITE

NOW = datetime(2026, 11, 27, 3, 30, tzinfo=UTC)
NODES = ("node-01.example.org", "node-02.example.org")


def dn(number: int) -> str:
    return f"sstVirtualMachine=m{number},ou=virtual machines,dc=x"


def leaf(number: int, mode: str, state: str, code: int, **more) -> JobLeaf:
    more.setdefault("changed", NOW - timedelta(seconds=5))
    return JobLeaf(
        f"ou=20261127T030000Z,ou=backup,{dn(number)}", f"m{number}", dn(number),
        "20261127T030000Z", mode, state, code, **more,
    )  # fmt: skip


def look(*leaves: JobLeaf, machines: int = 4) -> Look:
    known = {
        normal_dn(dn(n)): Known(f"m{n}", f"web{n:02d}", NODES[n % 2])
        for n in range(1, machines + 1)
    }
    owner = f"{NODES[1]}/abc"
    busy = (Busy(leaf(1, "", "", 0).dn, "merge", "Merge vda", 30, 100, "B"),)
    beats = (Heartbeat(NODES[1], owner, 10.0, "life", beaten=NOW, busy=busy),)
    return Look(known, {normal_dn(one.dn): one for one in leaves}, beats, NOW, {})


TAKEN = "rekindle snapshot at 2026-11-27T03:01:00+00:00"


def working() -> JobLeaf:
    return leaf(1, "merging", "20261127T032900Z", 0,
                marks=(f"rekindle claim {NODES[1]}/abc 12", TAKEN))  # fmt: skip


def failed() -> JobLeaf:
    return leaf(2, "snapshotting", "0", 4,
                marks=("rekindle snapshot at 2026-11-27T03:01:02.500000+00:00",))  # fmt: skip


class ToyWatch:
    def __init__(self) -> None:
        self.now = look(working(), failed())
        self.trouble: Exception | None = None
        self.repaired: list[tuple[str, str]] = []
        self.closed = threading.Event()
        self.gate: threading.Event | None = None
        self.waits = threading.Event()

    def look(self):
        if self.gate is not None:
            self.waits.set()
            self.gate.wait(PATIENCE)
        if self.trouble is not None:
            raise self.trouble
        return table_of(self.now)

    def repair(self, kind: str, machine: str) -> str:
        if self.repaired:
            raise Refused("It is not stuck any more.")
        self.repaired.append((kind, machine))
        return "snapshotting -> snapshot, state 0"

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def watch() -> ToyWatch:
    return ToyWatch()


@pytest.fixture
def app(tmp_path, watch, monkeypatch):
    monkeypatch.setattr("tui.screens.machines.LOOK_SECONDS", 0.1)
    service = ToyService(tmp_path)
    service.watch_machines = lambda site: watch
    site = replace(SITE, directory=DirectoryAccess(base="dc=x", url="ldap://x"))
    return home_app(service, lambda: site)


async def opened(pilot) -> str:
    await wait_for(pilot, "site berne")
    await pilot.press("m")
    return await wait_for(pilot, "4 machines")


async def test_nodes_machines_and_the_spread_stand_on_the_screen(app) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        text = await opened(pilot)
    assert "node-01.example.org: daemon none seen; 2 machines" in text
    assert "node-02.example.org: daemon alive; 2 machines" in text
    assert "2 snapshots within 2.5 s" in text
    lines = [line.strip("> ") for line in text.splitlines()]
    rows = [line for line in lines if "web0" in line and "example.org" in line]
    assert rows[0].startswith("! web02"), "what is stuck comes first"
    assert "30%" in next(line for line in rows if "web01" in line)
    assert "return value 4 (the RAM disk is too small)" in text
    assert "1 stuck" in text.splitlines()[0]


async def test_a_change_shows_and_the_cursor_stays_on_its_machine(app, watch) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("down")
        await wait_for(pilot, "web01 (m1)")
        watch.now = look(replace(working(), mode="merged", marks=()), failed())
        text = await wait_for(pilot, "merged, the next order")
    assert "web01 (m1)" in text


async def test_a_repair_asks_first_and_says_what_was_written(app, watch) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("a")
        await wait_for(pilot, "Order the task again?")
        await pilot.press("enter")
        assert watch.repaired == []
        await pilot.press("a")
        await wait_for(pilot, "Order the task again?")
        await pilot.press("down", "enter")
        await wait_for(pilot, "snapshotting -> snapshot")
        assert watch.repaired == [("again", "m2")]
        await pilot.press("enter", "a")
        await wait_for(pilot, "Order the task again?")
        await pilot.press("down", "enter")
        await wait_for(pilot, "It is not stuck any more.")


async def test_a_machine_that_is_not_stuck_is_not_repaired(app, watch) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("down", "m")
        await wait_for(pilot, "is not stuck")
    assert watch.repaired == []


async def test_a_directory_that_goes_away_leaves_the_last_look_and_says_so(app, watch) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        watch.trouble = Unreachable("The directory does not answer.", "Look at it.")
        text = await wait_for(pilot, "not up to date")
        assert "The directory does not answer." in text
        assert "4 machines" in text
        watch.trouble = None
        await wait_for(pilot, "1 stuck")


async def test_the_screen_answers_while_a_look_takes_long(app, watch) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        watch.gate = threading.Event()
        await wait_until(watch.waits.is_set)
        await pilot.press("down")
        await wait_for(pilot, "web01 (m1)")
        await pilot.press("escape")
        await wait_for(pilot, "Restore a machine")
        watch.gate.set()
    assert watch.closed.wait(PATIENCE)


async def test_only_what_is_busy(app) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        text = await opened(pilot)
        assert "web03" in text
        await pilot.press("b")
        text = await wait_for(pilot, lambda t: "web03" not in t)
    assert "web01" in text


async def test_without_a_site_file_it_is_told(tmp_path) -> None:
    async with home_app(ToyService(tmp_path), lambda: None).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "no site file")
        await pilot.press("m")
        await wait_for(pilot, "There is no site file")
