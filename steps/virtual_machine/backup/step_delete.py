"""The removal of one iteration: every file of it, the images too, and its folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from config.errors import Refused
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.targets.shell import Shell
from steps.virtual_machine.backup.backup_step import BackupStep
from steps.virtual_machine.backup.completeness import unfit
from steps.virtual_machine.backup.facts import DELETE
from steps.virtual_machine.backup.job import BackupJob
from steps.virtual_machine.iterations import INCOMPLETE, MANIFEST, SUMS, find_iterations
from steps.virtual_machine.verification import forget

_HALF_WRITTEN: Final = re.compile(r"\.rekindle-[0-9a-f]{16}")
"""How shells name what they write before it has its own name (steps.targets.files, .ssh)."""


class DeleteIteration(BackupStep):
    """Remove the iteration that the job's leaf names, once a newer complete one is there."""

    phase = DELETE
    irreversible = True

    def __init__(self, job: BackupJob) -> None:
        super().__init__(job, f"delete.{job.leaf}")
        self.title = f"Remove the backup {job.leaf} of {job.title}"
        self.reason = (
            "One more than the plan keeps. Marked first, images last: a removal that is cut off"
            " leaves nothing that looks whole."
        )

    def commands(self) -> Sequence[str]:
        """rm and rmdir."""
        folder = self.job.place.backup
        return (
            command_line(["touch", f"{folder}/{INCOMPLETE}"]),
            f"rm {command_line([folder])}/*.{self.job.leaf}",
            command_line(["rmdir", folder]),
        )

    def verify(self, context: StepContext) -> Verdict:
        """The folder is gone."""
        folder = self.job.place.backup
        if self.shell(context).status(folder) is None:
            return done(f"{folder} is gone")
        return not_done(f"{folder} is there")

    def act(self, context: StepContext) -> None:
        """Mark, remove. Raises Refused where no newer backup is there that is whole and sound."""
        job, shell = self.job, self.shell(context)
        folder = job.place.backup
        if shell.status(f"{folder}/{INCOMPLETE}") is None:
            self._refuse_last(context)
            shell.write(f"{folder}/{INCOMPLETE}", b"The removal of this backup has begun.\n")
        for name in _in_order(shell, folder, job.leaf):
            context.checkpoint()
            shell.remove(f"{folder}/{name}")
            context.log(f"removed {folder}/{name}")
        shell.remove(f"{folder}/{INCOMPLETE}")
        left = shell.list(folder)
        if left:
            raise Refused(
                f"{folder} also holds {', '.join(left[:5])}, which is not of this backup.",
                "Look at it, move it away, then try again.",
            )
        forget(shell, job.place)
        shell.remove(folder)

    def _refuse_last(self, context: StepContext) -> None:
        job, shell = self.job, self.shell(context)
        root = job.place.backup.removesuffix(f"/{job.place.storage}/{job.machine}/{job.leaf}")
        newer = [
            found
            for found in find_iterations(shell, job.machine, root, root, job.place.storage)
            if found.leaf > job.leaf and not unfit(shell, found, job.live_root)
        ]
        if not newer:
            raise Refused(
                f"{job.leaf} is the newest complete backup of {job.title}: it is not removed.",
                "Take a backup first.",
            )


def _in_order(shell: Shell, folder: str, leaf: str) -> list[str]:
    """What belongs to the set: manifest and checksums first, so that it is seen to be broken.

    A file that was being written when its writer was killed bears our own temporary name.
    """
    names = shell.list(folder)
    first = [name for name in (MANIFEST, SUMS) if name in names]
    ours = (name for name in names if name.endswith(f".{leaf}") or _HALF_WRITTEN.fullmatch(name))
    return [*first, *ours]
