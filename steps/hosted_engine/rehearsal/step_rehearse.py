"""The step of a plan that rehearses the restore of an archive's databases."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.errors import RekindleError, StepFailed
from steps.hosted_engine.rehearsal.rehearsal import Rehearsal, Stage
from steps.hosted_engine.rehearsal.rehearse import rehearse, sha256_of
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.targets.files import write_atomically
from steps.targets.quoting import command_line


@dataclass(frozen=True, slots=True)
class RehearsalJob:
    """What is rehearsed. `archive` is a file of this host; the result is kept in `result`, as JSON.

    `databases` names scopes, none every one of the archive; `folder` is where the scratch
    PostgreSQL is made, None /var/tmp.
    """

    archive: Path
    result: Path
    databases: tuple[str, ...] = ()
    folder: Path | None = None


class RehearseRestore(Step):
    """The databases come back whole in a PostgreSQL of their own, which is taken away again."""

    name = "rehearsal.databases"
    title = "Rehearse the restore of the databases"
    reason = "A backup that nobody has restored is a hope: here every row is counted."

    def __init__(self, job: RehearsalJob) -> None:
        self.job = job

    @property
    def optional(self) -> bool:
        """The backup is there without it."""
        return True

    def commands(self) -> Sequence[str]:
        """The same by hand."""
        folder = self.job.folder
        where = ["--rehearse-in", str(folder)] if folder else ["--rehearse"]
        return (command_line(["rekindle", "inspect", str(self.job.archive), *where]),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where a result of this very archive is kept, and every row was there."""
        found = kept_rehearsal(self.job.result)
        if found is None:
            return not_done("no rehearsal of this archive is kept")
        if found.archive_sha256 != sha256_of(self.job.archive):
            return not_done("the rehearsal that is kept is of another archive")
        return done(found.summary) if found.passed else not_done(found.summary)

    def apply(self, context: StepContext) -> None:
        """Rehearse, and keep what was found. Raises StepFailed where it did not come back whole."""
        found = rehearse(
            self.job.archive,
            databases=self.job.databases or None,
            progress=lambda stage: _tell(context, stage),
            cancel=_Checkpoint(context),
            folder=self.job.folder,
        )
        context.log(found.summary)
        data = json.dumps(found.to_data(), indent=2).encode() + b"\n"
        write_atomically(str(self.job.result), data, 0o600)
        if not found.passed:
            raise StepFailed(
                f"The databases of {self.job.archive.name} did not come back whole.",
                f"Make another backup. What differs is in {self.job.result}.",
                seen=found.summary,
                expected="every row as in the backup, and no error",
            )


def kept_rehearsal(path: Path) -> Rehearsal | None:
    """The result that was kept there; None where there is none that can be read."""
    try:
        return Rehearsal.from_data(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _tell(context: StepContext, stage: Stage) -> None:
    context.progress(stage.done, stage.total, stage.unit)


class _Checkpoint(threading.Event):
    """Set as soon as the operator asked to abort."""

    def __init__(self, context: StepContext) -> None:
        super().__init__()
        self._context = context

    def is_set(self) -> bool:
        if not super().is_set():
            try:
                self._context.checkpoint()
            except RekindleError:
                self.set()
        return super().is_set()
