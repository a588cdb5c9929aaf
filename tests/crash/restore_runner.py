"""The real runner with a journal that dies at its Nth transition.

`restore_runner.py N before|torn|after RUN_DIRECTORY [--undo]`; N = 0 never dies.
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


class MortalJournal(Journal):
    """Dies by SIGKILL at its Nth transition: before it is written, in the middle, or after."""

    kill_at = int(sys.argv[1])
    when = sys.argv[2]
    count = 0

    def record(self, event, **fields):
        if event is Event.PROGRESS:
            return super().record(event, **fields)
        type(self).count += 1
        mine = self.count == self.kill_at
        if mine and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if mine and self.when == "torn":
            os.write(self._descriptor, b'{"event":"step-do')
            os.kill(os.getpid(), signal.SIGKILL)
        data = super().record(event, **fields)
        if mine and self.when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return data


if __name__ == "__main__":
    world = World(
        open_journal=lambda run, redactor: MortalJournal(run.journal_file, redactor),
    )
    sys.exit(main(sys.argv[3:], world))
