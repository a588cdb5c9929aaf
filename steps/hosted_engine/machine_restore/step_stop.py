"""An engine that is set up stands still while one of its databases is restored alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import Refused, StepFailed
from config.questions import Choice
from steps.hosted_engine.machine_restore.facts import has_begun
from steps.hosted_engine.machine_restore.machine_step import MachineStep, is_active
from steps.procedure import Prompt, StepContext, Verdict, done, not_done

STOP_SERVICES: Final = "machine.stop-services"
_STOPPED: Final = "machine.stopped"
_SECONDS: Final = 300.0


class EngineStopped(MachineStep):
    """Stop the engine and the Data Warehouse's service; taken back by starting them."""

    name = "machine.stop"
    title = "Stop the engine and the Data Warehouse"
    reason = (
        "engine-backup restores only while the engine is stopped, and a database that is in use"
        " cannot be renamed aside. Virtual machines run on; nobody can manage them meanwhile."
        " engine-setup starts both again."
    )

    @property
    def services(self) -> tuple[str, ...]:
        """Whoever uses the databases."""
        return (self.job.paths.service, self.job.paths.history_service)

    def commands(self) -> Sequence[str]:
        """As an operator would."""
        return tuple(f"systemctl stop {service}" for service in self.services)

    def verify(self, context: StepContext) -> Verdict:
        """Done where none of them runs, or where the restore has begun."""
        if has_begun(context):
            return done("this run has begun to restore already")
        active = self._active(context)
        return not_done(f"{_both(active)} runs") if active else done("neither of them runs")

    def apply(self, context: StepContext) -> None:
        """Ask, and stop them. Raises Refused where the operator leaves them, StepFailed."""
        shell, active = self.shell(context), self._active(context)
        prompt = Prompt(
            STOP_SERVICES,
            f"Stop {_both(active)} on {shell.where}, until engine-setup has ended?",
            (
                Choice("stop-services", "Stop: the engine is not to be reached meanwhile"),
                Choice("leave", "Leave it: nothing is restored now"),
            ),
            "leave",
            "Virtual machines and hosts go on without the engine; nothing highly available is"
            " started again meanwhile.",
        )
        if context.ask(prompt) != "stop-services":
            raise Refused(
                f"The engine on {shell.where} was not stopped.", "Look again when it may."
            )
        for service in active:
            self._note(context, service)
            shell.run(["systemctl", "stop", service], timeout=_SECONDS)
        if self._active(context):
            raise StepFailed(f"{_both(self._active(context))} still runs on {shell.where}.")

    def undo(self, context: StepContext) -> None:
        """Start what this run has stopped."""
        shell = self.shell(context)
        for service in (context.recall(_STOPPED) or "").split():
            shell.run(["systemctl", "start", service], timeout=_SECONDS)

    def _active(self, context: StepContext) -> list[str]:
        shell = self.shell(context)
        return [service for service in self.services if is_active(shell, service)]

    def _note(self, context: StepContext, service: str) -> None:
        stopped = (context.recall(_STOPPED) or "").split()
        if service not in stopped:
            context.remember(_STOPPED, " ".join((*stopped, service)))


def _both(services: Sequence[str]) -> str:
    return " and ".join(services)
