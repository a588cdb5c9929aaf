"""The removal of an older iteration by the node's daemon, and of its leaf."""

from __future__ import annotations

import time
from collections.abc import Sequence

from config.errors import Refused, StepFailed, Unreachable
from steps.procedure import StepContext, Verdict, done, not_done
from steps.virtual_machine.coordination.orders import Commanded, order, read_leaf
from steps.virtual_machine.coordination.standing import Kind, has_failed
from steps.virtual_machine.coordination.steps import CommandedJob, CommandedStep, Patience
from steps.virtual_machine.job_leaf import JobLeaf
from steps.virtual_machine.job_words import DELETE, FINISHED, RETAIN, position


class RemoveIteration(CommandedStep):
    """Order the removal, wait for it, take the leaf away. Only once the new one is complete."""

    irreversible = True
    reason = "One more than the backup plan keeps. The daemon refuses where no newer one is whole."

    def __init__(self, job: CommandedJob, machine: Commanded, old: str) -> None:
        super().__init__(job, machine, f"remove.{old}")
        self.old = old
        self.title = f"Remove the backup {old} of {machine.title}"

    def commands(self) -> Sequence[str]:
        dn = self.machine.dn_of(self.old)
        return (f"ldapmodify: {dn}, sstProvisioningMode delete", f"ldapdelete '{dn}'")

    def verify(self, context: StepContext) -> Verdict:
        leaf = self._old(context)
        return done("its leaf is gone") if leaf is None else not_done(f"its leaf says {leaf}")

    def apply(self, context: StepContext) -> None:
        """Raises Refused where the new backup is not complete, StepFailed as the daemon fails."""
        self._refuse_early(context)
        leaf = self._old(context)
        failed = leaf is not None and has_failed(leaf)
        if leaf is not None and (failed or leaf.mode.lower() == FINISHED):
            directory = context.targets.directory()
            order(directory, leaf, DELETE)
            self.job.observer.wrote(directory.get(leaf.dn))
        patience = Patience(self.job.patience_seconds)
        while not self._is_removed(context, patience):
            context.checkpoint()
            time.sleep(self.job.look_seconds)

    def _is_removed(self, context: StepContext, patience: Patience) -> bool:
        directory = context.targets.directory()
        try:
            leaf = self._old(context)
            look = self.job.observer.look(directory, at_most=self.job.look_seconds)
        except Unreachable as error:
            patience.stuck(error)
            return False
        if leaf is None:
            return True
        if leaf.mode.lower() == DELETE.done.lower() and leaf.return_value == 0:
            directory.delete(leaf.dn, expected_csn=leaf.csn)
            return True
        now = look.standing(leaf)
        trouble = StepFailed(f"{self.machine.title}: {now.text}", now.remedy, seen=str(leaf))
        if now.kind is Kind.FAILED:
            raise trouble
        patience.stuck(trouble) if now.kind.stuck else patience.moves()
        return False

    def _old(self, context: StepContext) -> JobLeaf | None:
        return read_leaf(context.targets.directory(), self.machine.dn_of(self.old))

    def _refuse_early(self, context: StepContext) -> None:
        new = self.leaf(context)
        if new is None or position(new.mode) < position(RETAIN.done):
            raise Refused(
                f"The new backup of {self.machine.title} is not complete: the leaf says"
                f" {new or 'nothing, it is gone'}.",
                "The older one stays until it is.",
            )
