"""The commands around runs, from their arguments to their exit codes, with real runners."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from steps import catalogue, probing
from steps.run import launcher
from steps.run.directory import find_run, list_runs
from steps.run.events import FAILED_STEP, Doing, Finish
from tests.crash import toy, toy_probe, toy_runner
from tests.crash.run_support import ToyRun
from tui.main import main

SECRET = "sesame street"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home, a site, a world, and the toy in the catalogue of every process."""
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(catalogue.PROCEDURES, toy.NAME, "tests.crash.toy:PROCEDURE")
    monkeypatch.setattr(launcher, "RUNNER", toy_runner.COMMAND)
    monkeypatch.setattr(probing, "PROBE", toy_probe.COMMAND)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    (tmp_path / "site.yaml").write_text("name: toys\n")
    (tmp_path / "password").write_text(SECRET)
    (tmp_path / "password").chmod(0o600)
    toy.lay_out(tmp_path / "world")
    return tmp_path


def answers(home, prompts="{clean-up: 'yes'}", **given) -> str:
    values = {"world": str(home / "world"), "greeting": "hello", **given}
    lines = "".join(f"  {name}: {json.dumps(value)}\n" for name, value in values.items())
    text = f"rekindle: 1\nprocedure: {toy.NAME}\nanswers:\n{lines}"
    text += f"  toy password: {{secret: 'file:{home}/password'}}\n"
    text += f"prompts: {prompts}\n"
    (home / "answers.yaml").write_text(text)
    return str(home / "answers.yaml")


def rekindle(home, *arguments: str) -> int:
    return main([*arguments, "--site", str(home / "site.yaml"), "--plain"])


def test_plan_shows_phases_reasons_commands_and_the_point_of_no_return(home, capsys):
    assert rekindle(home, "plan", toy.NAME, "--answers", answers(home)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Replace toy"
    assert "    $ stage with hello" in lines
    assert "    why: a toy" in lines
    assert lines.index("  -- no way back after this --") > lines.index("Clean up")
    assert list_runs() == []
    assert (home / "world" / "live.txt").read_text() == "live\n"


def test_plan_as_json_is_for_programs(home, capsys):
    assert rekindle(home, "plan", toy.NAME, "--json", "--answers", answers(home)) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["procedure"], data["open"], data["blocking"]) == (toy.NAME, [], [])


def test_run_follows_in_plain_lines_to_the_end(home, capsys):
    assert rekindle(home, "run", toy.NAME, "--yes", "--answers", answers(home)) == 0
    out = capsys.readouterr().out
    assert re.search(r"^\d\d:\d\d:\d\d Stage the backup: done in 0\.\d s\. staged", out, re.M)
    assert re.search(r"^\d\d:\d\d:\d\d DONE after", out, re.M)
    assert f"Report: {list_runs()[0].report_file('md')}" in out
    assert SECRET not in out
    assert (home / "world" / "live.txt").read_text() == "backup\n"


def test_run_without_yes_and_without_a_terminal_starts_nothing(home, capsys):
    assert rekindle(home, "run", toy.NAME, "--answers", answers(home)) == 2
    assert "--yes" in capsys.readouterr().err
    assert list_runs() == []


def test_run_with_bad_answers_is_bad_input(home):
    assert rekindle(home, "run", toy.NAME, "--yes", "--answers", answers(home, wait=5)) == 2
    assert rekindle(home, "run", "toy.nothing", "--yes", "--answers", answers(home)) == 2
    assert list_runs() == []


def test_a_question_nobody_can_answer_ends_the_command_with_4_and_leaves_the_run_waiting(
    home, capsys
):
    assert rekindle(home, "run", toy.NAME, "--yes", "--answers", answers(home, "{}")) == 4
    out = capsys.readouterr().out
    assert "QUESTION 1: Remove the old file?" in out
    assert "  yes: Remove" in out
    run = list_runs()[0]
    assert run.holder() is not None
    assert rekindle(home, "attach", run.id) == 4
    toy_run = ToyRun(run, home / "world")
    toy_run.answer("clean-up", "yes")
    assert toy_run.wait_end().outcome is Finish.DONE
    assert rekindle(home, "attach", run.id) == 0


def test_a_failed_run_ends_with_1_is_resumed_and_reported(home, capsys):
    (home / "world" / "backup.txt").unlink()
    prompts = f"{{clean-up: 'no', {FAILED_STEP}: stop}}"
    assert rekindle(home, "run", toy.NAME, "--yes", "--answers", answers(home, prompts)) == 1
    assert "FAILED. There is no backup." in capsys.readouterr().out
    (home / "world" / "backup.txt").write_text("backup\n")

    assert rekindle(home, "resume", "last") == 2
    assert rekindle(home, "resume", "last", "--yes") == 0
    out = capsys.readouterr().out
    assert "failed   Check the backup: There is no backup." in out
    assert rekindle(home, "report") == 0
    assert capsys.readouterr().out.startswith("# Replace a file: toy\n\n**DONE**")
    assert rekindle(home, "report", "last", "--json") == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "done"
    assert rekindle(home, "report", "last", "--path") == 0
    assert all(Path(line).is_file() for line in capsys.readouterr().out.splitlines())


def test_a_finished_run_is_undone_until_the_clean_up(home, capsys):
    assert rekindle(
        home, "run", toy.NAME, "--yes", "--answers", answers(home, "{clean-up: 'no'}")
    ) == 0  # fmt: skip
    assert rekindle(home, "resume", "last", "--undo", "--yes") == 0
    assert "To undo, in this order: Note it" in capsys.readouterr().out
    assert (home / "world" / "live.txt").read_text() == "live\n"
    assert rekindle(home, "resume", "last", "--yes") == 3
    assert rekindle(home, "run", toy.NAME, "--yes", "--answers", answers(home)) == 0
    assert rekindle(home, "resume", "last", "--undo", "--yes") == 3


def test_runs_lists_states_for_people_and_programs(home, capsys):
    assert rekindle(home, "runs") == 0
    assert capsys.readouterr().out == "There are no runs yet.\n"
    rekindle(home, "run", toy.NAME, "--yes", "--answers", answers(home))
    rekindle(home, "run", toy.NAME, "--yes", "--detach", "--answers", answers(home, wait=True))
    newest, oldest = list_runs()
    toy_run = ToyRun(newest, home / "world")
    toy_run.wait_until(lambda view: view.steps and view.steps["wait"].doing is Doing.APPLYING)
    os.kill(toy_run.view.sessions[0].pid, signal.SIGKILL)
    toy_run.wait_free()
    capsys.readouterr()
    assert rekindle(home, "runs") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["!", newest.id, "cut"],
        [oldest.id, "done", "Replace"],
    ]
    assert rekindle(home, "runs", "--json") == 0
    states = [run["state"] for run in json.loads(capsys.readouterr().out)]
    assert states == ["cut off", "done"]
    (home / "world" / "go").touch()
    assert rekindle(home, "attach", newest.id) == 1
    assert rekindle(home, "resume", newest.id, "--yes") == 0
    assert "unknown  Wait for go" in capsys.readouterr().out


def test_a_run_that_goes_on_is_not_resumed(home, capsys):
    rekindle(home, "run", toy.NAME, "--yes", "--detach", "--answers", answers(home, wait=True))
    assert rekindle(home, "resume", "last", "--yes") == 3
    assert "rekindle attach" in capsys.readouterr().err
    (home / "world" / "go").touch()
    assert ToyRun(find_run("last"), home / "world").wait_end().outcome is Finish.DONE


def test_typed_words_steer_a_run_that_is_followed(home):
    rekindle(
        home, "run", toy.NAME, "--yes", "--detach", "--answers", answers(home, "{}", wait=True)
    )
    run = find_run("last")
    script = (
        "import sys; from pathlib import Path; from steps.run.directory import RunDirectory;"
        "from tui.follow_plain import follow_plain;"
        f"sys.exit(follow_plain(RunDirectory(Path({str(run.path)!r})), interactive=True))"
    )
    command = [sys.executable, "-P", "-c", script]
    with Following(command) as followed:
        toy_run = ToyRun(run, home / "world")
        followed.say("pause")
        followed.say("nonsense")
        followed.until("'nonsense' is nothing")
        wait_for_pause(toy_run)
        (home / "world" / "go").touch()
        followed.until("Paused by")
        followed.say("go-on")
        followed.until("QUESTION")
        followed.say("perhaps")
        followed.until("'perhaps' is not one of")
        followed.say("no")
        followed.until("put off")
        assert followed.process.wait(120) == 0


def test_leaving_leaves_the_run_going(home):
    rekindle(home, "run", toy.NAME, "--yes", "--detach", "--answers", answers(home, wait=True))
    run = find_run("last")
    script = (
        "import sys; from pathlib import Path; from steps.run.directory import RunDirectory;"
        "from tui.follow_plain import follow_plain;"
        f"sys.exit(follow_plain(RunDirectory(Path({str(run.path)!r})), interactive=True))"
    )
    left = subprocess.run(
        [sys.executable, "-P", "-c", script], input="leave\n", capture_output=True, text=True
    )
    assert (left.returncode, f"rekindle attach {run.id}" in left.stdout) == (4, True)
    assert run.holder() is not None
    (home / "world" / "go").touch()
    assert ToyRun(run, home / "world").wait_end().outcome is Finish.DONE


class Following:
    """A program that follows a run in plain lines: what is typed, and what it has said so far."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.said = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Following:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(240)
        self.process.stdin.close()
        self.process.stdout.close()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.said += line

    def say(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until(self, words: str) -> None:
        deadline = time.monotonic() + 120
        while words not in self.said:
            assert time.monotonic() < deadline, self.said
            time.sleep(0.02)


def wait_for_pause(toy_run: ToyRun) -> None:
    from steps.run.control_client import ControlClient

    deadline = time.monotonic() + 120
    with ControlClient(toy_run.run) as client:
        while not client.status().pause_by:
            assert time.monotonic() < deadline
            time.sleep(0.02)
