"""Logs of steps, written in groups: a step may log ten thousand lines a second.

Lines are gathered for 20 ms or 256 KiB, scrubbed and written at once. A log that cannot be written
stops no step; how many lines were lost is told instead.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Final

from steps.run.directory import RunDirectory
from steps.run.redact import Redactor

GATHER_SECONDS: Final = 0.02
GATHER_CHARACTERS: Final = 256 << 10
MOST_WAITING: Final = 4 << 20
"""Characters that may wait; beyond that whoever logs waits for the disk."""


class StepLogs:
    """The writer of all step logs of one run, with a thread of its own."""

    def __init__(self, run: RunDirectory, redactor: Redactor) -> None:
        self._run, self._redactor = run, redactor
        self._changed = threading.Condition()
        self._waiting: list[tuple[str, str]] = []
        self._characters = 0
        self._closed = False
        self._hurried = self._logged = self._written = 0
        self._lost = 0
        self._why = ""
        run.log_folder.mkdir(mode=0o700, exist_ok=True)
        self._thread = threading.Thread(target=self._write_on, name="step-log", daemon=True)
        self._thread.start()

    def write(self, step: str, text: str) -> None:
        """Add a line (or several) to the step's log."""
        stamped = f"{datetime.now().astimezone():%H:%M:%S} {text}\n"
        with self._changed:
            while self._characters > MOST_WAITING and not self._closed:
                self._changed.wait()
            self._waiting.append((step, stamped))
            self._logged += 1
            self._characters += len(stamped)
            if len(self._waiting) == 1 or self._characters > GATHER_CHARACTERS:
                self._changed.notify_all()

    def flush(self) -> None:
        """Return when everything logged so far is in the files."""
        with self._changed:
            # Others may go on logging meanwhile: theirs is not waited for.
            wanted = self._logged
            self._hurried += 1
            self._changed.notify_all()
            while self._written < wanted:
                self._changed.wait()
            self._hurried -= 1

    def take_losses(self) -> str:
        """What was lost since the last call, in words; empty where nothing was."""
        with self._changed:
            lost, self._lost = self._lost, 0
            return f"{lost} log lines could not be written: {self._why}." if lost else ""

    def close(self) -> None:
        """Write what waits and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _write_on(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                if self._characters < GATHER_CHARACTERS and not self._closed and not self._hurried:
                    self._changed.wait(GATHER_SECONDS)
                lines, self._waiting, self._characters = self._waiting, [], 0
            self._write_lines(lines)
            with self._changed:
                self._written += len(lines)
                self._changed.notify_all()

    def _write_lines(self, lines: Iterable[tuple[str, str]]) -> None:
        for step, group in groupby(lines, key=lambda line: line[0]):
            texts = [text for _, text in group]
            try:
                self._append(step, self._redactor.clean("".join(texts)))
            except OSError as error:
                with self._changed:
                    self._lost += len(texts)
                    self._why = error.strerror or str(error)

    def _append(self, step: str, text: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._run.step_log(step), flags, 0o600)
        with open(descriptor, "wb", buffering=0) as log:
            left = memoryview(text.encode("utf-8", "backslashreplace"))
            while left:
                left = left[log.write(left) :]
