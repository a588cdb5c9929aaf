"""After engine-setup: the engine is up on what was restored. Looked at, not believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.detached_tool import Channel, DetachedTool
from steps.hosted_engine.engine_health import health_page, look_at_engine
from steps.hosted_engine.machine_restore.backup_tool import BackupTool
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.machine_step import (
    MachineStep,
    is_active,
    run_name,
    told,
)
from steps.hosted_engine.machine_restore.restored_world import engine_login, just_restored
from steps.hosted_engine.machine_restore.setup_job import CLEAN_UP, SETUP
from steps.procedure import StepContext, Verdict, done, not_done, unknown
from steps.targets.engine_waiting import Patience, Sight, wait_until

UP_SECONDS: Final = 900.0
_KINDS: Final = (SETUP.kind, CLEAN_UP.kind)


class EngineUp(MachineStep):
    """The service runs, the health page says so, the mark of the restore is taken back."""

    name = "setup.engine-up"
    title = "The restored engine is up"
    reason = (
        "engine-setup's success is a claim. The engine's own page answers from the database, and"
        " engine-setup takes back the mark of a restore when it has really taken it up."
    )

    def __init__(self, job: MachineRestoreJob, *, wait_seconds: float = UP_SECONDS) -> None:
        super().__init__(job)
        self._wait_seconds = wait_seconds

    def commands(self) -> Sequence[str]:
        """The looks."""
        return (
            f"systemctl is-active {self.job.paths.service}",
            f"curl -sS {health_page(self.job.fqdn)}",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where all three are so."""
        shell, service = self.shell(context), self.job.paths.service
        if not is_active(shell, service):
            return not_done(f"the service {service} does not run")
        health = look_at_engine(shell, self.job.fqdn)
        if health.up is None:
            return unknown(health.seen)
        if not health.up:
            return not_done(health.seen)
        if "db" not in self.job.choice.restored(self.job.holds):
            return done(f"{service} runs; {health.seen}")
        login = engine_login(self.job, context, shell)
        if login is None:
            return unknown(f"{health.seen}; nothing there tells how the engine's database is asked")
        try:
            mark = just_restored(shell, login)
        except StepFailed as failed:
            return not_done(f"{health.seen}; {failed.message}")
        if mark == "1":
            return not_done("the database is still marked as just restored")
        return done(f"{service} runs; {health.seen}; its database is not marked as restored")

    def apply(self, context: StepContext) -> None:
        """Wait for it; raises StepFailed at the limit."""

        def look() -> Sight:
            seen = self.verify(context)
            return Sight(seen.outcome == done("").outcome, seen.evidence)

        patience = Patience(self._wait_seconds, context.log, context.checkpoint)
        wait_until(f"the engine {self.job.fqdn} is up", look, patience)


class MachineTidied(MachineStep):
    """Remove the archive and the tools' folders: passwords and keys lie in the archive."""

    name = "machine.tidy"
    title = "Remove the archive's copy and the tools' folders from the machine"
    reason = "Passwords and the CA's key are in the archive; what the tools said is in this run."

    def commands(self) -> Sequence[str]:
        """rm of both."""
        work = self.job.machine.work_folder
        return (f"rm -rf {self.job.folder('RUN')} {work}/{{{','.join(_KINDS)}}}-RUN-*",)

    @property
    def optional(self) -> bool:
        """The engine is restored without it."""
        return True

    def verify(self, context: StepContext) -> Verdict:
        """Done where nothing of this run is left."""
        shell = self.shell(context)
        left = [path for path in self._paths(context) if shell.status(path) is not None]
        return not_done(f"still there: {told(left)}") if left else done("nothing is left")

    def apply(self, context: StepContext) -> None:
        """Remove them; raises InvalidInput where a tool still runs."""
        shell = self.shell(context)
        BackupTool(context, shell, self.folder(context)).remove()
        for folder in self._tools(context):
            DetachedTool(shell, folder, Channel.PIPES).remove()
        shell.run(["rm", "-rf", "--", self.folder(context)])

    def _paths(self, context: StepContext) -> list[str]:
        return [self.folder(context), *self._tools(context)]

    def _tools(self, context: StepContext) -> list[str]:
        """The folders of the tools that spoke with us."""
        start = f"{self.job.machine.work_folder.rstrip('/')}/"
        return [
            f"{start}{kind}-{run_name(context)}-{number}"
            for kind in _KINDS
            for number in range(1, int(context.recall(f"{kind}.attempt") or 0) + 1)
        ]
