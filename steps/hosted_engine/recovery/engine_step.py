"""What the steps on a restored engine have in common: the engine with their mark, and waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from steps.hosted_engine.recovery.recovery_job import Limits, RecoveryJob
from steps.procedure import Step, StepContext
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host, Machine
from steps.targets.engine_mark import correlation_mark
from steps.targets.engine_waiting import Patience, Sight, wait_until
from steps.targets.shell import Shell

API: Final = "/ovirt-engine/api"


class EngineStep(Step):
    """A step on an engine. What it asks of the engine bears its mark in the engine's event log."""

    limits: Limits

    def engine(self, context: StepContext) -> Engine:
        """The engine, with this step's mark."""
        return context.targets.engine().marked(self.mark(context))

    def mark(self, context: StepContext) -> str:
        """This step's correlation id in this run."""
        return correlation_mark(context.run_directory.name, self.name)

    def wait(
        self, context: StepContext, what: str, look: Callable[[], Sight], seconds: float
    ) -> str:
        """Wait until it is so, each new sight in the log. Raises StepFailed at the limit."""
        patience = Patience(seconds, context.log, context.checkpoint, self.limits.every)
        return wait_until(what, look, patience)

    def newest_event(self, context: StepContext) -> str:
        """The id of the newest line of the engine's event log; empty where it has none."""
        return next((event.id for event in self.engine(context).events(limit=1)), "")

    def tell_since(self, context: StepContext, event: str) -> None:
        """What the engine's event log says since that line, whoever caused it, into the log."""
        for found in reversed(self.engine(context).events(after=event, limit=20)):
            context.log(f"engine event {found.id}, {found.severity}: {found.text}")

    def tell_events(self, context: StepContext) -> None:
        """What the engine's own event log says of this step, into the step's log."""
        for event in reversed(self.engine(context).events(correlation=self.mark(context))):
            context.log(f"engine event {event.id}, {event.severity}: {event.text}")


class RecoveryStep(EngineStep):
    """A step of one recovery."""

    def __init__(self, job: RecoveryJob) -> None:
        self.job = job
        self.limits = job.limits
        self.depends_on = job.depends_on

    def shell(self, context: StepContext) -> Shell:
        """The shell on the host that carries the engine."""
        return context.targets.shell(self.job.deploy.host.name)


def host_of_id(engine: Engine, id: str) -> Host | None:
    """The host of that id, looked for among all: an engine that is starting knows none."""
    return next((host for host in engine.hosts() if host.id == id), None)


def named(machines: Sequence[Machine]) -> str:
    """Machines by name and status, on one line."""
    return ", ".join(f"{machine.name} ({machine.status})" for machine in machines)
