"""One daemon's life in the small world of backups: everything of `rekindle node` but its threads.

Worker, state folder, journal, claims, reports and steps are the real ones. A life ends at an effect
by `Killed`, and nothing after that has an effect: neither a `finally` nor a report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.site import Site
from steps.drill import practice_machine as practice
from steps.run.redact import Redactor
from steps.targets.directory import Change, Directory
from steps.virtual_machine.directory_modes import MODE, RETURN_VALUE, STATE
from steps.virtual_machine.job_leaf import JobLeaf, job_leaf
from steps.virtual_machine.machine_directory import machines_dn
from steps.virtual_machine.node.beating import Pulse
from steps.virtual_machine.node.keeping import Diary, StateFolder
from steps.virtual_machine.node.machine_work import MachineWork
from steps.virtual_machine.node.orders import interesting, orders
from steps.virtual_machine.node.worker import Ending, Result, Worker
from steps.virtual_machine.server_clock import ServerClock
from tests.unit.deadly import Deadly, Fate
from tests.unit.restore_world import BASE, NODE, Killed, WorldTargets

MACHINE_DN = practice.machine_dn(BASE)


@dataclass
class Death(Fate):
    """Kills before the Nth effect; a process that is dead does nothing more."""

    dead: bool = False

    def strike(self, name: str, act: Callable[[], object]) -> object:
        if self.dead:
            raise Killed(name)
        self.dead = self.count == self.kill_at
        return super().strike(name, act)


class DeadlyFolder:
    """The daemon's state folder, whose journals may be the last thing it writes."""

    def __init__(self, folder: StateFolder, fate: Fate) -> None:
        self._folder, self._fate = folder, fate

    def diary(self, leaf: JobLeaf, redactor: Redactor, **named: Any) -> Diary:
        made = self._fate.strike("diary", lambda: self._folder.diary(leaf, redactor, **named))
        return DeadlyDiary(made, self._fate)  # type: ignore[return-value]


class DeadlyDiary(Deadly):
    """A journal; a line in its log is a write too."""

    def log(self, line: str) -> None:
        self._fate.strike("log", lambda: self._inner.log(line))  # type: ignore[attr-defined]


@dataclass
class DaemonWorld:
    """A world (of backups or restores), and the state folder of the daemon on its node."""

    world: Any
    site: Site
    state: Path
    wrap: Callable[[object], object] = lambda target: target
    """What may stand before a target, for a world that is not quite the usual one."""

    @property
    def directory(self) -> Directory:
        return self.world.directory  # type: ignore[no-any-return]

    def leaf_dn(self, leaf: str) -> str:
        return f"ou={leaf},ou=backup,{MACHINE_DN}"

    def leaf(self, leaf: str) -> JobLeaf:
        entry = self.directory.get(self.leaf_dn(leaf))
        assert entry is not None
        return job_leaf(entry)

    def write(self, leaf: str, **values: str) -> None:
        """What a control instance writes, in one modify."""
        entry = self.directory.get(self.leaf_dn(leaf))
        assert entry is not None
        changes = [Change("replace", name, (value.encode(),)) for name, value in values.items()]
        self.directory.modify(entry.dn, changes, expected_csn=entry.entry_csn)

    def order(self, leaf: str, task: str) -> None:
        """An order in the words of the guide."""
        self.write(leaf, **{MODE: task, STATE: "0", RETURN_VALUE: "0"})

    def life(self, fate: Fate | None = None) -> list[Result]:
        """The daemon starts and does what is ordered until nothing is, or until it dies."""
        fate = fate or Death()
        folder = StateFolder(self.state)
        try:
            return self._live(folder, fate)
        finally:
            folder.close()

    def _live(self, folder: StateFolder, fate: Fate) -> list[Result]:
        owner = f"{NODE}/{folder.instance}"
        clock = ServerClock()
        worker = Worker(
            MachineWork(self.site), DeadlyFolder(folder, fate),  # type: ignore[arg-type]
            owner, clock, Pulse(),
            open_targets=lambda: WorldTargets(self.world, lambda t: Deadly(self.wrap(t), fate)),
            secrets=lambda _name: None, redactor=Redactor(), leaving=lambda: False,
        )  # fmt: skip
        results: list[Result] = []
        own = frozenset({MACHINE_DN.lower()})
        for _look in range(20):
            base = machines_dn(self.directory.base)
            leaves = [job_leaf(entry) for entry in self.directory.search(base, interesting())]
            found = orders(leaves, own, owner, clock.now())
            if not found:
                return results
            results.append(worker.carry_out(found[0]))
            if results[-1].ending not in (Ending.DONE, Ending.FAILED):
                return results
        raise AssertionError(f"it never ends: {results[-3:]}")
