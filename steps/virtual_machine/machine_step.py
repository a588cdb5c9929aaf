"""What the steps on the machine itself share: its hypervisor, and what is remembered of it.

The rule that all of them obey: a memory state is restored only onto disks on which no guest has
run since it was saved. RAN is remembered *before* the guest is let run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from steps.procedure import Step, StepContext
from steps.targets.hypervisor import DomainStatus, Hypervisor
from steps.targets.quoting import command_line
from steps.virtual_machine.restore_job import RestoreJob
from steps.virtual_machine.small_files import read_small

BEFORE = "machine.before"
"""Fact: what the hypervisor knew of the machine before the restore touched it."""
RESTORED = "machine.restored"
"""Fact: this run has begun to bring the machine up (`begun`), or undone that."""
RAN = "machine.ran"
"""Fact: the guest was (or may have been) let run on the restored disks."""


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
