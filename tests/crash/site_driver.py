"""Runs the runner on a site in forks, and kills it at one boundary of its steps after another.

Reads one JSON request a line, writes one JSON answer a line: {"run", "secrets", "die_at", "undo"}
-> {"code"}, negative for a signal. `die_at` names events of the journal, each as "before EVENT" or
"after EVENT". For each step a runner dies once at each of them: where runners have died stands in a
file beside the run, so that the next one gets further.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# Loaded once, not in every fork.
import jinja2  # noqa: F401

import steps.hosted_engine.restore.procedure
import steps.targets.open_shell
import steps.targets.ovirt_engine  # noqa: F401
from steps.run.events import Event
from steps.run.journal import Journal
from steps.run.runner import World, main
from tests.crash.crash_driver import end_of

LONGEST = 240.0
"""Seconds that one life may take."""


def deaths_of(run: Path) -> Path:
    """Where runners of that run have died, a line each."""
    return run.with_name(f"deaths-{run.name}")


class MortalJournal(Journal):
    """Dies by SIGKILL at the first boundary at which no runner has died yet."""

    deaths: Path
    die_at: frozenset[str]

    def record(self, event, **fields):
        if event is Event.PROGRESS:
            return super().record(event, **fields)
        self._meet(f"before {event.value}", fields.get("step"))
        data = super().record(event, **fields)
        self._meet(f"after {event.value}", fields.get("step"))
        return data

    def _meet(self, boundary, step):
        if boundary not in self.die_at or f"{boundary} {step}" in self._met():
            return
        with self.deaths.open("a") as file:
            file.write(f"{boundary} {step}\n")
        os.kill(os.getpid(), signal.SIGKILL)

    def _met(self):
        return self.deaths.read_text().splitlines() if self.deaths.exists() else []


def in_fork(request) -> int:
    child = os.fork()
    if child == 0:
        MortalJournal.deaths = deaths_of(Path(request["run"]))
        MortalJournal.die_at = frozenset(request["die_at"])
        handed = {"secrets": request["secrets"], "prompts": {}}
        sys.stdin = io.StringIO(json.dumps(handed) + "\n")
        world = World(
            open_journal=lambda run, redactor: MortalJournal(run.journal_file, redactor),
        )
        os._exit(main([request["run"], *(["--undo"] if request["undo"] else [])], world))
    return end_of(child, LONGEST)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps({"code": in_fork(json.loads(line))}), flush=True)
