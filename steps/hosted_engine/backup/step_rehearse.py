"""The rehearsal of a backup: its databases restored into a scratch PostgreSQL on this host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from config.paths import private_folder
from steps.hosted_engine.backup.job import BackupStep, brought_here, kept_record
from steps.hosted_engine.backup.step_fetch import discard_here
from steps.hosted_engine.backup.step_inspect import read_record
from steps.hosted_engine.rehearsal.step_rehearse import (
    RehearsalJob,
    RehearseRestore,
    kept_rehearsal,
)
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line

RESULT: Final = "rehearsal.json"


class RehearseBackup(BackupStep):
    """The databases of the archive come back whole."""

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
        """Done where every row of this very archive came back."""
        found = kept_rehearsal(self._rehearsal(context).job.result)
        record = read_record(kept_record(context))
        if found is None or record is None or found.archive_sha256 != record.summary.sha256:
            return not_done("no rehearsal of this archive is kept")
        return done(found.summary) if found.passed else not_done(found.summary)

    def apply(self, context: StepContext) -> None:
        """Rehearse it. Raises StepFailed where it does not come back whole."""
        with self._archive_here(context):
            self._rehearsal(context).apply(context)

    @contextmanager
    def _archive_here(self, context: StepContext) -> Iterator[None]:
        """Where it was put off and the archive is gone from here, it is fetched from the server
        and removed again."""
        archive = brought_here(context, self.job)
        if archive.exists():
            yield
            return
        private_folder(archive.parent)
        try:
            self.on_server(context).get(self.job.target, str(archive), context.progress)
            yield
        finally:
            discard_here(context, self)

    def _rehearsal(self, context: StepContext) -> RehearseRestore:
        archive = brought_here(context, self.job)
        return RehearseRestore(RehearsalJob(archive, rehearsal_result(context)))


def rehearsal_result(context: StepContext) -> Path:
    """What a rehearsal of this run's archive found, as the run keeps it."""
    return context.run_directory / "keep" / RESULT
