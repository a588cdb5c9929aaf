"""A site around the tree of slapd_support, and a plan or repair carried out on it by the law."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from config.answers import settled
from config.questions import Value
from config.site import DirectoryAccess, HypervisorNode, MachineStorage, ShellAccess, Site
from steps.procedure import Plan, Probed, ProbeInput, Procedure
from steps.targets.directory import Directory
from steps.targets.local import LocalShell
from tests.real.slapd_support import BASE, World
from tests.unit.restore_world import MemoryContext, PretendedHypervisor

NODE = "node-01.example.org"


class PlanTargets:
    """A directory, and this host as the only node."""

    def __init__(self, directory: Directory, shell: LocalShell | None = None) -> None:
        self._directory, self._shell = directory, shell or LocalShell()
        self.machines = PretendedHypervisor()

    def shell(self, name: str) -> LocalShell:
        assert name == NODE
        return self._shell

    def hypervisor(self, name: str) -> PretendedHypervisor:
        assert name == NODE
        return self.machines

    def directory(self) -> Directory:
        return self._directory

    def close(self) -> None:
        pass


class Office:
    """Where plans are changed: answers in, a plan out, carried out or looked at."""

    def __init__(self, world: World, folder: Path, procedure: Procedure) -> None:
        self.world, self.folder, self.procedure = world, folder, procedure
        self.shell = LocalShell()
        self.targets = PlanTargets(world.directory, self.shell)
        self.site = Site(
            "berne", (HypervisorNode(NODE, "test:///default", ShellAccess()),),
            DirectoryAccess(BASE, ldif_folder=folder),
            MachineStorage(f"{folder}/live", f"{folder}/backup", f"{folder}/retain"),
        )  # fmt: skip
        folder.mkdir(exist_ok=True)

    def probe(self, name: str, **given: Value) -> Probed:
        looked_at = ProbeInput(self.site, given, self.targets)  # type: ignore[arg-type]
        return self.procedure.probes[name](looked_at)

    def given(self, **answers: Value) -> Mapping[str, Value]:
        return settled(self.procedure.interview, answers)

    def survey(self, given: Mapping[str, Value]) -> dict[str, object]:
        looked_at = ProbeInput(self.site, given, self.targets)  # type: ignore[arg-type]
        return dict(json.loads(json.dumps(self.procedure.survey(looked_at))))

    def plan(self, **answers: Value) -> Plan:
        given = self.given(**answers)
        return self.procedure.plan(self.site, given, {}, self.survey(given))

    def context(self, name: str = "1128-0300") -> MemoryContext:
        run = self.folder / name
        run.mkdir(exist_ok=True)
        return MemoryContext(self.targets, {}, run)
