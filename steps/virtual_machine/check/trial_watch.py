"""Runs a trial's process and lets the operator's abort through; nothing of it is left behind."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from config.errors import StepFailed
from steps.virtual_machine.check.scratch import clear_scratch
from steps.virtual_machine.check.trial import TrialJob, TrialResult

_MODULE = "steps.virtual_machine.check.trial_process"
_POLL_SECONDS = 0.3
_END_SECONDS = 15.0
_START_SECONDS = 900.0
_LOAD_BYTES_PER_SECOND = 20e6


def watch_trial(job: TrialJob, on_line: Callable[[str], None]) -> TrialResult:
    """Run it to its end. `on_line` is called with what it says, and with "" several times a second;
    it may raise, which ends the trial. Raises StepFailed with what went wrong in it.
    """
    scratch = Path(job.scratch)
    clear_scratch(scratch)
    for folder in (scratch, Path(job.keep)):
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    file = scratch / "job.json"
    file.write_text(json.dumps(job.to_json()))
    try:
        return _run(job, [sys.executable, "-P", "-m", _MODULE, str(file)], on_line)
    finally:
        clear_scratch(scratch)


def _run(job: TrialJob, command: list[str], on_line: Callable[[str], None]) -> TrialResult:
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        answers, errors = _lines(child.stdout), _lines(child.stderr)
        return _followed(answers, errors, on_line, time.monotonic() + _limit(job))
    finally:
        _end(child)


def _lines(stream: IO[str] | None) -> queue.Queue[str | None]:
    """The stream's lines as they come; None at its end."""
    found: queue.Queue[str | None] = queue.Queue()
    assert stream is not None

    def pump() -> None:
        for line in stream:
            found.put(line)
        found.put(None)

    threading.Thread(target=pump, daemon=True).start()
    return found


def _followed(
    answers: queue.Queue[str | None],
    errors: queue.Queue[str | None],
    on_line: Callable[[str], None],
    deadline: float,
) -> TrialResult:
    while time.monotonic() < deadline:
        on_line("")
        try:
            line = answers.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        if line is None:
            raise StepFailed(
                f"The trial's process ended unexpectedly: {_last(errors)}",
                "Send this line with a report.",
            )
        answer: dict[str, Any] = json.loads(line)
        if "say" in answer:
            on_line(answer["say"])
        elif "error" in answer:
            raise StepFailed(answer["error"], answer["remedy"])
        else:
            return TrialResult.from_json(json.loads(answer["result"]))
    raise StepFailed(
        "The trial did not come to an end in time.", "Look what its host is busy with."
    )


def _last(errors: queue.Queue[str | None]) -> str:
    found = ""
    while (line := errors.get(timeout=_END_SECONDS)) is not None:
        found = line.strip() or found
    return found


def _end(child: subprocess.Popen[str]) -> None:
    """End of its standard input is its sign to clear up; killed where it does not."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _limit(job: TrialJob) -> float:
    size = os.stat(job.state).st_size if job.state else 0
    return _START_SECONDS + size / _LOAD_BYTES_PER_SECOND + job.seconds
