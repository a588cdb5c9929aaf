"""A run does not depend on whoever started it."""

from __future__ import annotations

import os
import pty
import signal
import sys
import time
from pathlib import Path

from steps.run.control_client import ControlClient
from steps.run.events import Doing, Finish, StepState
from steps.run.lock import read_holder
from tests.crash.run_support import ToyRun

ROOT = Path(__file__).resolve().parents[2]
STARTER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from steps.run.directory import RunDirectory
from tests.crash.run_support import ToyRun
ToyRun(RunDirectory(Path(sys.argv[2])), Path()).launch()
print("launched", flush=True)
time.sleep(60)
"""


def waiting(view) -> bool:
    return "wait" in view.steps and view.steps["wait"].doing is Doing.APPLYING


def test_closing_the_terminal_leaves_the_run_going_and_attach_shows_it_at_once(tmp_path):
    toy_run = ToyRun.make(tmp_path, wait=True)
    starter, terminal = pty.fork()
    if starter == 0:
        arguments = [sys.executable, "-P", "-c", STARTER, str(ROOT), str(toy_run.run.path)]
        os.execv(sys.executable, arguments)
    read_until(terminal, b"launched")
    toy_run.wait_until(waiting)
    started_from = toy_run.view.sessions[0].terminal

    os.close(terminal)
    _, status = os.waitpid(starter, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGHUP

    seconds = []
    for _ in range(3):
        begun = time.monotonic()
        attached = ToyRun(toy_run.run, toy_run.world)
        assert waiting(attached.update())
        seconds.append(time.monotonic() - begun)
    # The best of three: other programs on a busy machine are not ours to measure.
    assert min(seconds) < 4
    assert attached.run.holder() is not None
    (toy_run.world / "go").touch()
    attached.wait_until(lambda view: view.steps["wait"].state is StepState.DONE)
    assert attached.wait_end().outcome is Finish.DONE
    assert started_from.startswith("pts/")


def test_a_runner_has_no_terminal_its_own_session_and_ignores_sighup(tmp_path):
    toy_run = ToyRun.make(tmp_path, wait=True)
    launched = toy_run.launch()
    toy_run.wait_until(waiting)
    fields = Path(f"/proc/{launched.pid}/stat").read_text().rpartition(")")[2].split()
    parent, session, terminal = int(fields[1]), int(fields[3]), int(fields[4])
    assert parent != os.getpid()
    assert session != os.getsid(0)
    assert terminal == 0
    assert os.readlink(f"/proc/{launched.pid}/cwd") == "/"
    assert os.readlink(f"/proc/{launched.pid}/fd/0") == os.devnull
    os.kill(launched.pid, signal.SIGHUP)
    (toy_run.world / "go").touch()
    assert toy_run.wait_end().outcome is Finish.DONE


def test_sigterm_stops_after_the_step_and_the_run_resumes(tmp_path):
    toy_run = ToyRun.make(tmp_path, wait=True)
    launched = toy_run.launch()
    toy_run.wait_until(waiting)
    os.kill(launched.pid, signal.SIGTERM)
    time.sleep(0.1)
    (toy_run.world / "go").touch()
    assert toy_run.wait_end().outcome is Finish.STOPPED
    assert toy_run.step("wait").state is StepState.DONE
    assert toy_run.step("aside").state is StepState.WAITING
    toy_run.launch()
    assert toy_run.wait_end().outcome is Finish.DONE


def test_abort_interrupts_the_step_at_its_checkpoint_and_the_run_resumes(tmp_path):
    toy_run = ToyRun.make(tmp_path, wait=True)
    toy_run.launch()
    toy_run.wait_until(waiting)
    with ControlClient(toy_run.run) as client:
        client.abort()
    view = toy_run.wait_end()
    assert view.outcome is Finish.ABORTED
    assert view.steps["wait"].state is StepState.FAILED
    assert view.steps["wait"].seen == "no go"
    (toy_run.world / "go").touch()
    toy_run.launch()
    assert toy_run.wait_end().outcome is Finish.DONE


def test_killed_the_lock_is_free_and_the_step_in_hand_becomes_unknown_on_resume(tmp_path):
    toy_run = ToyRun.make(tmp_path, wait=True)
    launched = toy_run.launch()
    toy_run.wait_until(waiting)
    assert read_holder(toy_run.run.lock_file).pid == launched.pid
    os.kill(launched.pid, signal.SIGKILL)
    toy_run.wait_free()
    seen = []
    toy_run.launch()
    toy_run.wait_until(lambda view: seen.append(view.steps["wait"].state) or waiting(view))
    (toy_run.world / "go").touch()
    view = toy_run.wait_end()
    assert view.outcome is Finish.DONE
    assert [session.resumed for session in view.sessions] == [False, True]


def read_until(terminal: int, marker: bytes) -> None:
    seen, deadline = b"", time.monotonic() + 120
    while marker not in seen:
        assert time.monotonic() < deadline, seen
        seen += os.read(terminal, 4096)
