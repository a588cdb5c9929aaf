"""The dashboard: every machine at 80x24, what needs somebody first, and the way to a repair."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from config.errors import Unreachable
from config.questions import Choice
from steps.procedure import Probed
from steps.virtual_machine.dashboard.board import Board, LeafStanding, MachineStanding, Storage
from steps.virtual_machine.dashboard.orphans import Orphan
from steps.virtual_machine.dashboard.space import Night
from tests.screens.support import ToyService, home_app, screen_text, wait_for
from tests.screens.terminal import PATIENCE
from tui.board_rows import board_rows, needs_someone
from tui.commands.dashboard import as_data, as_lines

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
FINISHED = LeafStanding(
    "20261127T020000Z", "finished", "20261127T021000Z", 0, "idle", "finished", "", False, True
)
FAILED = LeafStanding(
    "20261115T020000Z", "retaining", "0", 47, "failed",
    "retain failed, return value 47 (not enough disk space)", "Mend the cause on node-01.", True,
    False,
)  # fmt: skip


def machine(name: str, days: int | None, *leaves: LeafStanding, **more) -> MachineStanding:
    moment = "" if days is None else (NOW - timedelta(days=days, hours=10)).isoformat()
    due = (NOW - timedelta(hours=10)).isoformat()
    made = MachineStanding(
        f"uuid-{name}", name, "node-01", False, "site", "0 3 * * *", True, due, moment, moment, "",
        leaves,
    )  # fmt: skip
    return replace(made, **more)


BOARD = Board(
    now=NOW.isoformat(),
    zone="UTC",
    machines=(
        machine("web01", 0, FINISHED),
        machine("db01", 12, FAILED),
        machine("mail01", 3),
        machine("test01", 40, excluded=True),
    ),
    orphans=(Orphan("node-01", "/var/live/vm-persistent/p/stray.qcow2", 3 << 30, 1, "no machine"),),
    storage=(
        Storage(
            "node-01", "/var/backup", 100 << 30, 3,
            tuple(Night(date(2026, 11, day), day << 30) for day in (24, 25, 26)),
        ),
    ),
    silent=("node-02: no route to host",),
)  # fmt: skip


class BoardService(ToyService):
    """Looks bring the board, or wait, or fail, as the test says."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.board, self.gate, self.fails = BOARD, None, ""
        self.looked = 0

    def survey(self, procedure, given, cancel):
        self.looked += 1
        if self.gate is not None:
            self.gate.wait(PATIENCE)
        if self.fails:
            raise Unreachable(self.fails, "Start it.")
        return self.board.to_json()

    def probe(self, procedure, name, given, cancel) -> Probed:
        names = {"machines": "uuid-db01", "leaves": FAILED.name, "actions": "remove"}
        return Probed(choices=(Choice(names[name], names[name]),))


@pytest.fixture
def service(tmp_path):
    return BoardService(tmp_path)


async def opened(pilot) -> str:
    await wait_for(pilot, "drilled")
    await pilot.press("b")
    return await wait_for(pilot, "4 machines")


async def test_at_80x24_what_needs_somebody_comes_first_and_is_explained(service):
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        text = await opened(pilot)
        lines = text.splitlines()
        assert lines[2].strip() == "4 machines, 2 overdue, 1 stuck, 1 found file (3.0 GiB)"
        names = ["db01", "mail01", "web01", "test01"]
        words = " ".join(line[:38] for line in lines).split()
        order = [word for word in words if word in names]
        assert order == names
        assert "! db01                  stuck" in text
        assert "! mail01                3 days" in text
        beside = " ".join(" ".join(line[40:] for line in lines).split())
        assert "not backed up since 15 Nov 2026 (12 days)" in beside
        assert "(not enough disk space)" in beside
        assert max(len(line) for line in lines) <= 80
        assert "enter repair" in lines[-1]


async def test_enter_on_a_stuck_machine_goes_to_its_repair_with_machine_and_leaf_answered(service):
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        text = await wait_for(pilot, "How to repair it")
        assert "Repair a stuck backup" in text.splitlines()[0]
        assert "(*) uuid-db01" in text
        await pilot.press("escape")
        await wait_for(pilot, "4 machines")


async def test_enter_on_a_sound_machine_says_that_there_is_nothing_to_repair(service):
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("down", "enter")
        await wait_for(pilot, "Nothing to repair")


async def test_while_it_looks_the_screen_answers_and_the_old_rows_stay(service):
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        service.gate = threading.Event()
        service.board = replace(BOARD, machines=BOARD.machines[:1])
        await pilot.press("f5")
        await wait_for(pilot, "Looking at directory, nodes and files")
        await pilot.press("down")
        text = screen_text(pilot.app)
        assert not service.gate.is_set()
        assert "uuid-mail01" in text
        service.gate.set()
        text = await wait_for(pilot, "1 machine, 0 overdue")
        assert "mail01" not in text


async def test_a_look_that_fails_is_told_with_its_remedy_and_can_be_made_again(service):
    service.fails = "The directory does not answer."
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "drilled")
        await pilot.press("b")
        text = await wait_for(pilot, "error   The directory does not answer.")
        assert "Start it." in text
        service.fails = ""
        await pilot.press("f5")
        await wait_for(pilot, "4 machines")


async def test_n_goes_round_what_needs_somebody(service):
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await wait_for(pilot, "uuid-mail01")
        await pilot.press("n")
        await wait_for(pilot, "in about 20 days")
        await pilot.press("n")
        await wait_for(pilot, "no route to host")
        await pilot.press("n")
        await wait_for(pilot, "uuid-db01")


async def test_without_a_site_it_says_how_to_begin_one(service):
    async with home_app(service, lambda: None).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "no site file")
        await pilot.press("b")
        await wait_for(pilot, "There is no site file")
        assert service.looked == 0


def test_plain_lines_tell_the_same_and_do_not_speak_of_keys():
    text = "\n".join(as_lines(BOARD))
    assert text.splitlines()[0] == "4 machines, 2 overdue, 1 stuck, 1 found file (3.0 GiB)"
    assert "! db01  stuck" in text
    assert "    stuck     20261115T020000Z: retain failed, return value 47" in text
    assert "    repair    rekindle run virtual_machine.repair" in text
    assert "Enter" not in text
    assert "! node-02: no route to host" in text
    assert text.isprintable() is False
    assert text.replace("\n", "").isprintable()


def test_json_has_what_follows_from_what_was_seen():
    data = json.loads(json.dumps(as_data(BOARD)))
    assert [machine["missed"] for machine in data["machines"]] == [False, True, True, False]
    assert data["machines"][1]["problems"] == [f"{FAILED.name}: {FAILED.text}"]
    assert data["storage"][0]["forecast"]["growth"] == 1 << 30


def test_a_sound_site_needs_nobody():
    sound = replace(
        BOARD, machines=BOARD.machines[:1], silent=(),
        storage=(replace(BOARD.storage[0], free=10 << 40),),
    )  # fmt: skip
    assert not needs_someone(sound)
    assert needs_someone(replace(sound, machines=BOARD.machines))


def test_storage_that_the_next_night_does_not_fit_into_is_marked():
    tight = replace(BOARD, machines=(), orphans=(), silent=(),
                    storage=(replace(BOARD.storage[0], free=1 << 30),))  # fmt: skip
    (row,) = board_rows(tight)
    assert (row.mark, dict(row.details)["full"]) == ("!", "in about 1 day")


def test_few_nights_are_not_made_into_a_forecast():
    few = replace(BOARD.storage[0], nights=BOARD.storage[0].nights[:2])
    (row,) = board_rows(replace(BOARD, machines=(), orphans=(), silent=(), storage=(few,)))
    assert dict(row.details)["full"].startswith("not foretold: 2 nights: too few for a trend")


def test_a_name_with_control_characters_never_reaches_the_terminal():
    odd = replace(BOARD.machines[1], title="db\x1b[2J01")
    (row, *_rest) = board_rows(replace(BOARD, machines=(odd,)))
    assert row.name.isprintable()
