"""Steps that bring the machine up: restore paused, resume, define, start."""

from __future__ import annotations

import time
from collections.abc import Sequence

from config.errors import Refused, StepFailed
from steps.procedure import StepContext, Verdict, done, not_done, unknown
from steps.virtual_machine.machine_step import RAN, RESTORED, MachineStep, before, began

SETTLE_SECONDS = 5.0
POLL_SECONDS = 0.3


class RestorePaused(MachineStep):
    """Restore the memory state with the corrected XML, paused."""

    name = "machine.restore-paused"
    title = "Restore the machine, paused"
    reason = (
        "Paused, because its disks are looked at before it may write to them. It stays defined"
        " meanwhile: undefined first, it would vanish at its next shutdown."
    )

    def commands(self) -> Sequence[str]:
        """virsh restore."""
        job = self.job
        return (self.virsh("restore", job.state_copy, "--xml", job.restore_xml, "--paused"),)

    def verify(self, context: StepContext) -> Verdict:
        """Paused (or already resumed) out of this run's restore."""
        status = self.status(context)
        ran = context.recall(RAN) is not None
        if status is None or not status.active:
            if ran:
                return unknown(
                    "it is off, but may have run on the restored disks: its memory state fits them"
                    " no more. Undo the restore and start it again"
                )
            return not_done("it is off" if status else "the hypervisor does not know it")
        if not began(context):
            return unknown(f"it is {status.state}, and this run did not start it")
        if status.state == "paused" or ran:
            return done(f"it is {status.state}, restored from {self.job.state_copy}")
        return unknown(f"it is {status.state}, but this run never resumed it")

    def apply(self, context: StepContext) -> None:
        """Restore it. Raises Refused where the guest has already run on these disks."""
        if context.recall(RAN) is not None:
            raise Refused(
                f"{self.job.title} has run on the restored disks: restoring its memory state again"
                " would destroy them.",
                "Undo this restore and start a new one: it copies the images anew.",
            )
        status = self.status(context)
        if status is not None and status.active:
            raise Refused(
                f"{self.job.title} is {status.state}: somebody started it meanwhile.",
                "Find out who. Shut it down, then try again.",
            )
        xml = self.document(context, self.job.restore_xml)
        context.remember(RESTORED, "begun")
        try:
            self.hypervisor(context).restore_paused(self.job.state_copy, xml)
        except StepFailed as error:
            raise StepFailed(
                f"{self.job.title} could not be restored. {error.message}",
                error.remedy
                or "It has not run, so nothing is lost: put right what is named there and try"
                " again, or undo.",
                seen=error.seen,
                expected="restored, paused",
            ) from error

    def undo(self, context: StepContext) -> None:
        """End the restored machine, and only that one."""
        if began(context):
            self.hypervisor(context).destroy(self.job.machine)
            context.remember(RESTORED, "undone")


class Resume(MachineStep):
    """Let the restored machine run."""

    name = "machine.resume"
    title = "Resume the machine"
    reason = "A restored machine whose image is locked elsewhere stays paused without a word."

    def commands(self) -> Sequence[str]:
        """virsh resume."""
        return (self.virsh("resume", self.job.machine),)

    def verify(self, context: StepContext) -> Verdict:
        """Running, and still running a moment later."""
        status = self.status(context)
        if status is None or not status.active:
            return not_done("it does not run")
        if status.state == "running" and context.recall(RAN) is not None:
            return done("it runs")
        return not_done(f"it is {status.state}")

    def apply(self, context: StepContext) -> None:
        """Resume and look whether it stays so."""
        status = self.status(context)
        if status is None or not status.active:
            raise StepFailed(
                f"{self.job.title} is gone: it does not run any more.",
                "Look at its QEMU log, undo this restore and start a new one.",
                seen="off" if status else "not known to the hypervisor",
                expected="paused",
            )
        context.remember(RAN, "about to")
        self.hypervisor(context).resume(self.job.machine)
        _wait_for(context, self, "running")


class Define(MachineStep):
    """Write the persistent definition: what the next cold start takes."""

    name = "machine.define"
    title = "Define the machine"
    reason = "Without it the restored machine could vanish at its next shutdown."

    def commands(self) -> Sequence[str]:
        """virsh define."""
        return (self.virsh("define", self.job.next_boot_xml),)

    def verify(self, context: StepContext) -> Verdict:
        """Persistent, and this run's definition was the last written."""
        status = self.status(context)
        if status is None or not status.persistent:
            return not_done("it has no persistent definition")
        if context.recall(self.name) != "defined":
            return not_done("it has the definition of before")
        return done("it is persistent with the definition of this restore")

    def apply(self, context: StepContext) -> None:
        """Define it. Doing so twice changes nothing."""
        context.remember(self.name, "begun")
        self.hypervisor(context).define(self.document(context, self.job.next_boot_xml))
        context.remember(self.name, "defined")

    def undo(self, context: StepContext) -> None:
        """Define today's XML again, or undefine it where there was none."""
        was = before(context)
        if was is None or context.recall(self.name) not in ("begun", "defined"):
            return
        if was.known and was.persistent:
            self.hypervisor(context).define(self.document(context, self.job.kept_xml))
        else:
            self.hypervisor(context).undefine(self.job.machine)
        context.remember(self.name, "undone")


class ColdStart(MachineStep):
    """Start it from the restored disks."""

    name = "machine.start"
    title = "Start the machine"
    reason = "Cold: it boots from the restored disks as after a power cut."

    def commands(self) -> Sequence[str]:
        """virsh start."""
        return (self.virsh("start", self.job.machine),)

    def verify(self, context: StepContext) -> Verdict:
        """Running, started by this run."""
        status = self.status(context)
        if status is None or not status.active:
            return not_done("it is off")
        if not began(context):
            return unknown(f"it is {status.state}, and this run did not start it")
        return done(f"it is {status.state}")

    def apply(self, context: StepContext) -> None:
        """Start it and look whether it stays up."""
        context.remember(RESTORED, "begun")
        context.remember(RAN, "about to")
        self.hypervisor(context).start(self.job.machine)
        _wait_for(context, self, "running")

    def undo(self, context: StepContext) -> None:
        """End the restored machine."""
        if began(context):
            self.hypervisor(context).destroy(self.job.machine)
            context.remember(RESTORED, "undone")


def _wait_for(context: StepContext, step: MachineStep, wanted: str) -> None:
    """Wait until it is so, and look once more a moment later: some fail only then."""
    end = time.monotonic() + SETTLE_SECONDS
    seen_at = None
    while time.monotonic() < end:
        status = step.status(context)
        if status is not None and status.state == wanted:
            if seen_at is not None:
                return
            seen_at = time.monotonic()
        time.sleep(POLL_SECONDS)
