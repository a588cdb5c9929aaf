"""The run screen with lanes at 80x24: counts first, then failed machines, then those at work."""

from __future__ import annotations

import pytest

from steps.run.choices import after_failure
from steps.run.events import Event
from steps.run.journal import read_journal
from steps.run.view import RunView
from tests.screens.lane_script import LaneScript, lane_plan
from tests.screens.support import ToyService, wait_for
from tests.screens.test_run import attached, line_of
from tui.run_lines import question_lines


@pytest.fixture
def service(tmp_path):
    return ToyService(tmp_path)


async def test_a_hundred_machines_are_counted_and_the_failed_and_running_ones_on_top(
    service, tmp_path
):
    with LaneScript(tmp_path, 100) as script:
        script.hundred()
        async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
            text = await wait_for(pilot, "vm047")
    assert " > Snapshot: 37 of 100 done, 8 running, 1 failed" in text
    assert "Copy: 0 of 100 done" in text
    lines = text.splitlines()
    rows = [line for line in lines if " of vm0" in line]
    assert "FAILED  Snapshot of vm040" in rows[0]
    running = [f"vm{number:03}" for number in range(41, 49)]
    assert [row.split()[3] for row in rows[1:8]] == running[:7]
    assert "41%" in line_of(text, "Snapshot of vm041")
    assert all(len(line) <= 80 for line in lines)
    assert "phase 2 of 4" in lines[0]


async def test_three_machines_have_a_line_each_and_the_steps_of_all_theirs(service, tmp_path):
    with LaneScript(tmp_path, 3) as script:
        script.start()
        script.do("check")
        script.do("snapshot.vm001")
        script.begin("snapshot.vm002")
        async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
            text = await wait_for(pilot, "Snapshot: 1 of 3 done, 1 running")
            assert line_of(text, "Check of all").split()[0] == "done"
            assert line_of(text, "Snapshot: 1 of 3").startswith(" > ")
            assert "  run     Snapshot of vm002" in text
            assert "wait    Copy of vm001" in text
            assert "wait    Snapshot of vm003" in text
            script.record(Event.STEP_DONE, step="snapshot.vm002", evidence="there", seconds=1.0)
            await wait_for(pilot, "Snapshot: 2 of 3 done")


async def test_enter_opens_the_step_of_a_lane_and_the_lanes_of_a_phase(service, tmp_path):
    with LaneScript(tmp_path, 3) as script:
        script.start()
        script.do("check")
        script.hold("snapshot.vm002")
        script.begin("snapshot.vm001")
        async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
            text = await wait_for(pilot, "FAILED  Snapshot of vm002")
            await pilot.press("home", "down", "down", "down", "down", "enter")
            text = await wait_for(pilot, "seen      0 B free")
            assert "wrong     no space left." in text
            assert "wait    Copy of vm002" in text
            await pilot.press("escape")
            await wait_for(pilot, lambda text: "seen      0 B" not in text)
            await pilot.press("home", "down", "enter")
            text = await wait_for(pilot, "FAILED  vm002")
            assert "run     vm001" in text


async def test_the_cursor_stays_on_its_machine_when_the_lines_change_places(service, tmp_path):
    with LaneScript(tmp_path, 3) as script:
        script.start()
        script.do("check")
        script.begin("snapshot.vm001")
        async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, "run     Snapshot of vm001")
            await pilot.press("end")
            await wait_for(pilot, "> wait    Snapshot of vm003")
            script.hold("snapshot.vm003")
            text = await wait_for(pilot, "FAILED  Snapshot of vm003")
            assert line_of(text, "FAILED").startswith(" > FAILED  Snapshot of vm003")
            assert text.index("FAILED") < text.index("run     Snapshot of vm001")


def choices_after(script, step: str, alike: int):
    """What the runner offers for this failed step, as a script asks it."""
    found = next(each for each in lane_plan(30).steps if each.name == step)
    offered = after_failure(found, RunView.of(read_journal(script.run.journal_file)), alike)
    return tuple((choice.value, choice.label, choice.refused) for choice in offered)


@pytest.mark.parametrize("keys", [["down"] * 3, ["end", "up"]])
async def test_thirty_failed_machines_are_left_out_with_one_answer(service, tmp_path, keys):
    with LaneScript(tmp_path, 30) as script:
        script.start()
        script.do("check")
        script.hold("snapshot.vm001")
        offered = choices_after(script, "snapshot.vm001", 29)
        script.ask("snapshot.vm001", text="vm001: no space left.", choices=offered)
        async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
            text = await wait_for(pilot, "! vm001: no space left.")
            assert "The same for all 30 that failed at this step" in text
            assert "Leave all 30 that failed at this step out, with one reason" in text
            assert "Stop here" in text
            await pilot.press(*keys, "enter")
            await wait_for(pilot, lambda text: "! vm001" not in text)
    assert script.replies[-1][0] == "leave-out-all"


def test_in_plain_lines_the_answer_for_all_has_a_line_of_its_own(tmp_path):
    with LaneScript(tmp_path, 30) as script:
        script.start()
        script.hold("snapshot.vm001")
        offered = choices_after(script, "snapshot.vm001", 29)
        script.ask("snapshot.vm001", text="vm001: no space left.", choices=offered)
        lines = list(question_lines(script.switches.question))
    assert "  retry-all: The same for all 30 that failed at this step" in lines
    assert "  leave-out-all: Leave all 30 that failed at this step out, with one reason" in lines
