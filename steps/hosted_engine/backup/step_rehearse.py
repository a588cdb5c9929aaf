"""The rehearsal of a backup: its databases restored into a scratch PostgreSQL on this host."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from steps.hosted_engine.backup.job import BackupStep, brought_here
from steps.hosted_engine.rehearsal.step_rehearse import RehearsalJob, RehearseRestore
from steps.procedure import StepContext, Verdict
from steps.targets.quoting import command_line

RESULT: Final = "rehearsal.json"


class RehearseBackup(BackupStep):
    """The databases of the archive that was brought here come back whole."""

    name = RehearseRestore.name
    title = RehearseRestore.title
    reason = RehearseRestore.reason

    @property
    def optional(self) -> bool:
        """The backup is there without it."""
        return True

    def commands(self) -> Sequence[str]:
        """The same by hand."""
        return (command_line(["rekindle", "inspect", self.job.file, "--rehearse"]),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where every row came back."""
        return self._rehearsal(context).verify(context)

    def apply(self, context: StepContext) -> None:
        """Rehearse it."""
        self._rehearsal(context).apply(context)

    def _rehearsal(self, context: StepContext) -> RehearseRestore:
        result: Path = context.run_directory / "keep" / RESULT
        return RehearseRestore(RehearsalJob(brought_here(context, self.job), result))
