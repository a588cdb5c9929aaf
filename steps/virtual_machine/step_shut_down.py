"""The step that shuts the machine down: cleanly, and asking before anything harder."""

from __future__ import annotations

import time
from collections.abc import Sequence

from config.errors import Interrupted
from config.questions import Choice
from steps.procedure import Prompt, StepContext, Verdict, done, not_done
from steps.virtual_machine.machine_step import MachineStep, before, began


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
