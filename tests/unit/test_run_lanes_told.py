"""Runs with lanes in plain lines, in the list of runs and in reports."""

from __future__ import annotations

import json

import pytest

from steps.run.events import FAILED_STEP, SKIP_REASON
from steps.run.journal import read_journal
from steps.run.report import as_html, as_markdown
from steps.run.report_data import gather
from tests.crash.run_support import ToyRun
from tests.screens.lane_script import LaneScript
from tests.unit.run_support import Operator
from tests.unit.test_run_lanes import World, machines, no_space, phase
from tests.unit.test_run_law import procedure_of
from tui.run_lines import RunLines
from tui.run_summary import summary


def told(run) -> list[str]:
    lines = RunLines()
    return [line for event in read_journal(run.journal_file) for line in lines.tell(event)]


@pytest.fixture
def left_out(tmp_path):
    """A run that has left one of three out."""
    world, toy_run = World(), ToyRun.make(tmp_path)
    procedure = procedure_of(
        phase("a", *machines(world, "a", "m1", "m2", "m3", m2=[no_space()])),
        phase("b", *machines(world, "b", "m1", "m2", "m3")),
    )
    run = Operator(toy_run.run, procedure).start()
    run.answer(FAILED_STEP, "leave-out")
    run.answer(SKIP_REASON, "the host | is gone")
    run.end()
    return toy_run.run, procedure


def test_plain_lines_count_the_lanes_after_each_step(left_out):
    lines = told(left_out[0])
    assert any("A of m1: done in" in line and "(A: " in line for line in lines)
    assert any("(B: 2 of 3 done, 1 failed)" in line or "(B: 2 of 3 done" in line for line in lines)
    assert any(line.endswith("A of m2: FAILED. no space left.") for line in lines)
    assert any("m2 is left out: the host | is gone (by tester)" in line for line in lines)
    assert "1 failed" not in lines[-1]
    assert "FAILED after" in lines[-1]
    assert "2 of 3 done; failed: m2 (A: no space left.; the host | is gone)" in lines[-1]


def test_progress_in_plain_lines_tells_of_every_lane_at_work(tmp_path):
    with LaneScript(tmp_path, 100) as script:
        script.hundred()
        lines = [line.split(" ", 1)[1] for line in told(script.run)]
    start = next(n for n, line in enumerate(lines) if line.startswith("Snapshot: 37 of 100 done, "))
    assert lines[start] == "Snapshot: 37 of 100 done, 1 running, 1 failed"
    assert lines[start + 1] == "Snapshot of vm041: 41 %, 41 B of 100 B"


def test_the_list_of_runs_counts_the_lanes_of_a_running_one(tmp_path):
    with LaneScript(tmp_path, 100) as script:
        script.hundred()
        note = summary(script.run).note
    assert note == "running: Snapshot: 37 of 100 done, 8 running, 1 failed"


def test_the_report_has_the_result_of_each_lane(left_out):
    data = gather(*left_out)
    assert [(lane["name"], lane["state"]) for lane in data["lanes"]] == [
        ("m1", "done"),
        ("m2", "left-out"),
        ("m3", "done"),
    ]
    assert data["lanes"][1]["at"] == "A"
    assert (data["lanes"][1]["why"], data["lanes"][1]["reason"]) == (
        "no space left.",
        "the host | is gone",
    )
    row = next(line for line in as_markdown(data).splitlines() if line.startswith("| m2 |"))
    assert "no space left. Left out: the host \\| is gone" in row
    assert row.replace("\\|", "").count("|") == 6
    assert "<td>m2</td><td>left-out</td><td>A</td>" in as_html(data)
    assert json.dumps(data)


def test_a_report_of_a_run_without_lanes_has_no_such_table(tmp_path):
    from tests.crash import toy

    toy_run = ToyRun.make(tmp_path)
    Operator(toy_run.run).start().end()
    assert "Result of each" not in as_markdown(gather(toy_run.run, toy.PROCEDURE))
