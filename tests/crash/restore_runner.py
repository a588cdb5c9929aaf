"""The real runner with a journal that does harm at its Nth transition.

`restore_runner.py N ACTION RUN_DIRECTORY [--undo]`; N = 0 does none. ACTION is `before`, `torn` or
`after` (killed there), `fill:FILE` (the file takes all room of its file system), `slapd:FOLDER`
(that directory is killed), `kill:FILE` (the process whose id the file holds is killed).
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from steps.drill.slapd import stop_slapd
from steps.run.events import Event
from steps.run.journal import Journal
from steps.run.runner import World, main


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def harm(action: str) -> None:
    kind, _, place = action.partition(":")
    if kind == "fill":
        with Path(place).open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(Path(place).parent).free)
    elif kind == "slapd":
        stop_slapd(Path(place), kill=True)
    elif kind == "kill":
        os.kill(int(Path(place).read_text()), signal.SIGKILL)


class HarmfulJournal(Journal):
    """Does its harm at its Nth transition: before it is written, in the middle, or after."""

    harm_at = int(sys.argv[1])
    action = sys.argv[2]
    count = 0

    def record(self, event, **fields):
        if event is Event.PROGRESS:
            return super().record(event, **fields)
        type(self).count += 1
        mine = self.count == self.harm_at
        if mine and self.action == "before":
            die()
        if mine and self.action == "torn":
            os.write(self._descriptor, b'{"event":"step-do')
            die()
        data = super().record(event, **fields)
        if mine and self.action == "after":
            die()
        if mine:
            harm(self.action)
        return data


if __name__ == "__main__":
    world = World(
        open_journal=lambda run, redactor: HarmfulJournal(run.journal_file, redactor),
    )
    sys.exit(main(sys.argv[3:], world))
