"""Starting a runner: by systemd or in a session of its own, and what is said when it dies."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from config.errors import InvalidInput, Refused, StepFailed, Unreachable
from config.secrets import Secret
from steps.run import launcher
from steps.run.events import Finish
from steps.run.launcher import hand_over, launch, systemd_command
from steps.run.lock import RunLock
from tests.crash import toy_runner
from tests.crash.run_support import ToyRun, end_leftovers


@pytest.fixture(autouse=True)
def no_runner_outlives_its_test():
    yield
    end_leftovers()


@pytest.fixture
def toy_run(tmp_path):
    return ToyRun.make(tmp_path)


def test_systemd_gets_a_transient_unit_and_nothing_of_the_environment_but_what_is_named(toy_run):
    run = toy_run.run
    environment = {"LANG": "C.UTF-8", "DIRECTORY_PASSWORD": "sesame", "SUDO_USER": "alice"}
    command = systemd_command(run, ["python", "-m", "steps.run.runner", str(run.path)], environment)
    end = command.index("--")
    assert command[0] == "systemd-run"
    assert {
        f"--unit=rekindle-{run.id}",
        "--collect",
        "--property=KillMode=process",
        f"--property=StandardError=append:{run.runner_log}",
        "--setenv=SUDO_USER=alice",
        "--setenv=LANG=C.UTF-8",
    } <= set(command[1:end])
    assert command[end + 1 : end + 5] == ["python", "-m", "steps.run.runner", str(run.path)]
    assert command[end + 5 :] == ["--launcher", "systemd-run", "--hand-over", "socket"]
    assert "sesame" not in " ".join(command)


def test_a_runner_that_waits_on_its_socket_gets_its_secrets_there(toy_run):
    command = [*toy_runner.COMMAND, str(toy_run.run.path), "--hand-over", "socket"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as runner:
        hand_over(toy_run.run, {"toy password": Secret("sesame")}, {})
        assert toy_run.wait_end().outcome is Finish.DONE
        assert runner.wait(timeout=120) == 0


def test_handing_over_to_nobody_ends(toy_run, monkeypatch):
    monkeypatch.setattr(launcher, "HAND_OVER_SECONDS", 0.1)
    with pytest.raises(Unreachable):
        hand_over(toy_run.run, {}, {})


def test_a_run_that_is_held_is_not_started_twice(toy_run):
    lock = RunLock(toy_run.run.lock_file)
    with pytest.raises(Refused, match="is being run by process"):
        toy_run.launch()
    lock.release()
    toy_run.launch()
    toy_run.wait_end()


def test_of_two_starts_at_once_one_wins_and_the_other_is_refused(tmp_path):
    toy_run = ToyRun.make(tmp_path, wait=True)
    outcomes = []

    def start():
        try:
            outcomes.append(toy_run.launch())
        except Refused as error:
            outcomes.append(error)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (toy_run.world / "go").touch()
    assert toy_run.wait_end().outcome is Finish.DONE
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Launched", "Refused"]
    assert len(toy_run.view.sessions) == 1


def test_a_changed_plan_is_refused_before_anything_starts(toy_run):
    text = toy_run.run.plan_file.read_text()
    toy_run.run.plan_file.write_text(text.replace('"hello"', '"goodbye"'))
    with pytest.raises(InvalidInput, match="changed after it was decided"):
        toy_run.launch()
    assert toy_run.run.journal_file.read_bytes() == b""
    assert toy_run.run.holder() is None


def test_a_finished_run_is_refused(toy_run):
    toy_run.launch()
    toy_run.wait_end()
    before = toy_run.run.journal_file.read_bytes()
    with pytest.raises(Refused, match="nothing left to do"):
        toy_run.launch()
    assert toy_run.run.journal_file.read_bytes() == before


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; sys.exit('no such library')", "no such library"),
        ("import sys; sys.exit(0)", "ended before it began"),
    ],
)
def test_a_runner_that_dies_at_once_is_told_in_its_own_words(toy_run, script, words):
    with pytest.raises(StepFailed, match=words):
        launch(toy_run.run, {}, command=(sys.executable, "-c", script))


def test_damaged_secrets_on_standard_input_are_refused_and_not_repeated(toy_run):
    command = [*toy_runner.COMMAND, str(toy_run.run.path)]
    for line in (b"[1]", b"{", b'{"secrets": {"a": ["sesame"]}}', b'{"secrets": "sesame"}'):
        done = subprocess.run(command, input=line, capture_output=True, check=False)
        assert done.returncode == 2
        assert b"sesame" not in done.stderr
