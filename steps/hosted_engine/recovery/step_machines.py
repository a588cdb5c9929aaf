"""Every machine that the backup had on a host: Down, started again, or where it is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from steps.hosted_engine.recovery.engine_step import API, RecoveryStep
from steps.hosted_engine.recovery.host_rules import PASSING
from steps.hosted_engine.recovery.recovery_job import BackupMachine
from steps.procedure import PutOff, StepContext, Verdict, done, not_done
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host, Machine
from steps.targets.engine_waiting import Sight


@dataclass(frozen=True, slots=True)
class Found:
    """One machine as it is now; `left`: the engine believes it on a host that stays down.

    `passing`: it, or its host, is on the way to another status.
    """

    expected: BackupMachine
    told: str
    left: bool = False
    passing: bool = False


class MachinesDown(RecoveryStep):
    """Each against what the inspection of the backup foretold."""

    name = "machines.down"
    title = "The machines of lost hosts can be started again"
    reason = (
        "A machine that the engine still believes on a lost host cannot be started anywhere. Each"
        " one that the backup had running is looked at."
    )

    @property
    def optional(self) -> bool:
        """Machines of a host that was left as it is stay as they are."""
        return True

    def commands(self) -> Sequence[str]:
        """The look."""
        return (f"GET {API}/vms",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where none is left on a host that is not up."""
        found = self._all(self.engine(context))
        for one in found:
            context.log(one.told)
        left = [one for one in found if one.left or one.passing]
        if left:
            return not_done("; ".join(one.told for one in left))
        return done(_summary(found))

    def apply(self, context: StepContext) -> None:
        """Wait until they are; what stays on a host that was not confirmed is put off."""
        engine = self.engine(context)
        patience = self.limits.machines
        self.wait(context, "no machine is on its way", lambda: self._passed(engine), patience)
        left = [one for one in self._all(engine) if one.left]
        if left:
            raise PutOff(
                f"{'; '.join(one.told for one in left)}. Confirm that the host was rebooted, then"
                " resume this run."
            )

    def _passed(self, engine: Engine) -> Sight:
        passing = [one.told for one in self._all(engine) if one.passing]
        return Sight(not passing, "; ".join(passing) or "every machine is where it stays")

    def _all(self, engine: Engine) -> list[Found]:
        now = {machine.id: machine for machine in engine.machines()}
        hosts = {host.id: host for host in engine.hosts()}
        return [_found(one, now.get(one.id), hosts) for one in self.job.machines]


def _found(expected: BackupMachine, machine: Machine | None, hosts: dict[str, Host]) -> Found:
    if machine is None:
        return Found(expected, f"{expected.name} is not in the engine")
    host = hosts.get(machine.host)
    foretold = " as the restore sets it" if expected.set_down else f", was on {expected.host}"
    if machine.status == "down":
        return Found(expected, f"{machine.name} is down{foretold}")
    if host is None:
        return Found(expected, f"{machine.name} is {machine.status} on no host", passing=True)
    where = f"{machine.name} is {machine.status} on {host.name}"
    if host.status != "up":
        passing = host.status in PASSING
        return Found(expected, f"{where}, which is {host.status}", not passing, passing)
    if machine.status in ("up", "paused"):
        again = host.name.lower() != expected.host.lower()
        restarted = ", started again: it is highly available" if expected.high_availability else ""
        return Found(expected, f"{where}{restarted or ', started again' if again else ''}")
    return Found(expected, where, passing=True)


def _summary(found: Sequence[Found]) -> str:
    if not found:
        return "the backup had no machine running"
    return "; ".join(_sorted(found))


def _sorted(found: Sequence[Found]) -> Iterator[str]:
    down = sum(" is down" in one.told for one in found)
    yield f"{down} of {len(found)} are down and can be started"
    yield from (one.told for one in found if " is down" not in one.told)
