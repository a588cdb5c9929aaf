"""What stands between the daemon and the steps that do the work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from steps.procedure import Step, StepContext
from steps.virtual_machine.job_words import Task
from steps.virtual_machine.node.orders import Order


class Work(Protocol):
    """The work of a node."""

    def steps(self, order: Order, context: StepContext) -> Sequence[Step]:
        """The steps of an order, in order. Raises RekindleError where there is no way to do it.

        It is asked again after a crash, and must then give the same steps: what it decided by
        looking at the world it remembers in the context.
        """

    def return_code(self, error: Exception, task: Task) -> int:
        """What sstProvisioningReturnValue says of this failure; never 0."""
