"""The snapshot of a machine that is off: its images to retain, overlays in their place."""

from __future__ import annotations

import time
from collections.abc import Sequence

from config.errors import Refused, RekindleError
from steps.procedure import Verdict, done, not_done
from steps.virtual_machine.backup.facts import note_moment
from steps.virtual_machine.backup.job import OFF, BackupJob
from steps.virtual_machine.backup.pull import take_back_disk
from steps.virtual_machine.backup.pull_method import PullMethod
from steps.virtual_machine.backup.swap import (
    is_swapped,
    prepare_overlay,
    swap,
    swap_back,
    swap_commands,
)
from steps.virtual_machine.backup.work import Work
from steps.virtual_machine.qemu_image import holder

TAKEN = "taken"


class Off(PullMethod):
    """See above. Somebody may start the machine at any time: it then runs on the overlays."""

    name = OFF

    def commands(self, job: BackupJob) -> Sequence[str]:
        """mv and qemu-img create."""
        return tuple(command for disk in job.disks for command in swap_commands(job, disk))

    def look(self, work: Work) -> Verdict:
        """Every image is in retain, every overlay in its place, and nobody ran meanwhile."""
        missing = [d.target for d in work.job.disks if not is_swapped(work, d)]
        if missing or not work.recall(TAKEN):
            return not_done(f"not in retain yet: {', '.join(missing) or 'not looked at'}")
        return done("every image is in retain, an overlay in its place")

    def take(self, work: Work) -> None:
        """Swap every disk, then see that the machine did not start in between."""
        job = work.job
        try:
            if work.recall(TAKEN) == "":
                _refuse_used(work)
            for disk in job.disks:
                prepare_overlay(work, disk)
            for disk in job.disks:
                swap(work, disk)
            _refuse_started(work)
        except RekindleError:
            for disk in job.disks:
                swap_back(work, disk)
            raise
        now = time.time()
        note_moment(work.context, job, now, now)
        work.remember(TAKEN, "yes")

    def take_back(self, work: Work) -> None:
        """The images back; merged where the machine was started since."""
        for disk in work.job.disks:
            take_back_disk(work, disk)
        work.remember(TAKEN, "")


def _refuse_used(work: Work) -> None:
    job = work.job
    if work.is_active():
        raise Refused(
            f"{job.title} was started since it was looked at.",
            "Plan the backup anew: it is then taken of a machine that runs.",
        )
    for disk in job.disks:
        if work.shell.status(disk.live) is None:
            continue
        words = holder(work.shell, disk.live)
        if words:
            raise Refused(words, "Find it (`fuser -v` on the file), then try again.")


def _refuse_started(work: Work) -> None:
    """Started before the swap, it writes to the very images that were set aside."""
    if not work.is_active():
        return
    for disk in work.job.disks:
        now = work.disk_now(disk)
        if now is None or now.backing[:1] != (work.job.retained(disk.image),):
            raise Refused(
                f"{work.job.title} was started in the same moment.",
                "Its images are back in their place. Plan the backup anew.",
            )
