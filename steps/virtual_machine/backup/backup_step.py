"""What the steps of a backup have in common: their lane, their clock, what a failure leaves."""

from __future__ import annotations

import time
from abc import abstractmethod

from config.errors import RekindleError
from steps.procedure import Step, StepContext
from steps.targets.directory import Change
from steps.targets.hypervisor import DomainStatus, Hypervisor
from steps.targets.shell import Progress, Shell
from steps.virtual_machine.backup.facts import add_seconds
from steps.virtual_machine.backup.job import BackupJob
from steps.virtual_machine.directory_modes import RETURN_VALUE
from steps.virtual_machine.return_values import return_code


class BackupStep(Step):
    """One step on one machine. `phase` is the sub-process it belongs to and whose time it takes."""

    phase: str

    def __init__(self, job: BackupJob, name: str) -> None:
        self.job = job
        self.lane = job.lane
        self.name = f"{name}.{job.machine}"

    @abstractmethod
    def act(self, context: StepContext) -> None:
        """Do it. Raises RekindleError."""

    def apply(self, context: StepContext) -> None:
        """Do it, take its time, and tell the leaf where it failed."""
        began = time.monotonic()
        try:
            self.act(context)
        except RekindleError as error:
            self._tell(context, error)
            raise
        finally:
            add_seconds(context, self.job, self.phase, time.monotonic() - began)

    def shell(self, context: StepContext) -> Shell:
        """The shell on the machine's node."""
        return context.targets.shell(self.job.node)

    def hypervisor(self, context: StepContext) -> Hypervisor:
        """The hypervisor of the machine's node."""
        return context.targets.hypervisor(self.job.node)

    def status(self, context: StepContext) -> DomainStatus | None:
        """What the hypervisor knows of the machine now."""
        return self.hypervisor(context).domain(self.job.machine)

    def _tell(self, context: StepContext, error: RekindleError) -> None:
        """Write the documented return value; the mode stays as it is, as the original does."""
        if not self.job.reports_failures:
            return
        code = str(return_code(error, self.phase)).encode()
        try:
            directory = context.targets.directory()
            entry = directory.get(self.job.leaf_dn)
            if entry is not None:
                change = Change("replace", RETURN_VALUE, (code,))
                directory.modify(entry.dn, [change], expected_csn=entry.entry_csn)
        except RekindleError as trouble:
            # The failure itself is what counts; that the leaf does not say it is said here.
            context.log(f"The leaf could not be given return value {code!r}: {trouble.message}")


def watched(context: StepContext) -> Progress:
    """Progress that also lets the operator's abort through."""

    def report(finished: int, total: int) -> None:
        context.progress(finished, total)
        context.checkpoint()

    return report
