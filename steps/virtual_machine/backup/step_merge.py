"""Steps of the merge, one a disk: one image again, and the set's copy stands by itself."""

from __future__ import annotations

from collections.abc import Sequence

from steps.procedure import StepContext, Verdict
from steps.virtual_machine.backup.backup_step import BackupStep
from steps.virtual_machine.backup.facts import MERGE
from steps.virtual_machine.backup.job import BackupJob, JobDisk
from steps.virtual_machine.backup.method import method_of
from steps.virtual_machine.backup.work import Work


class MergeDisk(BackupStep):
    """One disk, by the method of the job."""

    phase = MERGE
    depends_on = ("bandwidth", "merge_limit")

    def __init__(self, job: BackupJob, disk: JobDisk) -> None:
        super().__init__(job, f"merge.{disk.target}")
        self.disk = disk
        self.method = method_of(job)
        self.title = f"Merge {disk.target} of {job.title}"
        self.reason = "Until no disk names a file in retain, nothing there may be moved."

    def commands(self) -> Sequence[str]:
        """By method."""
        return self.method.merge_commands(self.job, self.disk)

    def verify(self, context: StepContext) -> Verdict:
        """By the image and by the running machine; what a program's exit code says is not asked."""
        return self.method.merged(Work(context, self.job), self.disk)

    def act(self, context: StepContext) -> None:
        """Merge it."""
        self.method.merge(Work(context, self.job), self.disk)
