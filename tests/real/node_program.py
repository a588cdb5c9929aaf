"""A daemon with toy work, as a process; what it is to do comes as JSON on standard input."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.errors import StepFailed
from config.secrets import Secret
from config.site import DirectoryAccess, HypervisorNode, ShellAccess, Site
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.targets.directory import Directory
from steps.targets.open import open_directory
from steps.virtual_machine.job_words import Task
from steps.virtual_machine.node.assembly import make_daemon
from steps.virtual_machine.node.daemon import Rhythm
from steps.virtual_machine.node.keeping import StateFolder
from steps.virtual_machine.node.orders import Order
from steps.virtual_machine.server_clock import ServerClock
from tests.real.slapd_support import BASE

ORDER = json.load(sys.stdin)
EFFECTS = Path(ORDER["effects"])


def die_at(point: str) -> None:
    """End as by kill -9 where the test said so, once."""
    if point == ORDER.get("die_at"):
        os.kill(os.getpid(), signal.SIGKILL)


class ToyStep(Step):
    """Makes one file that was not there."""

    def __init__(self, order: Order, number: int) -> None:
        leaf = order.leaf
        self._order, self._number = order, number
        self.name = self.title = f"{order.task.order}.{number}"
        self._file = EFFECTS / f"{leaf.machine}@{leaf.name}.{self.name}"

    def commands(self) -> Sequence[str]:
        return (f"touch {self._file}",)

    def verify(self, context: StepContext) -> Verdict:
        return done("there") if self._file.exists() else not_done("not there")

    def apply(self, context: StepContext) -> None:
        die_at(f"before {self.name}")
        while self.name == ORDER.get("hang_at"):
            time.sleep(0.1)
        for turn in range(int(ORDER.get("turns", 0))):
            context.progress(turn, int(ORDER["turns"]), "B")
            context.checkpoint()
            time.sleep(0.05)
        while (EFFECTS / "hold").exists():
            context.checkpoint()
            time.sleep(0.02)
        if (EFFECTS / f"fail@{self._order.leaf.machine}.{self.name}").exists():
            raise StepFailed("The toy broke, and the password is only-for-this-test-7c1.")
        try:
            self._file.open("x").close()
        except FileExistsError:
            (EFFECTS / f"twice@{self._file.name}").touch()
        die_at(f"after {self.name}")


class ToyWork:
    """Two steps a task."""

    def steps(self, order: Order, context: StepContext) -> Sequence[Step]:
        return ToyStep(order, 1), ToyStep(order, 2)

    def measured(self, order: Order, context: StepContext) -> dict[str, float]:
        return {}

    def moment(self, order: Order, context: StepContext) -> None:
        return None

    def return_code(self, error: Exception, task: Task) -> int:
        return 11 if isinstance(error, StepFailed) else 1


class Deadly:
    """The directory, that kills the daemon before or after it wrote a mode."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def __getattr__(self, name: str) -> object:
        return getattr(self._directory, name)

    def transition(self, dn, attribute, expected, new, others=()):
        die_at(f"before {new}")
        self._directory.transition(dn, attribute, expected, new, others)
        die_at(f"after {new}")


def main() -> None:
    access = DirectoryAccess(base=BASE, url=ORDER["url"], bind_dn=ORDER["bind_dn"])
    node = ORDER["node"]
    nodes = (HypervisorNode(node, "test:///default", ShellAccess()),)
    site = Site("toy", nodes=nodes, directory=access)
    folder = StateFolder(Path(ORDER["state"]))
    rhythm = Rhythm(
        look_seconds=ORDER.get("look", 0.2), calm_seconds=ORDER.get("calm", 1.0),
        retry_seconds=0.1, beat_seconds=ORDER.get("beat", 0.3), at_once=ORDER.get("at_once", 4),
    )  # fmt: skip
    skew = timedelta(seconds=ORDER.get("skew", 0))
    clock = ServerClock(wall=lambda: datetime.now(UTC) + skew)
    daemon = make_daemon(
        site, node, folder, {"directory password": Secret(ORDER["password"])}, ToyWork(), rhythm,
        lambda line: print(line, flush=True),
        connect=lambda access, password: Deadly(open_directory(access, password)), clock=clock,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: daemon.stop())
    daemon.run(once=ORDER["once"])
    folder.close()


if __name__ == "__main__":
    main()
