"""Steps on the machine itself: shut down, restore paused, check, resume, define, start, verify.

The rule that everything here obeys: a memory state is restored only onto disks on which no guest
has run since it was saved. `machine.ran` is remembered *before* the guest is let run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from config.errors import Interrupted, Refused, StepFailed
from config.questions import Choice
from steps.procedure import Prompt, Step, StepContext, Verdict, done, not_done, unknown
from steps.targets.hypervisor import DomainStatus, Hypervisor
from steps.targets.quoting import command_line
from steps.virtual_machine.restore_job import RestoreJob
from steps.virtual_machine.small_files import read_small
from steps.virtual_machine.step_images import RAN

BEFORE = "machine.before"
RESTORED = "machine.restored"

SETTLE_SECONDS = 5.0
POLL_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Before:
    """What the hypervisor knew of the machine before the restore touched it."""

    known: bool
    state: str
    persistent: bool

    @property
    def active(self) -> bool:
        """Whether a process ran it."""
        return self.known and self.state not in ("shut off", "crashed")


def before(context: StepContext) -> Before | None:
    """What was remembered, or None where the restore has not come that far."""
    text = context.recall(BEFORE)
    return Before(**json.loads(text)) if text else None


def began(context: StepContext) -> bool:
    """Whether this run has begun to bring the machine up, and has not undone it."""
    return context.recall(RESTORED) == "begun"


class MachineStep(Step):
    """What the steps on the machine have in common."""

    def __init__(self, job: RestoreJob) -> None:
        self.job = job

    def hypervisor(self, context: StepContext) -> Hypervisor:
        """The hypervisor of the machine's node."""
        return context.targets.hypervisor(self.job.node)

    def status(self, context: StepContext) -> DomainStatus | None:
        """What the hypervisor knows of the machine now."""
        return self.hypervisor(context).domain(self.job.machine)

    def document(self, context: StepContext, path: str) -> str:
        """One of this restore's documents in retain; it may hold secrets."""
        return read_small(context.targets.shell(self.job.node), path).decode()

    def virsh(self, *words: str) -> str:
        """A virsh command line for this machine's hypervisor."""
        return command_line(["virsh", *words])


class ShutDown(MachineStep):
    """Shut it down cleanly; ask before anything harder."""

    name = "machine.shut-down"
    title = "Shut the machine down"
    reason = (
        "The guest gets the chance to write out its data. Memory and programs of today end here:"
        " undo starts the machine again, it does not bring today's memory back."
    )
    depends_on = ("shutdown_limit",)

    def commands(self) -> Sequence[str]:
        """virsh shutdown."""
        return (self.virsh("shutdown", self.job.machine),)

    def verify(self, context: StepContext) -> Verdict:
        """Off, or not known to the hypervisor."""
        if began(context):
            return done("it was shut down; what is there now is the restored machine")
        status = self.status(context)
        if status is None:
            return done("the hypervisor does not know the machine")
        return not_done(f"it is {status.state}") if status.active else done("it is off")

    def apply(self, context: StepContext) -> None:
        """Shut down and wait; then ask whether to wait on, pull the plug or stop."""
        limit = context.given.get("shutdown_limit", self.job.shutdown_limit)
        seconds = float(limit) if isinstance(limit, int | float) else self.job.shutdown_limit
        while not self._powered_off(context, seconds):
            status = self.status(context)
            if status is None or not status.active:
                return
            answer = context.ask(self._question(status.state, seconds))
            if answer == "stop":
                raise Interrupted(
                    f"The machine {self.job.title} still runs; the operator chose to stop.",
                    "Undo puts the rest back. Resume the run to try the shutdown again.",
                )
            if answer == "destroy":
                context.log("the operator chose to pull the plug")
                self.hypervisor(context).destroy(self.job.machine)

    def undo(self, context: StepContext) -> None:
        """Start it again where it ran. Its memory of before is lost."""
        was = before(context)
        if was is None or not was.active:
            return
        hypervisor, status = self.hypervisor(context), self.status(context)
        if status is None:
            hypervisor.define(self.document(context, self.job.kept_xml))
        if status is None or not status.active:
            hypervisor.start(self.job.machine)
            context.log("started the machine again from its disks of today")
        if not was.persistent:
            hypervisor.undefine(self.job.machine)

    def _powered_off(self, context: StepContext, seconds: float) -> bool:
        """In slices, so that the operator's abort is heard while the guest takes its time."""
        deadline = time.monotonic() + seconds
        while True:
            context.checkpoint()
            left = deadline - time.monotonic()
            if self.hypervisor(context).shut_down(self.job.machine, max(0.0, min(left, 10.0))):
                return True
            status = self.status(context)
            if left <= 10.0 or (status is not None and status.state == "paused"):
                return False

    def _question(self, state: str, seconds: float) -> Prompt:
        return Prompt(
            name="shut-down",
            text=f"{self.job.title} is still {state} {seconds:.0f} s after it was asked to shut"
            " down. What now?",
            choices=(
                Choice("wait", "Ask it again and wait as long again"),
                Choice("destroy", "Pull the plug", "what it has not written to disk is lost"),
                Choice("stop", "Stop here", "the machine goes on running as it is"),
            ),
            default="wait",
            detail="Until now nothing on its disks has been changed.",
        )


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
