"""The world behind the practice hosts: one file that all of them read and change.

It lies in the practice folder, so that it outlives connections, servers and hosts. Only the
standard library is used here: the programs of the practice hosts start in a moment.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Facts = dict[str, Any]

FILE = "world.json"
LOCK = "world.lock"
DROP = "drop"
"""A file of this name with a host's name after it has that host's connections cut."""


def computer(facts: Facts, name: str) -> Facts:
    """A host or a server by its name."""
    found: Facts = facts["hosts"].get(name) or facts["servers"][name]
    return found


class World:
    """The world in a folder. Every reading is of now; every change is whole or not at all."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def read(self) -> Facts:
        """The facts as they are now."""
        facts: Facts = json.loads((self.folder / FILE).read_text())
        return facts

    @contextmanager
    def change(self) -> Iterator[Facts]:
        """Change the facts; nobody else changes them meanwhile."""
        with (self.folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            facts = self.read()
            yield facts
            self.write(facts)

    def write(self, facts: Facts) -> None:
        """Replace the facts."""
        temporary = self.folder / f".{FILE}.{os.getpid()}"
        temporary.write_text(json.dumps(facts, indent=1) + "\n")
        temporary.replace(self.folder / FILE)

    def now(self, facts: Facts | None = None) -> float:
        """Seconds of the world's own clock, which may run faster than ours."""
        known = facts if facts is not None else self.read()
        return float(time.time() - known["started"]) * float(known["speed"])

    def sleep(self, seconds: float) -> None:
        """Let that many seconds of the world pass."""
        time.sleep(seconds / float(self.read()["speed"]))

    def fault(self, name: str) -> str:
        """What a fault is set to; empty where it is not set."""
        return str(self.read()["faults"].get(name, ""))

    def drop_connections(self, host: str) -> None:
        """Have the connections to that host cut; its server looks for this file."""
        (self.folder / f"{DROP}.{host}").touch()
