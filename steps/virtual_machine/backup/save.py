"""The save method: save, images aside, overlays in place, restored paused, looked at, resumed.

The guide's way, with what current software needs: the backing format given, the chain ends taken
out of the saved XML, and a look at the live chain before the guest may write. Where anything fails
after the save, the images go back and the machine goes on from its memory before the error is told.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from config.errors import Refused, RekindleError, StepFailed
from steps.procedure import Verdict, done, not_done, unknown
from steps.targets.quoting import command_line
from steps.virtual_machine.backup.away import come_back, restore_and_resume, since
from steps.virtual_machine.backup.facts import DOWNTIME, add_seconds, note_moment
from steps.virtual_machine.backup.job import SAVE, BackupJob
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

SAVING = "saving"
"""Fact: when the save began, in seconds of the epoch; empty where it was taken back."""
RAN = "ran"
"""Fact: the guest was (or may have been) let run on the overlays."""
BACK = "back"
"""Fact: the machine is back on its overlays, its chain was looked at."""


class Save(PullMethod):
    """See above."""

    name = SAVE

    def commands(self, job: BackupJob) -> Sequence[str]:
        """virsh save, mv, qemu-img create, virsh restore."""
        swaps = (command for disk in job.disks for command in swap_commands(job, disk))
        resume = (command_line(["virsh", "resume", job.machine]),) if job.running else ()
        return (
            command_line(["virsh", "save", job.machine, job.saved_state]),
            *swaps,
            command_line(["virsh", "restore", job.saved_state, "--xml", "STATE-XML", "--paused"]),
            *resume,
        )

    def look(self, work: Work) -> Verdict:
        """Memory and images of one moment are kept, and the machine is back."""
        job, status = work.job, work.status()
        if not work.recall(SAVING):
            return not_done("not saved yet")
        if not all(is_swapped(work, disk) for disk in job.disks):
            return not_done("not every image is in retain yet")
        if not self._state(work):
            return not_done(f"no whole memory state at {job.saved_state}")
        if status is not None and status.active:
            if status.state == "paused" and not work.recall(BACK):
                return not_done("it is restored, and not let run yet")
            return done(f"saved in {self._state(work)}, images in retain, it is {status.state}")
        if work.recall(BACK):
            return done("saved, images in retain; it was back, and has been shut off since")
        if work.recall(RAN):
            return unknown(
                "it is off, but may have run since: the backup is whole, but its memory fits the"
                " machine's disks no more. Start the machine, then look again"
            )
        return not_done("it is saved, and not back yet")

    def take(self, work: Work) -> None:
        """From wherever an earlier try ended."""
        if work.recall(RAN) or self._is_adopted(work):
            self._let_run(work)
            return
        if not self._is_saved(work):
            self._save(work)
        try:
            for disk in work.job.disks:
                prepare_overlay(work, disk)
                swap(work, disk)
            restore_and_resume(
                work, self._state(work), run=False, look=lambda: _chain_problem(work)
            )
        except RekindleError as error:
            raise self._put_back(work, error) from error
        self._let_run(work)

    def take_back(self, work: Work) -> None:
        """Merge, then remove what is in retain. Before the guest ran, put everything back."""
        come_back(work)
        came_back = work.recall(RAN) or work.recall(BACK)
        if work.recall(RAN) and not work.recall(BACK) and work.is_active():
            self._let_run(work)
        if work.recall(SAVING) and not came_back and self._state(work) and not work.is_running():
            self._back_on_old(work)
        else:
            for disk in work.job.disks:
                take_back_disk(work, disk)
            self._forget(work)
        for what in (SAVING, RAN, BACK):
            work.remember(what, "")

    # -- the stages ---------------------------------------------------------------------------

    def _is_adopted(self, work: Work) -> bool:
        """Somebody started the machine on its overlays after an earlier try died: the set holds."""
        status = work.status()
        runs = status is not None and status.state == "running"
        if runs and self._state(work) and all(is_swapped(work, d) for d in work.job.disks):
            work.context.log("it was started by somebody else meanwhile, on its overlays")
            work.remember(RAN, "by somebody else")
            return True
        return False

    def _is_saved(self, work: Work) -> bool:
        """Whether the state of an earlier try is there, and nobody has run on the disks since."""
        swapped = [is_swapped(work, disk) for disk in work.job.disks]
        if not work.recall(SAVING) or not self._state(work):
            if any(swapped):
                raise _lost(work)
            return False
        status = work.status()
        if status is None or not status.active:
            return True
        if status.state == "paused" and all(swapped):
            return True  # by our own restore, before it was let run
        if any(swapped):
            raise _lost(work)
        return False

    def _save(self, work: Work) -> None:
        job, hypervisor = work.job, work.hypervisor
        work.wait_until_free()
        status = work.status()
        if status is None or not status.active:
            raise Refused(
                f"{job.title} is off: somebody shut it down since it was looked at.",
                "Plan the backup anew: it is then taken of a machine that is off.",
            )
        if job.running and status.state == "paused" and work.recall(SAVING):
            hypervisor.resume(job.machine)  # put back on its old disks, then the process died
        work.remember(SAVING, "")
        self._forget(work)
        for disk in job.disks:
            prepare_overlay(work, disk)
        began = time.time()
        work.remember(SAVING, f"{began:.3f}")
        note_moment(work.context, job, began, began)
        hypervisor.save(job.machine, job.saved_state)

    def _let_run(self, work: Work) -> None:
        job, status = work.job, work.status()
        if status is None or not status.active:
            raise StepFailed(
                f"{job.title} is off, and may have run since it was saved.",
                "Its backup is whole. Start the machine, then verify again.",
            )
        if job.running:
            work.remember(RAN, "about to")
            work.hypervisor.resume(job.machine)
        if not work.recall(BACK):
            add_seconds(work.context, job, DOWNTIME, since(work.recall(SAVING)))
        work.remember(BACK, "yes")

    def _put_back(self, work: Work, error: RekindleError) -> RekindleError:
        """The machine on its old disks again; returns what to raise."""
        try:
            self._back_on_old(work)
        except RekindleError as trouble:
            return StepFailed(
                f"{error.message} Putting {work.job.title} back failed as well: {trouble.message}",
                f"It is off. Its memory is {self._state(work) or work.job.saved_state}; put right"
                " what is named here and try again: it goes on from there.",
                seen="off",
                expected="running",
            )
        downtime = since(work.recall(SAVING) or str(time.time()))
        add_seconds(work.context, work.job, DOWNTIME, downtime)
        work.remember(SAVING, "")
        error.remedy = f"{error.remedy} The machine is back on its disks as before.".strip()
        return error

    def _back_on_old(self, work: Work) -> None:
        job, status = work.job, work.status()
        if status is not None and status.state == "running":
            raise Refused(f"{job.title} was started by somebody else.", "Leave it running.")
        work.hypervisor.destroy(job.machine)  # our own, paused: no guest has run
        for disk in job.disks:
            swap_back(work, disk)
        state = self._state(work)
        restore_and_resume(work, state, run=job.running, look=lambda: _old_disk_problem(work))
        # Its guest runs on: that memory must never be restored a second time.
        self._forget(work)

    def _state(self, work: Work) -> str:
        """Where the whole memory state lies: on the RAM disk or in retain; empty for nowhere."""
        job = work.job
        places = (job.retained(job.state_name), job.saved_state)
        return next((path for path in places if work.has_state(path)), "")

    def _forget(self, work: Work) -> None:
        job = work.job
        for path in dict.fromkeys((job.saved_state, job.retained(job.state_name))):
            work.shell.remove(path)


def _lost(work: Work) -> StepFailed:
    return StepFailed(
        f"The memory state of {work.job.title} is gone or fits its disks no more, and its images"
        " are in retain already.",
        "The machine's disks are right: start it if it is off. Undo this backup: that merges them.",
    )


def _chain_problem(work: Work) -> str:
    """The live chain must show each image in retain: else its sectors read as zeros."""
    for disk in work.job.disks:
        now, retained = work.disk_now(disk), work.job.retained(disk.image)
        if now is None or now.source != disk.live or now.backing[:1] != (retained,):
            return f"{disk.target} does not stand on {retained}"
    return ""


def _old_disk_problem(work: Work) -> str:
    for disk in work.job.disks:
        now = work.disk_now(disk)
        if now is None or now.source != disk.live:
            return f"{disk.target} is not {disk.live}"
    return ""
