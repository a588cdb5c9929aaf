"""Plain mode on the toy procedure with conflicts, as a program of its own."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from tests.screens.support import Script, ToyService
from tests.screens.toy import SITE, TOY
from tests.screens.toy_conflicts import ToyConflicts
from tui.plain import run_wizard


class PlainService(ToyService):
    """A run that it starts fails at its second step, asks, and ends as it was answered."""

    def procedures(self):
        return (dataclasses.replace(TOY, conflicts=self.compare),)

    def compare(self, _site, given, _survey):
        return ToyConflicts(mode="with-state" if given.get("state") else "cold")

    def start(self, session):
        run = super().start(session)
        (run.path / "decided.txt").write_text(
            "".join(f"{row}={choice}\n" for row, choice in sorted(session.decided().items()))
        )
        script = Script(run)
        script.start()
        script.do("check.set")
        script.fail("swap.aside")
        script.end_as_answered({"retry": "done", "stop": "stopped"})
        return run


def main() -> int:
    """Run it; arguments: the folder of its runs, and a procedure to begin with."""
    service = PlainService(Path(sys.argv[1]))
    return run_wizard(SITE, service=service, procedure=(sys.argv[2:] or [None])[0])


if __name__ == "__main__":
    sys.exit(main())
