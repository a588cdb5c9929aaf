"""A deployment whose runner is killed at every transition of its journal, and then resumed.

The tool goes on by itself. Each question of it is answered once, with the right answer, and the
run ends as an undisturbed one: nothing is asked of the operator, nothing is left on the host.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from steps.run.events import Event, Finish
from steps.run.journal import read_journal
from tests.crash.toy_deploy import make_run
from tests.unit.deploy_support import Folder, an_engine, end_all_tools

KILLED = -9
RUNNER = Path(__file__).with_name("deploy_runner.py")
SECRETS = json.dumps({"secrets": {"admin": "s3cret-31"}, "prompts": {}})
ACTS = [
    {"stages": ["Initializing"]},
    {"ask": "DEPLOY_PROCEED", "text": "Continue? (Yes, No)[Yes]: ", "valid": ["Yes", "No"]},
    {"ask": "ENGINE_ADMIN_PASSWORD", "text": "Enter engine admin password: ", "hidden": True,
     "case_sensitive": True},
    {"log": ["INFO", "Stage: Closing up"]},
    {"ask": "NOBODY_KNOWS", "text": "And now? "},
    {"log": ["INFO", "Hosted Engine successfully deployed"]},
]  # fmt: skip
KNOWN = {"DEPLOY_PROCEED": "yes", "ENGINE_ADMIN_PASSWORD": "secret:admin"}
ANSWERS = [["DEPLOY_PROCEED", "Yes"], ["ENGINE_ADMIN_PASSWORD", "s3cret-31"], ["NOBODY_KNOWS", "x"]]
SHARES = 4


@pytest.fixture(autouse=True)
def world(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    with an_engine() as engine:
        yield engine
    for folder in tmp_path.iterdir():
        end_all_tools(folder)


def a_run(folder, engine):
    return make_run(
        folder, ACTS, KNOWN, fqdn=engine.fqdn, answer_file="A=str:b\n",
        prompts={"tool.NOBODY_KNOWS.1": "x"},
    )  # fmt: skip


def live(run, kill_at=0, when="after"):
    """One life of a runner; its exit code, negative for a signal."""
    command = [sys.executable, "-P", str(RUNNER), str(kill_at), when, str(run.path),
               "--hand-over", "stdin"]  # fmt: skip
    done = subprocess.run(command, input=SECRETS + "\n", text=True, timeout=300)
    return done.returncode


def transitions(run):
    return sum(event["event"] != Event.PROGRESS for event in read_journal(run.journal_file))


def assert_ended_well(run, folder, why):
    view = run.view()
    assert view.outcome is Finish.DONE, f"{why}: {run.journal_file.read_text()}"
    assert Folder(folder).received() == ANSWERS, why
    assert Folder(folder).on_host() == [], why
    for path in run.path.rglob("*"):
        assert not path.is_file() or "s3cret-31" not in path.read_text(errors="replace"), path


@pytest.mark.parametrize("when", ["before", "after", "torn"])
@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_any_transition_a_resumed_run_answers_each_question_once(
    world, tmp_path, when, share
):
    # Every effect stands before the record of it: dying before is tried everywhere.
    step = {"before": SHARES, "after": SHARES * 3, "torn": SHARES * 5}[when]
    number, killed = share + 1, True
    while killed:
        folder = tmp_path / f"{when}-{number}"
        run = a_run(folder, world)
        killed = live(run, number, when) == KILLED
        if run.view().outcome is None:
            assert live(run) == 0, run.journal_file.read_text()
        assert_ended_well(run, folder, f"killed {when} transition {number}")
        number += step
    assert number > 20


def test_killed_again_and_again_it_still_answers_each_question_once(world, tmp_path):
    folder = tmp_path / "often"
    run = a_run(folder, world)
    for life in range(30):
        if live(run, 4 + life % 3, "before") != KILLED:
            break
    if run.view().outcome is None:
        assert live(run) == 0
    assert_ended_well(run, folder, "killed again and again")
