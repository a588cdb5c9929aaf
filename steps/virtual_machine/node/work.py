"""What stands between the daemon and the steps that do the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    def measured(self, order: Order, context: StepContext) -> Mapping[str, float]:
        """Seconds by name, beside the task's own, that sstProvisioningExecutionTime shall say."""

    def moment(self, order: Order, context: StepContext) -> float | None:
        """When a snapshot was taken, in seconds of the epoch by this host's clock; or None."""

    def return_code(self, error: Exception, task: Task) -> int:
        """What sstProvisioningReturnValue says of this failure; never 0."""
