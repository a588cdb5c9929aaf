"""The push method: the hypervisor writes every disk, as it is at one moment, to retain.

No overlay, no merge: the machine's disks are never touched. There is no memory in the set.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from config.errors import Refused, StepFailed
from steps.procedure import Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.virtual_machine.backup.facts import note_moment
from steps.virtual_machine.backup.job import PUSH, BackupJob, JobDisk
from steps.virtual_machine.backup.method import Method
from steps.virtual_machine.backup.work import POLL_SECONDS, Work
from steps.virtual_machine.qemu_image import try_info

BEGAN = "pushing"
PUSHED = "pushed"


class Push(Method):
    """See above."""

    name = PUSH

    def commands(self, job: BackupJob) -> Sequence[str]:
        """virsh backup-begin."""
        return (command_line(["virsh", "backup-begin", job.machine, "PUSH-TO-RETAIN-XML"]),)

    def look(self, work: Work) -> Verdict:
        """The push that this run began runs, or has ended well."""
        if work.recall(PUSHED):
            return done("every disk is in retain")
        if not work.recall(BEGAN):
            return not_done("not begun yet")
        job = work.hypervisor.push_job(work.job.machine) if work.status() else None
        if job is None or (job.ended and not job.succeeded):
            return not_done("no push is running")
        return done(f"the disks of that moment are written out: {job.done} of {job.total}")

    def take(self, work: Work) -> None:
        """Begin it; what a torn try left in retain is removed."""
        job, hypervisor = work.job, work.hypervisor
        status = work.status()
        if status is None or status.state != "running":
            raise Refused(
                f"{job.title} is {status.state if status else 'gone'}, not running any more.",
                "Plan the backup anew: another method is then chosen.",
            )
        hypervisor.cancel_push(job.machine)
        work.wait_until_free()
        self._remove(work)
        files = {disk.target: (job.retained(disk.image), disk.format) for disk in job.disks}
        work.remember(BEGAN, "yes")
        began = time.time()
        note_moment(work.context, job, began, began)
        hypervisor.begin_push(job.machine, files)
        note_moment(work.context, job, began, time.time())

    def take_back(self, work: Work) -> None:
        """End it, remove what it wrote."""
        if work.status() is not None:
            work.hypervisor.cancel_push(work.job.machine)
        self._remove(work)
        work.remember(BEGAN, "")
        work.remember(PUSHED, "")

    def merge_commands(self, job: BackupJob, disk: JobDisk) -> Sequence[str]:
        """The wait."""
        return (
            command_line(["virsh", "domjobinfo", job.machine]),
            command_line(["qemu-img", "info", "--output=json", job.retained(disk.image)]),
        )

    def merged(self, work: Work, disk: JobDisk) -> Verdict:
        """The push has ended well and the file stands by itself."""
        path = work.job.retained(disk.image)
        if not work.recall(PUSHED):
            return not_done("the push has not ended yet")
        if work.shell.status(path) is None:
            return not_done(f"{path} is not there")
        found = try_info(work.shell, path)
        if isinstance(found, str) or found.backing != "":
            return not_done(found if isinstance(found, str) else f"it stands on {found.backing}")
        return done(f"{path} stands by itself; the machine's disks were not touched")

    def merge(self, work: Work, disk: JobDisk) -> None:
        """Wait for the end of the push, within the limit."""
        job, hypervisor = work.job, work.hypervisor
        deadline = time.monotonic() + job.merge_limit
        while not work.recall(PUSHED):
            push = hypervisor.push_job(job.machine) if work.status() else None
            if push is None or (push.ended and not push.succeeded):
                words = push.words if push else "the hypervisor knows of none"
                raise StepFailed(
                    f"{job.title}: the push did not end well: {words}.",
                    "The machine's disks were not touched. Undo this backup and take it anew.",
                    seen=words,
                )
            work.context.progress(push.done, push.total)
            if push.succeeded:
                work.remember(PUSHED, "yes")
                return
            work.context.checkpoint()
            if job.merge_limit and time.monotonic() > deadline:
                hypervisor.cancel_push(job.machine)
                raise StepFailed(
                    f"{job.title}: the push was not through in {job.merge_limit:.0f} s.",
                    "It was ended; the machine was not touched. Raise the limit and take it anew.",
                )
            time.sleep(POLL_SECONDS)

    def _remove(self, work: Work) -> None:
        for disk in work.job.disks:
            work.shell.remove(work.job.retained(disk.image))
