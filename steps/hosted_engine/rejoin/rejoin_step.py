"""What the steps of one host have in common: their lane is the host."""

from __future__ import annotations

from steps.hosted_engine.recovery.engine_step import EngineStep
from steps.hosted_engine.rejoin.rejoin_job import RejoinHost, RejoinJob
from steps.procedure import StepContext
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host
from steps.targets.shell import Shell


class RejoinStep(EngineStep):
    """A step about one host; `kind` begins its name, `titled` is its title with the host's name
    left open.
    """

    kind: str
    titled: str

    def __init__(self, job: RejoinJob, host: RejoinHost) -> None:
        self.job, self.host, self.limits = job, host, job.limits
        self.lane = host.name
        self.name = f"{self.kind}.{host.name}"
        self.title = self.titled.format(name=host.name)

    def shell(self, context: StepContext) -> Shell:
        """The shell on the host itself."""
        return context.targets.shell(self.host.site_name)

    def carrier(self, context: StepContext) -> Shell:
        """The shell on the host from which it is looked."""
        return context.targets.shell(self.job.looked_from.name)

    def added(self, engine: Engine) -> Host | None:
        """The host as it was added again: of this name, and not the old one."""
        found = engine.host_named(self.host.name)
        return found if found is not None and found.id != self.host.old.id else None
