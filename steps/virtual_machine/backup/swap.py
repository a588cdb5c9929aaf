"""The live image to retain, an empty overlay in its place: renames on one file system.

The overlay is made beforehand, so that nothing but two renames falls into the downtime. Which file
is the machine's image is told by its inode, whatever its name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from config.errors import StepFailed
from steps.targets.quoting import command_line
from steps.virtual_machine.backup.job import BackupJob, JobDisk
from steps.virtual_machine.backup.work import Work
from steps.virtual_machine.qemu_image import try_info
from steps.virtual_machine.return_values import CANNOT_CREATE_IMAGE, BackupFailed

CREATE_SECONDS = 60.0


def swap_commands(job: BackupJob, disk: JobDisk) -> tuple[str, ...]:
    """As an operator would type it."""
    return (
        command_line(["mv", "-nT", disk.live, job.retained(disk.image)]),
        command_line(_create(job, disk, disk.live)),
    )


def is_swapped(work: Work, disk: JobDisk) -> bool:
    """Whether the image is in retain and an overlay on it is at the live path."""
    retained = work.job.retained(disk.image)
    return work.is_remembered(_inode(disk), retained) and is_overlay(work, disk)


def is_overlay(work: Work, disk: JobDisk) -> bool:
    """Whether what is at the live path stands on the image in retain."""
    if work.shell.status(disk.live) is None:
        return False
    found = try_info(work.shell, disk.live, in_use=True)
    return not isinstance(found, str) and found.backing == work.job.retained(disk.image)


def prepare_overlay(work: Work, disk: JobDisk) -> None:
    """Make the overlay under its working name. Nothing of the machine is touched."""
    swapped = work.is_remembered(_inode(disk), work.job.retained(disk.image))
    if swapped and work.shell.status(disk.live) is not None:
        return
    path, wanted = _working(work.job, disk), work.job.images
    work.shell.remove(path)
    try:
        work.shell.run(_create(work.job, disk, path), timeout=CREATE_SECONDS)
    except StepFailed as error:
        raise BackupFailed(
            CANNOT_CREATE_IMAGE, error.message, error.remedy, seen=error.seen
        ) from error
    work.shell.set_owner(path, wanted.owner, wanted.group, wanted.mode)


def swap(work: Work, disk: JobDisk) -> None:
    """Two renames; goes on where an earlier try ended."""
    shell, retained = work.shell, work.job.retained(disk.image)
    if not work.is_remembered(_inode(disk), retained):
        image = shell.status(disk.live)
        if image is None or image.kind != "file":
            raise StepFailed(f"The image of {disk.target} is not at {disk.live}.", "Look for it.")
        work.remember_file(_inode(disk), image)
        shell.rename(disk.live, retained)
    if shell.status(disk.live) is None:
        shell.rename(_working(work.job, disk), disk.live)
    if not is_overlay(work, disk):
        raise StepFailed(
            f"{disk.live} does not stand on {retained}.",
            "Somebody else changed it: look at it with `qemu-img info -U --backing-chain`.",
        )


def swap_back(work: Work, disk: JobDisk) -> None:
    """The image back to its live path. Only while no guest has written to the overlay."""
    shell, retained = work.shell, work.job.retained(disk.image)
    if work.is_remembered(_inode(disk), retained):
        if is_overlay(work, disk):
            if not is_untouched(work, disk):
                raise StepFailed(
                    f"{disk.live} was written to since: it cannot be thrown away.",
                    "Merge it instead.",
                )
            shell.remove(disk.live)
        shell.rename(retained, disk.live)
    shell.remove(_working(work.job, disk))


def is_set_aside(work: Work, disk: JobDisk) -> bool:
    """Whether the machine's image is in retain, whatever is at its live path."""
    return work.is_remembered(_inode(disk), work.job.retained(disk.image))


def forget_overlay(work: Work, disk: JobDisk) -> None:
    """Remove an overlay that never came to its place."""
    work.shell.remove(_working(work.job, disk))


def is_untouched(work: Work, disk: JobDisk) -> bool:
    """Whether the overlay holds nothing yet."""
    return is_empty(work, disk.live)


def is_empty(work: Work, overlay: str) -> bool:
    """Whether no cluster of an overlay is its own: nothing is lost with it."""
    command = ["qemu-img", "map", "-U", "--output=json", overlay]
    try:
        pieces = json.loads(work.shell.run(command, timeout=CREATE_SECONDS).out)
        return not any(piece["depth"] == 0 and piece["present"] for piece in pieces)
    except (ValueError, KeyError, TypeError) as error:
        raise StepFailed(f"qemu-img map of {overlay} cannot be read.", "Look at it.") from error


def _inode(disk: JobDisk) -> str:
    return f"image.{disk.target}"


def _working(job: BackupJob, disk: JobDisk) -> str:
    return f"{disk.live}.{job.leaf}.new"


def _create(job: BackupJob, disk: JobDisk, path: str) -> Sequence[str]:
    # -u: the backing file has not got that name yet. It is looked at once both are in place.
    return [
        "qemu-img", "create", "-q", "-f", "qcow2", "-F", disk.format, "-b",
        job.retained(disk.image), "-u", path, str(disk.virtual_size),
    ]  # fmt: skip
