"""A control instance in a thread: the steps of commanded_phases, carried out lane by lane."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.errors import RekindleError
from config.secrets import Secret
from config.site import DirectoryAccess
from steps.procedure import Outcome, Phase
from steps.targets.directory import Directory
from steps.targets.ldap_directory import LdapDirectory
from steps.virtual_machine.coordination.observer import Observer
from steps.virtual_machine.coordination.orders import Commanded
from steps.virtual_machine.coordination.phases import commanded_phases
from steps.virtual_machine.coordination.steps import CommandedJob
from tests.real.node_world import NodeWorld, machine_name, node_name
from tests.real.slapd_support import BASE, PASSWORD

NEW_LEAF = "20261127T030000Z"


class ControlContext:
    """What a step of a control instance is given, with a directory connection of its own."""

    def __init__(self, directory: Directory, folder: Path) -> None:
        self._directory = directory
        self.run_directory = folder
        self.lines: list[str] = []
        self.shown: list[tuple[int, int]] = []
        self.facts: dict[str, str] = {}

    @property
    def targets(self):
        return self

    def directory(self) -> Directory:
        return self._directory

    def log(self, line: str) -> None:
        self.lines.append(line)

    def progress(self, done: int, total: int, unit: str = "B") -> None:
        self.shown.append((done, total))

    def checkpoint(self) -> None:
        pass

    def remember(self, name: str, value: str) -> None:
        self.facts[name] = value

    def recall(self, name: str) -> str | None:
        return self.facts.get(name)


class Control:
    """One control instance. `failed` has the error of each machine that failed, by its name."""

    def __init__(
        self, world: Any, run: str, job: CommandedJob, *, die_after: str = "",
        password: Secret = PASSWORD,
    ) -> None:  # fmt: skip
        self._password = password
        self.world, self.run, self.job = world, run, job
        self.failed: dict[str, RekindleError] = {}
        self.mistakes: list[Exception] = []
        self.contexts: dict[str, ControlContext] = {}
        self.die_after = die_after
        self.died = False
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> Control:
        self._thread.start()
        return self

    def join(self, seconds: float = 240.0) -> Control:
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "the control instance never ended"
        assert not self.mistakes, self.mistakes
        return self

    @property
    def is_going(self) -> bool:
        return self._thread.is_alive()

    def _work(self) -> None:
        for machine in self.job.machines:
            access = DirectoryAccess(
                base=machine.base, url=self.world.url, bind_dn=self.world.slapd.bind_dn
            )
            self.contexts[machine.machine] = ControlContext(
                LdapDirectory(access, self._password), self.world.folder / self.run
            )
        for phase in commanded_phases(self.job):
            if not self.died:
                self._phase(phase)
        for context in self.contexts.values():
            context.directory().close()

    def _phase(self, phase: Phase) -> None:
        threads = [threading.Thread(target=self._step, args=(step,)) for step in phase.steps]
        for thread in threads:
            thread.start()
            if phase.name.endswith("-orders"):
                thread.join()
        for thread in threads:
            thread.join()
        self.died = phase.name == self.die_after

    def _step(self, step) -> None:
        if step.lane in self.failed:
            return
        context = self.contexts[step.lane or self.job.machines[0].machine]
        try:
            if step.verify(context).outcome is not Outcome.DONE:
                step.apply(context)
                assert step.verify(context).outcome is Outcome.DONE, step.name
        except RekindleError as error:
            self.failed[step.lane] = error
        except Exception as error:  # noqa: BLE001  (a mistake fails the test, not only its thread)
            self.mistakes.append(error)


def commanded(numbers: range, nodes: int, leaf: str = NEW_LEAF) -> tuple[Commanded, ...]:
    """The machines of a node world."""
    return tuple(
        Commanded(BASE, machine_name(n), f"vm{n:03d}", node_name((n - 1) % nodes + 1), leaf)
        for n in numbers
    )


def control(
    world: NodeWorld,
    run: str,
    machines: tuple[Commanded, ...],
    patience: float = 30.0,
    observer: Callable[[], Observer] = Observer,
    look_seconds: float = 0.1,
    **options: str,
) -> Control:
    job = CommandedJob(machines, observer(), look_seconds, patience)
    return Control(world, run, job, **options)
