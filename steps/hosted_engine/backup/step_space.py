"""Space on all three hosts that an archive passes, looked at before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.backup.job import ATTEMPT, NONE_YET, BackupStep
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.local import LocalShell
from steps.targets.shell import Shell, nearest_parent
from steps.targets.sizes import size_text

TEMPORARY: Final = "/tmp"  # noqa: S108 - where engine-backup itself unpacks
_IDENTITY: Final = """
set -e
stat -L --printf='%d ' -- "$1"
cat /proc/sys/kernel/random/boot_id
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that must take so many bytes."""

    shell: Shell
    path: str
    needed: int


@dataclass(frozen=True, slots=True)
class Room:
    """What one file system must take in all, and what is free there, in bytes."""

    places: tuple[Place, ...]
    free: int

    @property
    def needed(self) -> int:
        """The sum: all of it lies there at one time."""
        return sum(place.needed for place in self.places)

    @property
    def lacks(self) -> bool:
        """Whether there is too little."""
        return self.free < self.needed

    @property
    def words(self) -> str:
        """How much is free where."""
        where = " and ".join(f"{place.path} on {place.shell.where}" for place in self.places)
        together = " together" if len(self.places) > 1 else ""
        return (
            f"{size_text(self.free)} free for {where}{together}, about"
            f" {size_text(self.needed)} needed"
        )


def rooms(places: Iterable[Place]) -> tuple[Room, ...]:
    """The places by the file system they lie on, also where two names are one host."""
    found: dict[str, list[Place]] = {}
    for place in places:
        found.setdefault(_file_system(place), []).append(place)
    return tuple(
        Room(tuple(own), min(place.shell.free_space(place.path) for place in own))
        for own in found.values()
    )


def on_machine(shell: Shell, folder: str, needed: int) -> tuple[Place, ...]:
    """What an archive of that size takes on the engine's machine, in its work folder."""
    # In the temporary folder lie the dumps, and the archive's parts.
    return Place(shell, folder, needed), Place(shell, TEMPORARY, 2 * needed)


def _file_system(place: Place) -> str:
    shell, parent = place.shell, nearest_parent(place.shell, place.path)
    told = shell.run(["/bin/sh", "-c", _IDENTITY, "sh", parent], check=False)
    return told.out if told.code == 0 else f"{shell.where}:{parent}"


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
        found = rooms(self._places(context))
        lacking = [room.words for room in found if room.lacks]
        return not_done("; ".join(lacking)) if lacking else done("; ".join(r.words for r in found))

    def apply(self, context: StepContext) -> None:
        """Raises StepFailed with where there is too little."""
        lacking = [room.words for room in rooms(self._places(context)) if room.lacks]
        if lacking:
            raise StepFailed(
                f"There is too little space: {'; '.join(lacking)}.",
                "Free space there, then try again. Nothing was changed.",
                seen="; ".join(lacking),
            )

    def _places(self, context: StepContext) -> Iterator[Place]:
        job = self.job
        yield from on_machine(self.on_machine(context), job.machine.work_folder, job.needed)
        yield Place(self.on_server(context), job.server.folder, job.needed)
        yield Place(LocalShell("this host"), str(context.run_directory), job.needed)
