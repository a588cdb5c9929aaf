"""What engine-backup says: lines on standard output and in its log, and how it gives up."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

FATAL: Final = "FATAL: "


class Fatal(Exception):
    """It gives up; `texts` are its last words, one line each. `logged` is for the log only."""

    def __init__(self, *texts: str, logged: str = "") -> None:
        super().__init__(texts[0])
        self.texts, self.logged = texts, logged


class Words:
    """Every line goes to standard output and into the log, once there is one."""

    def __init__(self) -> None:
        self._log: Path | None = None

    def open_log(self, path: Path) -> None:
        """Append to that log, 0600."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        self._log = path

    def say(self, *lines: str) -> None:
        """Lines of output."""
        for line in lines:
            print(line, flush=True)
            self.note(f"OUTPUT: {line}")

    def note(self, text: str) -> None:
        """A line for the log only."""
        if self._log is not None:
            stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
            with self._log.open("a") as log:
                log.write(f"{stamp} {os.getpid()}: {text}\n")

    def give_up(self, fatal: Fatal) -> int:
        """The last words; returns the exit code."""
        for line in fatal.logged.splitlines():
            self.note(line)
        for text in fatal.texts:
            self.note(f"{FATAL}{text}")
            print(f"{FATAL}{text}", file=sys.stderr, flush=True)
        return 1


def framed(*lines: str, mark: str = "-") -> tuple[str, ...]:
    """The lines between two rules."""
    rule = mark * 78
    return (rule, *lines, rule)
