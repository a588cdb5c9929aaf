"""Space on all three hosts that an archive passes, looked at before anything is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.backup.job import ATTEMPT, NONE_YET, BackupStep
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.local import LocalShell
from steps.targets.shell import Shell, nearest_parent
from steps.targets.sizes import size_text

TEMPORARY: Final = "/tmp"  # noqa: S108 - where engine-backup itself unpacks


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that must take so many bytes."""

    shell: Shell
    path: str
    needed: int

    @property
    def free(self) -> int:
        """Bytes free there."""
        return self.shell.free_space(nearest_parent(self.shell, self.path))

    @property
    def lacks(self) -> bool:
        """Whether there is too little."""
        return self.free < self.needed

    @property
    def words(self) -> str:
        """How much is free where."""
        return (
            f"{size_text(self.free)} free for {self.path} on {self.shell.where}, about"
            f" {size_text(self.needed)} needed"
        )


class CheckSpace(BackupStep):
    """There is room for the archive wherever it passes."""

    name = "space.check"
    title = "Check the space for the archive"
    reason = "engine-backup on a full disk leaves a file of no bytes, and the engine a full disk."

    def commands(self) -> Sequence[str]:
        """The looks."""
        job = self.job
        return (
            f"df {job.machine.work_folder} {TEMPORARY}  # on {job.machine.name}",
            f"df {job.server.folder}  # on {job.server.name}",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where there is room everywhere, or the archive is made already."""
        if (context.recall(ATTEMPT) or NONE_YET) != NONE_YET:
            return done("this run has started engine-backup already")
        lacking = [place.words for place in self._places(context) if place.lacks]
        if lacking:
            return not_done("; ".join(lacking))
        return done("; ".join(place.words for place in self._places(context)))

    def apply(self, context: StepContext) -> None:
        """Raises StepFailed with where there is too little."""
        lacking = [place.words for place in self._places(context) if place.lacks]
        if lacking:
            raise StepFailed(
                f"There is too little space: {'; '.join(lacking)}.",
                "Free space there, then try again. Nothing was changed.",
                seen="; ".join(lacking),
            )

    def _places(self, context: StepContext) -> Iterator[Place]:
        job, machine = self.job, self.on_machine(context)
        yield Place(machine, job.machine.work_folder, job.needed)
        yield Place(machine, TEMPORARY, 2 * job.needed)  # the dumps, and the archive's parts
        yield Place(self.on_server(context), job.server.folder, job.needed)
        yield Place(LocalShell("this host"), str(context.run_directory), job.needed)
