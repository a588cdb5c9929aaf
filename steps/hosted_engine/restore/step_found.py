"""Predicted and found: every host and machine of the backup, told one by one in the report."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.archive.engine_model import Host, Vm
from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.archive.words import DOWN
from steps.hosted_engine.recovery.engine_step import API
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.run.tables import Table, remember_left_to_do, remember_table
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host as EngineHost
from steps.targets.engine_facts import Machine

WAIT_SECONDS: Final = 120.0
EVERY_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Line:
    """One object: what was predicted, what was found, and whether it is there at all."""

    kind: str
    name: str
    predicted: str
    found: str
    missing: bool = False


class PredictedAndFound(Step):
    """Look at everything that the backup had, beside what the inspection said beforehand."""

    name = "restore.found"
    title = "Everything of the backup is in the engine"
    reason = (
        "What the inspection predicted for each host and machine is set beside what is found; the"
        " report tells them one by one."
    )

    def __init__(self, inspection: Inspection, removed: tuple[str, ...]) -> None:
        self.inspection, self.removed = inspection, frozenset(removed)

    def commands(self) -> Sequence[str]:
        """The looks."""
        return (f"GET {API}/hosts", f"GET {API}/vms", f"GET {API}/datacenters")

    def verify(self, context: StepContext) -> Verdict:
        """Done where nothing of the backup is missing; how it is, is told."""
        lines = list(compared(self.inspection, self.removed, context.targets.engine()))
        rows = tuple((one.kind, one.name, one.predicted, one.found) for one in lines)
        columns = ("What", "Name", "Predicted from the backup", "Found")
        remember_table(context, "found", Table("Predicted and found", columns, rows))
        remember_left_to_do(context, "found", tuple(left_to_do(self.inspection, lines)))
        missing = [f"{one.kind} {one.name}" for one in lines if one.missing]
        if missing:
            return not_done(f"not in the engine: {', '.join(missing[:20])}")
        return done(f"{len(lines)} objects of the backup are there; the report tells each")

    def apply(self, context: StepContext) -> None:
        """Look again for a while; raises StepFailed where something stays missing."""
        until = time.monotonic() + WAIT_SECONDS
        verdict = self.verify(context)
        while verdict.outcome != done("").outcome:
            if time.monotonic() > until:
                raise StepFailed(
                    f"Something of the backup is missing: {verdict.evidence}.",
                    "Look whether it was removed on purpose, then skip this with that reason.",
                    seen=verdict.evidence,
                )
            context.checkpoint()
            time.sleep(EVERY_SECONDS)
            verdict = self.verify(context)


def compared(inspection: Inspection, removed: frozenset[str], engine: Engine) -> Iterator[Line]:
    """Every data centre, host and machine of the backup, beside what the engine says."""
    centers = {center.id: center for center in engine.data_centers()}
    for center in inspection.data_centers or ():
        now = centers.get(center.id)
        yield Line("data centre", center.name, "Up", now.status if now else _GONE, now is None)
    hosts = {host.id: host for host in engine.hosts()}
    for host in inspection.hosts or ():
        if host.id not in removed:
            yield _host(host, hosts.get(host.id))
    machines = {machine.id: machine for machine in engine.machines()}
    names = {host.id: host.name for host in engine.hosts()}
    for machine in inspection.vms or ():
        if not machine.engine_vm:
            yield _machine(machine, machines.get(machine.id), inspection, names)


def left_to_do(inspection: Inspection, lines: Sequence[Line]) -> Iterator[str]:
    """What the operator has still to see to: machines that ran, and hosts, a line each kind."""
    ran = {one.name for one in inspection.vms or () if one.status_name == "Up"}
    down = [one.name for one in lines if one.kind == "machine" and one.found == "down"]
    if stopped := [name for name in down if name in ran]:
        yield f"Ran when the backup was made and are down now, to be started: {', '.join(stopped)}"
    hosts = {one.name: one.found for one in lines if one.kind == "host"}
    if lost := [name for name, found in hosts.items() if found not in ("up", "maintenance", _GONE)]:
        yield f"Not in service: {', '.join(lost)}. Add them again: rekindle run {REJOIN}"
    carriers = [one.name for one in inspection.hosts or () if one.he_configured]
    if again := [name for name in carriers if hosts.get(name) in ("up", "maintenance")]:
        yield (
            f"Could carry the old engine's machine: {', '.join(again)}. To carry the new one's, put"
            f" each into maintenance and add it again: rekindle run {REJOIN}"
        )


REJOIN: Final = "hosted_engine.rejoin"
_GONE: Final = "not there"


def _host(then: Host, now: EngineHost | None) -> Line:
    predicted = "as reached: Up, or it does not answer"
    if then.status_name == "Maintenance":
        predicted = "Maintenance"
    return Line("host", then.name, predicted, now.status if now else _GONE, now is None)


def _machine(then: Vm, now: Machine | None, inspection: Inspection, names: dict[str, str]) -> Line:
    found = _GONE
    if now is not None:
        where = names.get(now.host, "")
        found = f"{now.status} on {where}" if where else now.status
    return Line("machine", then.name, predicted(then, inspection), found, now is None)


def predicted(machine: Vm, inspection: Inspection) -> str:
    """What the restore does to a machine, and what becomes of it."""
    if machine.name in (inspection.restore_sets_down or ()):
        return "Down: set so by the restore; started again, as it is highly available"
    if machine.status_name == DOWN or not machine.host:
        return "Down"
    return f"{machine.status_name} on {machine.host}; Down, where that host is gone and confirmed"
