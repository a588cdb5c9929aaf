"""The real runner on a deployment by the scripted tool, killed at its Nth transition.

`deploy_runner.py N WHEN RUN_DIRECTORY`; N = 0 kills nothing. WHEN is `before`, `torn` or `after`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from steps.run.events import Event
from steps.run.journal import Journal
from steps.run.runner import World, main
from tests.crash import toy_deploy, toy_hold


class DeadlyJournal(Journal):
    """Kills its process at the Nth transition: before it is written, in the middle, or after."""

    kill_at, when, count = int(sys.argv[1]), sys.argv[2], 0

    def record(self, event, **fields):
        if event is Event.PROGRESS:
            return super().record(event, **fields)
        type(self).count += 1
        mine = self.count == self.kill_at
        if mine and self.when == "torn":
            os.write(self._descriptor, b'{"event":"fa')
        if mine and self.when in ("before", "torn"):
            os.kill(os.getpid(), signal.SIGKILL)
        data = super().record(event, **fields)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return data


def find(name):
    return {toy_deploy.NAME: toy_deploy.PROCEDURE, toy_hold.NAME: toy_hold.PROCEDURE}[name]


if __name__ == "__main__":
    world = World(
        find=find,
        open_journal=lambda run, redactor: DeadlyJournal(run.journal_file, redactor),
    )
    sys.exit(main(sys.argv[3:], world))
