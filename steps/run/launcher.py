"""Starting a runner that outlives the terminal: by systemd-run, or in a session of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.errors import InvalidInput, Refused, StepFailed, Unreachable
from config.secrets import Secret
from steps.own_environment import environment_without
from steps.run.control_client import ControlClient, terminal_name
from steps.run.directory import RunDirectory
from steps.run.journal import Follower, read_everything
from steps.run.view import RunView

RUNNER: Final = (sys.executable, "-P", "-m", "steps.run.runner")
START_SECONDS: Final = 60.0
HAND_OVER_SECONDS: Final = 30.0
PASSED_ON: Final = ("LANG", "SUDO_USER")
SYSTEMD: Final = Path("/run/systemd/system")
_BY_EXIT_CODE: Final = {InvalidInput.exit_code: InvalidInput, Refused.exit_code: Refused}


@dataclass(frozen=True, slots=True)
class Launched:
    """A runner that holds its run. `how` is `systemd-run` or `own session`."""

    pid: int
    how: str
    unit: str = ""


def launch(
    run: RunDirectory,
    secrets: Mapping[str, Secret],
    prompts: Mapping[str, str] | None = None,
    *,
    undo: bool = False,
    command: Sequence[str] = (),
) -> Launched:
    """Start (or resume) a run; returns when the runner holds it and has said so in the journal.

    `undo` undoes the run instead of going on with it. `command` starts another runner than ours;
    the run's path and options are added to it. Raises Refused where somebody runs it already or it
    cannot be gone on with, StepFailed with the runner's own words where it did not start.
    """
    arguments = [str(run.path), "--terminal", terminal_name(), *(["--undo"] if undo else [])]
    start = _start_by_systemd if uses_systemd() else _start_by_fork
    watch = _Watch(run)
    start(run, [*(command or RUNNER), *arguments], secrets, prompts or {})
    pid = watch.await_start()
    if start is _start_by_systemd:
        return Launched(pid, "systemd-run", f"rekindle-{run.id}")
    return Launched(pid, "own session")


def uses_systemd() -> bool:
    """Whether a transient unit can be made: systemd is process 1 and we are root."""
    return SYSTEMD.is_dir() and os.geteuid() == 0


def systemd_command(
    run: RunDirectory, runner: Sequence[str], environment: Mapping[str, str]
) -> list[str]:
    """The argument list that starts a runner as a transient unit of its own.

    KillMode=process: what the runner started (an embedded hypervisor's machine) outlives it. A unit
    gets none of the operator's environment but the little that is named here.
    """
    passed_on = [name for name in PASSED_ON if environment.get(name)]
    return [
        "systemd-run",
        f"--unit=rekindle-{run.id}",
        "--collect",
        "--quiet",
        "--property=KillMode=process",
        "--property=WorkingDirectory=/",
        f"--property=StandardOutput=append:{run.runner_log}",
        f"--property=StandardError=append:{run.runner_log}",
        f"--description=Rekindle run {run.id}",
        *(f"--setenv={name}={environment[name]}" for name in passed_on),
        "--",
        *runner,
        "--launcher",
        "systemd-run",
        "--hand-over",
        "socket",
    ]


def _start_by_systemd(
    run: RunDirectory,
    runner: Sequence[str],
    secrets: Mapping[str, Secret],
    prompts: Mapping[str, str],
) -> None:
    command = systemd_command(run, runner, os.environ)
    said_before = _size(run.runner_log)
    # The unit gets its secrets over the control socket: systemd-run passes no standard input on.
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode != 0:
        words = result.stderr.decode("utf-8", "replace").strip()
        raise StepFailed(f"systemd-run did not start the runner: {words}", seen=words)
    try:
        hand_over(run, secrets, prompts)
    except Unreachable as error:
        words = _last_words(run, said_before)
        raise StepFailed(f"Run {run.id} was not started. {words}") from error


def hand_over(run: RunDirectory, secrets: Mapping[str, Secret], prompts: Mapping[str, str]) -> None:
    """Give a runner that waits on its control socket what it needs; Unreachable in vain."""
    deadline = time.monotonic() + HAND_OVER_SECONDS
    with ControlClient(run) as client:
        while True:
            try:
                return client.hand_over(secrets, prompts)
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def _start_by_fork(
    run: RunDirectory,
    runner: Sequence[str],
    secrets: Mapping[str, Secret],
    prompts: Mapping[str, str],
) -> None:
    revealed = {name: secret.reveal() for name, secret in secrets.items()}
    line = json.dumps({"secrets": revealed, "prompts": dict(prompts)}).encode() + b"\n"
    # The runner takes its lock and forks once more: nobody waits for it, no zombie stays. From then
    # on it prints into its own log, so that reading what it says until here comes to an end.
    process = subprocess.Popen(
        [*runner, "--launcher", "own session", "--daemonise"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=environment_without(secrets.values()),
        start_new_session=True,
    )
    said, _ = process.communicate(line)
    if process.returncode != 0:
        kind = _BY_EXIT_CODE.get(process.returncode, StepFailed)
        words = said.decode("utf-8", "replace").strip() or "It said nothing."
        raise kind(f"Run {run.id} was not started. {words}")


class _Watch:
    """Follows a journal until a new runner has said that it started."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._follower = Follower(run.journal_file)
        self._view = RunView.of(read_everything(self._follower))
        self._sessions_before = len(self._view.sessions)
        self._said_before = _size(run.runner_log)

    def await_start(self) -> int:
        """The new runner's process id; raises StepFailed where it died first."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            dead = self._run.holder() is None or time.monotonic() > deadline
            for event in read_everything(self._follower):
                self._view.apply(event)
            if len(self._view.sessions) > self._sessions_before:
                return self._view.sessions[-1].pid
            if dead:
                words = self._view.message or _last_words(self._run, self._said_before)
                raise StepFailed(
                    f"The runner of {self._run.id} ended before it began. {words}",
                    f"The runner's log: {self._run.runner_log}",
                )
            time.sleep(0.01)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _last_words(run: RunDirectory, offset: int) -> str:
    """What the runner printed since, at most its last two kilobytes."""
    try:
        with open(run.runner_log, "rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(offset, end - 2048))
            return log.read().decode("utf-8", "replace").strip() or "It said nothing."
    except OSError as error:
        return f"Its log cannot be read: {error.strerror}."
