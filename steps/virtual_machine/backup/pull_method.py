"""What the methods have in common that leave an overlay in place of each image: merge by pull."""

from __future__ import annotations

from collections.abc import Sequence

from steps.procedure import Verdict
from steps.virtual_machine.backup.job import BackupJob, JobDisk
from steps.virtual_machine.backup.method import Method
from steps.virtual_machine.backup.pull import merge_by_pull, pull_commands, pulled
from steps.virtual_machine.backup.work import Work


class PullMethod(Method):
    """The image goes to retain, the overlay takes its content in and stays the machine's disk."""

    def merge_commands(self, job: BackupJob, disk: JobDisk) -> Sequence[str]:
        """virsh blockpull."""
        return pull_commands(job, disk)

    def merged(self, work: Work, disk: JobDisk) -> Verdict:
        """See `pulled`."""
        return pulled(work, disk)

    def merge(self, work: Work, disk: JobDisk) -> None:
        """See `merge_by_pull`."""
        merge_by_pull(work, disk)
