"""The live methods: an external snapshot of every disk at one moment, with memory or without.

The image stays where it is and stands still behind the overlay: merging copies it to retain, then
writes the overlay back into it. So the machine's disks never change their names.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from config.errors import Refused, RekindleError, StepFailed
from steps.procedure import Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.virtual_machine.backup.commit import commit, copy_frozen, is_frozen, overlay_gone
from steps.virtual_machine.backup.facts import DOWNTIME, add_seconds, note_moment
from steps.virtual_machine.backup.job import DISK_ONLY, LIVE, BackupJob, JobDisk
from steps.virtual_machine.backup.method import Method
from steps.virtual_machine.backup.pull import chain_problem
from steps.virtual_machine.backup.work import Work

TAKEN = "taken"


class Live(Method):
    """With memory: the set can be resumed where the guest was."""

    name = LIVE
    memory = True

    def commands(self, job: BackupJob) -> Sequence[str]:
        """virsh snapshot-create-as."""
        specs = (
            word
            for disk in job.disks
            for word in ("--diskspec", f"{disk.target},snapshot=external,file={job.overlay(disk)}")
        )
        memory = (
            ["--live", "--memspec", f"file={job.retained(job.state_name)},snapshot=external"]
            if self.memory
            else ["--disk-only"]
        )
        command = ["virsh", "snapshot-create-as", job.machine, "--no-metadata", "--atomic"]
        return (command_line([*command, *memory, *specs]),)

    def look(self, work: Work) -> Verdict:
        """Every disk stands on its overlay, its image behind it, the memory state is whole."""
        job = work.job
        if work.recall(TAKEN) and all(self._is_kept(work, disk) for disk in job.disks):
            return done("the snapshot was taken, and its images are kept")
        on_overlay = [disk.target for disk in job.disks if is_frozen(work, disk)]
        missing = [disk.target for disk in job.disks if disk.target not in on_overlay]
        if missing:
            return not_done(f"not on an overlay: {', '.join(missing)}")
        if self.memory and not work.has_state(job.retained(job.state_name)):
            return not_done("no whole memory state in retain")
        return done("every disk on its overlay" + (", memory in retain" if self.memory else ""))

    def take(self, work: Work) -> None:
        """Take it anew; what a torn try left is taken back first."""
        work.wait_until_free()
        self._clear(work)
        self._refuse_unfit(work)
        job = work.job
        overlays = {disk.target: job.overlay(disk) for disk in job.disks}
        state = job.retained(job.state_name) if self.memory else ""
        began = time.time()
        work.remember(TAKEN, "")
        note_moment(work.context, job, began, began)
        try:
            stood_still = work.hypervisor.snapshot(job.machine, overlays, state)
            if stood_still is not None:
                add_seconds(work.context, job, DOWNTIME, stood_still)
            note_moment(work.context, job, began, time.time())
            self._look_at_chain(work)
        except RekindleError as error:
            raise self._put_back(work, error) from error
        work.remember(TAKEN, "yes")

    def take_back(self, work: Work) -> None:
        """Write the overlays back; remove the memory state."""
        self._clear(work)
        for disk in work.job.disks:
            work.shell.discard_copy(work.job.retained(disk.image))
            work.shell.remove(work.job.retained(disk.image))
        work.remember(TAKEN, "")

    def merge_commands(self, job: BackupJob, disk: JobDisk) -> Sequence[str]:
        """cp, then virsh blockcommit."""
        limit = ["--bandwidth", str(job.bandwidth >> 20)] if job.bandwidth else []
        return (
            command_line(["cp", "-p", "--sparse=always", disk.live, job.retained(disk.image)]),
            command_line(
                ["virsh", "blockcommit", job.machine, disk.target, "--base", disk.live,
                 "--active", "--pivot", *limit]
            ),
            command_line(["rm", job.overlay(disk)]),
        )  # fmt: skip

    def merged(self, work: Work, disk: JobDisk) -> Verdict:
        """The image is the machine's again, the overlay is gone, its copy is in retain."""
        problem = overlay_gone(work, disk) or chain_problem(work, disk)
        if problem:
            return not_done(problem)
        if not self._is_copied(work, disk):
            return not_done(f"no whole copy at {work.job.retained(disk.image)}")
        return done(f"{disk.live} is the machine's image again, its copy is in retain")

    def merge(self, work: Work, disk: JobDisk) -> None:
        """Copy the image that stands still, then write the overlay back into it."""
        if not self._is_copied(work, disk):
            copy_frozen(work, disk)
        commit(work, disk)

    def _is_copied(self, work: Work, disk: JobDisk) -> bool:
        text = work.recall(f"copied.{disk.target}")
        status = work.shell.status(work.job.retained(disk.image))
        return bool(text) and status is not None and status.size == json.loads(text)["size"]

    def _is_kept(self, work: Work, disk: JobDisk) -> bool:
        return is_frozen(work, disk) or self._is_copied(work, disk)

    def _refuse_unfit(self, work: Work) -> None:
        status = work.status()
        if status is None or status.state != "running":
            raise Refused(
                f"{work.job.title} is {status.state if status else 'gone'}, not running any more.",
                "Plan the backup anew: another method is then chosen.",
            )

    def _look_at_chain(self, work: Work) -> None:
        """Also that the guest runs: a snapshot that half failed can leave it paused."""
        wrong = [disk.target for disk in work.job.disks if not is_frozen(work, disk)]
        if wrong:
            raise StepFailed(f"{', '.join(wrong)} of {work.job.title} did not move to an overlay.")
        status = work.status()
        if status is not None and status.state == "paused":
            work.hypervisor.resume(work.job.machine)

    def _clear(self, work: Work) -> None:
        """Write back what stands on an overlay of ours, remove what nothing stands on."""
        job = work.job
        for disk in job.disks:
            commit(work, disk)
        if self.memory:
            work.shell.remove(job.retained(job.state_name))

    def _put_back(self, work: Work, error: RekindleError) -> RekindleError:
        try:
            work.wait_until_free()
            status = work.status()
            if status is not None and status.state == "paused":
                work.hypervisor.resume(work.job.machine)
            self._clear(work)
        except RekindleError as trouble:
            return StepFailed(
                f"{error.message} Tidying up after it failed as well: {trouble.message}",
                "The machine runs on its overlays; try again, or undo: that writes them back.",
            )
        return error


class DiskOnly(Live):
    """Without memory: the set is what a power cut would leave."""

    name = DISK_ONLY
    memory = False
