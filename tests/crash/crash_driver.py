"""Runs the toy in forks and kills it at chosen journal transitions: one process, many deaths.

Reads one JSON request a line, writes one JSON answer a line: {"run", "undo", "kill_at", "when",
"largest_file"} -> {"code"}. `code` is negative for a signal.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import jinja2  # noqa: F401  (loaded once, not in every fork)

from steps.run.events import Event
from steps.run.journal import Journal
from steps.run.runner import World, main
from tests.crash import toy

HUNG = -1000
SECRET = "s3cret & <sauce>"


class MortalJournal(Journal):
    """Dies by SIGKILL at its Nth transition: before it is written, in the middle, or after."""

    kill_at = 0
    when = ""
    count = 0

    def record(self, event, **fields):
        if event is Event.PROGRESS:
            return super().record(event, **fields)
        type(self).count += 1
        mine = self.count == self.kill_at
        if mine and self.when == "before":
            self._die()
        if mine and self.when == "torn":
            os.write(self._descriptor, b'{"event":"step-do')
            self._die()
        data = super().record(event, **fields)
        if mine and self.when == "after":
            self._die()
        return data

    @staticmethod
    def _die():
        os.kill(os.getpid(), signal.SIGKILL)


def in_fork(request) -> int:
    child = os.fork()
    if child == 0:
        MortalJournal.kill_at, MortalJournal.when = request["kill_at"], request["when"]
        if request.get("largest_file"):
            limit = request["largest_file"]
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        handed = {"secrets": {"toy password": SECRET}, "prompts": {}}
        sys.stdin = io.StringIO(json.dumps(handed) + "\n")
        world = World(
            find=toy.find,
            open_targets=toy.no_targets,
            open_journal=lambda run, redactor: MortalJournal(run.journal_file, redactor),
        )
        undo = ["--undo"] if request["undo"] else []
        os._exit(main([request["run"], *undo], world))
    return end_of(child)


def end_of(child: int, seconds: float = 240.0) -> int:
    """Exit code of the fork; one that hangs (at a question nobody answers) is ended."""
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return HUNG
        time.sleep(0.001)


if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps({"code": in_fork(asked)}), flush=True)
