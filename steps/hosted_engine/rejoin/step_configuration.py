"""The host's old hosted-engine configuration: renamed aside, its services stopped."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import StepFailed
from steps.hosted_engine.recovery.services import SERVICES, is_active
from steps.hosted_engine.rejoin.rejoin_job import CONFIGURATION
from steps.hosted_engine.rejoin.rejoin_step import RejoinStep
from steps.procedure import StepContext, Verdict, done, not_done


class FreeHost(RejoinStep):
    """As the guide has it removed; kept, so that it can be put back."""

    kind = "configuration"
    titled = "Set the old configuration on {name} aside"
    reason = (
        "As long as the file is there the host takes itself for part of the old engine. Its"
        " services are stopped first, so that nothing writes it again."
    )

    def commands(self) -> Sequence[str]:
        """systemctl and mv."""
        stops = (f"systemctl disable --now {service}" for service in reversed(SERVICES))
        return (*stops, f"mv {CONFIGURATION} {CONFIGURATION}.before-RUN")

    def verify(self, context: StepContext) -> Verdict:
        """Done where this run has set it aside, or there is none and nothing runs by it. A host
        that somebody has added again meanwhile keeps what it has.
        """
        shell, aside = self.shell(context), self._aside(context)
        if shell.status(aside) is not None:
            return done(f"kept as {aside} on {shell.where}")
        if self.added(self.engine(context)) is not None:
            return done("it has been added again already: what is there is its new configuration")
        if shell.status(CONFIGURATION) is not None:
            return not_done(f"{CONFIGURATION} is there on {shell.where}")
        running = [service for service in SERVICES if is_active(shell, service)]
        if running:
            return not_done(f"{', '.join(running)} still runs on {shell.where}")
        return done(f"there is no {CONFIGURATION} on {shell.where}")

    def apply(self, context: StepContext) -> None:
        """Stop the agents, then rename. Raises StepFailed where one does not stop."""
        shell = self.shell(context)
        running = [service for service in SERVICES if is_active(shell, service)]
        if context.recall(self._fact) is None:
            context.remember(self._fact, " ".join(running))
        for service in reversed(SERVICES):
            said = shell.run(["systemctl", "disable", "--now", service], timeout=180, check=False)
            context.log(f"{said.command}: exit code {said.code} {said.err.strip()[:200]}")
        still = [service for service in SERVICES if is_active(shell, service)]
        if still:
            raise StepFailed(
                f"{', '.join(still)} does not stop on {shell.where}.",
                "Look at its log there (journalctl -u), then retry.",
            )
        if shell.status(CONFIGURATION) is not None:
            shell.rename(CONFIGURATION, self._aside(context))

    def undo(self, context: StepContext) -> None:
        """Rename it back and start what ran."""
        shell, aside = self.shell(context), self._aside(context)
        if shell.status(aside) is not None and shell.status(CONFIGURATION) is None:
            shell.rename(aside, CONFIGURATION)
        for service in (context.recall(self._fact) or "").split():
            shell.run(["systemctl", "enable", "--now", service], timeout=180)

    @property
    def _fact(self) -> str:
        return f"rejoin.services.{self.host.name}"

    def _aside(self, context: StepContext) -> str:
        return f"{CONFIGURATION}.before-{context.run_directory.name}"
