"""A held tool whose runner is killed at every transition: each menu is answered once, in its turn.

The tool waits by itself meanwhile; a later runner finds it at its menu, does what is to be done
before it goes on, and continues it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from steps.run.events import Event, Finish
from steps.run.journal import read_journal
from tests.crash.toy_hold import make_run
from tests.unit.deploy_support import Folder, an_engine, end_all_tools

KILLED = -9
RUNNER = Path(__file__).with_name("deploy_runner.py")
ANSWERS = [
    ["DEPLOY_PROCEED", "Yes"], ["OVEHOSTED_INSTALLING_OS", "1"], ["OVEHOSTED_ENGINE_UP", "1"],
]  # fmt: skip
SHARES = 3


@pytest.fixture(autouse=True)
def world(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    with an_engine() as engine:
        yield engine
    for folder in tmp_path.iterdir():
        end_all_tools(folder)


def live(run, kill_at=0, when="after"):
    """One life of a runner; its exit code, negative for a signal."""
    command = [sys.executable, "-P", str(RUNNER), str(kill_at), when, str(run.path)]
    return subprocess.run(command, text=True, timeout=300).returncode


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_any_transition_a_resumed_run_answers_each_menu_once(world, tmp_path, share):
    number, killed = share + 1, True
    while killed:
        folder = tmp_path / f"{number}"
        run = make_run(
            folder, fqdn=world.fqdn, prompts={"menu.OVEHOSTED_INSTALLING_OS.1": "continue"}
        )
        killed = live(run, number, "before") == KILLED
        if run.view().outcome is None:
            assert live(run) == 0, run.journal_file.read_text()
        why = f"killed before transition {number}"
        assert run.view().outcome is Finish.DONE, f"{why}: {run.journal_file.read_text()}"
        assert Folder(folder).received() == ANSWERS, why
        assert Folder(folder).on_host() == [], why
        asked = [e for e in read_journal(run.journal_file) if e["event"] == Event.ASKED]
        assert {e["name"] for e in asked} <= {"menu.OVEHOSTED_INSTALLING_OS.1"}, why
        number += SHARES
    assert number > 30
