"""The steps of a control instance: lock and leaf, order, wait, finish. A lane for each machine."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from config.errors import Refused, RekindleError, StepFailed, Unreachable
from steps.ldif_text import dump_modify
from steps.procedure import Outcome, Step, StepContext, Verdict, done, not_done
from steps.run.text import duration
from steps.targets.directory import Change
from steps.virtual_machine.coordination.observer import Look, Observer
from steps.virtual_machine.coordination.orders import (
    Commanded,
    finish,
    finish_initialization,
    initialize,
    lock,
    mend_state,
    order,
    read_leaf,
    unlock,
)
from steps.virtual_machine.coordination.standing import Kind, failure, has_failed
from steps.virtual_machine.directory_modes import COMMANDED, MODE, STATE
from steps.virtual_machine.job_leaf import CONTROL, JobLeaf
from steps.virtual_machine.job_words import BACKUP, FINISHED, INITIALIZE, Task, position

PATIENCE_SECONDS: Final = 60.0
"""So long a machine may be stuck before its step fails; a daemon's restart takes less."""


@dataclass(frozen=True, slots=True)
class CommandedJob:
    """What the steps share. `look_seconds`: how old what they wait for may be."""

    machines: tuple[Commanded, ...]
    observer: Observer = field(default_factory=Observer, compare=False)
    look_seconds: float = 1.0
    patience_seconds: float = PATIENCE_SECONDS


class CommandedStep(Step):
    """What the steps have in common."""

    lane: str

    def __init__(self, job: CommandedJob, machine: Commanded, name: str) -> None:
        self.job, self.machine = job, machine
        self.lane = machine.machine
        self.name = f"{name}.{machine.machine}"

    def control(self, context: StepContext) -> str:
        """How this run calls itself in the directory."""
        return f"{socket.gethostname()}/{context.run_directory.name}"

    def leaf(self, context: StepContext) -> JobLeaf | None:
        """This iteration's leaf. Raises Refused where it is another control instance's."""
        found = read_leaf(context.targets.directory(), self.machine.leaf_dn)
        if found is not None and found.mark(CONTROL) not in ("", self.control(context)):
            raise Refused(
                f"The leaf {found.dn} belongs to another control instance: {found.mark(CONTROL)}.",
                "Look what it does: rekindle machines",
            )
        return found


class Initialize(CommandedStep):
    """Lock the machine's backups and make the leaf of this iteration."""

    reason = "Of two control instances one is refused here, before anything happens to the machine."

    def __init__(self, job: CommandedJob, machine: Commanded) -> None:
        super().__init__(job, machine, "initialize")
        self.title = f"Initialize the backup of {machine.title}"

    def commands(self) -> Sequence[str]:
        return (f"ldapadd: {self.machine.leaf_dn}, sstProvisioningMode initialize, initialized",)

    def verify(self, context: StepContext) -> Verdict:
        leaf = self.leaf(context)
        if leaf is None:
            return not_done("there is no leaf of this iteration yet")
        if position(leaf.mode) > position(INITIALIZE):
            return done(f"the leaf says {leaf.mode}")
        return not_done(f"the leaf says {leaf}")

    def apply(self, context: StepContext) -> None:
        """Raises Refused where somebody else backs the machine up."""
        directory, clock = context.targets.directory(), self.job.observer.clock
        if self.leaf(context) is None:
            lock(directory, self.machine, self.control(context), clock.now())
            self.job.observer.wrote(directory.get(self.machine.backup_dn))
            initialize(directory, self.machine, self.control(context), clock.now())
        finish_initialization(directory, self.machine, clock.now())
        self.job.observer.wrote(directory.get(self.machine.leaf_dn))

    def undo(self, context: StepContext) -> None:
        """Take leaf and lock away, where nothing was ordered yet."""
        directory = context.targets.directory()
        leaf = self.leaf(context)
        if leaf is not None:
            if position(leaf.mode) > 1:
                raise Refused(
                    f"The leaf says {leaf}: the machine's snapshot may be there.",
                    "Let the backup go on until it is merged.",
                )
            directory.delete(leaf.dn, expected_csn=leaf.csn)
        unlock(directory, self.machine, self.control(context))


class GiveOrder(CommandedStep):
    """Write an order; who takes it is the node's affair."""

    def __init__(self, job: CommandedJob, machine: Commanded, task: Task) -> None:
        super().__init__(job, machine, f"{task.order}.order")
        self.task = task
        self.title = f"Order the {task.order} of {machine.title}"

    def commands(self) -> Sequence[str]:
        before = BACKUP[position(self.task.order) - 1]
        changes = (
            Change("delete", MODE, (before.encode(),)),
            Change("add", MODE, (self.task.order.encode(),)),
            Change("replace", STATE, (COMMANDED.encode(),)),
        )
        record = dump_modify(self.machine.leaf_dn, changes)
        return ("ldapmodify <<'END'", *record.rstrip("\n").splitlines(), "END")

    def verify(self, context: StepContext) -> Verdict:
        leaf = self.leaf(context)
        if leaf is None:
            return not_done("there is no leaf of this iteration")
        if position(leaf.mode) >= position(self.task.order):
            return done(f"the leaf says {leaf}")
        return not_done(f"the leaf says {leaf}")

    def apply(self, context: StepContext) -> None:
        """Raises Refused where the leaf is not where the order belongs."""
        leaf = self.leaf(context)
        if leaf is not None and position(leaf.mode) >= position(self.task.order):
            return  # An original broker went ahead by itself since it was looked at.
        if leaf is None or position(leaf.mode) != position(self.task.order) - 1:
            raise Refused(
                f"The {self.task.order} of {self.machine.title} is not to be ordered now: the leaf"
                f" says {leaf or 'nothing, it is gone'}.",
                "See what happened to it: rekindle machines",
            )
        directory = context.targets.directory()
        try:
            order(directory, leaf, self.task)
        except Refused:
            # Or it does so now: what is ordered already need not be ordered.
            if self.verify(context).outcome is not Outcome.DONE:
                raise
        self.job.observer.wrote(directory.get(leaf.dn))


class Patience:
    """How long nothing may move before that is an error; and what was said of it last."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None
        self._said = ""

    def moves(self) -> None:
        """Something moves (again)."""
        self._since = None

    def stuck(self, trouble: RekindleError) -> None:
        """Nothing moves; raises the trouble where that goes on for too long."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since > self._seconds:
            raise trouble

    def news(self, text: str) -> bool:
        """Whether that was not said before."""
        new, self._said = text != self._said, text
        return new


class Await(CommandedStep):
    """Wait until the daemon has reported success. A failed task is ordered again on a retry."""

    def __init__(self, job: CommandedJob, machine: Commanded, task: Task) -> None:
        super().__init__(job, machine, task.order)
        self.task = task
        self.title = f"{task.order.capitalize()} of {machine.title} on {machine.node}"

    def commands(self) -> Sequence[str]:
        return (f"wait until {self.machine.leaf_dn} says {self.task.done}, return value 0",)

    def verify(self, context: StepContext) -> Verdict:
        leaf = self.leaf(context)
        if leaf is None:
            return not_done("there is no leaf of this iteration")
        if reached(leaf, self.task):
            return done(_evidence(leaf, self.task))
        return not_done(f"the leaf says {leaf}")

    def apply(self, context: StepContext) -> None:
        """Raises StepFailed with the daemon's return value, or where nobody does it."""
        self._order_again(context)
        patience = Patience(self.job.patience_seconds)
        while not self._is_through(context, patience):
            context.checkpoint()
            time.sleep(self.job.look_seconds)

    def _is_through(self, context: StepContext, patience: Patience) -> bool:
        try:
            look = self._look(context)
        except Unreachable as error:
            patience.stuck(error)
            return False
        leaf = look.leaf(self.machine.leaf_dn)
        if leaf is None:
            raise StepFailed(f"The leaf {self.machine.leaf_dn} is gone: somebody deleted it.")
        if reached(leaf, self.task):
            return True
        self._judge(context, look, leaf, patience)
        return False

    def _look(self, context: StepContext) -> Look:
        directory = context.targets.directory()
        return self.job.observer.look(directory, at_most=self.job.look_seconds)

    def _order_again(self, context: StepContext) -> None:
        leaf = self.leaf(context)
        if leaf is not None and has_failed(leaf) and leaf.mode.lower() == self.task.doing.lower():
            context.log(f"It failed before ({failure(leaf)}): it is ordered again.")
            directory = context.targets.directory()
            order(directory, leaf, self.task)
            self.job.observer.wrote(directory.get(leaf.dn))

    def _judge(self, context: StepContext, look: Look, leaf: JobLeaf, patience: Patience) -> None:
        now = look.standing(leaf)
        if patience.news(now.text.partition(" for ")[0]):
            context.log(f"{leaf.mode}: {now.text}")
        if now.busy is not None and now.busy.total:
            context.progress(now.busy.done, now.busy.total, now.busy.unit)
        trouble = StepFailed(f"{self.machine.title}: {now.text}", now.remedy, seen=str(leaf))
        if now.kind is Kind.FAILED:
            raise trouble
        if now.kind is Kind.HALF and position(leaf.mode) == position(self.task.done):
            context.log("Its daemon was cut off before it wrote the state: that is made up for.")
            mend_state(context.targets.directory(), leaf, look.now)
            self.job.observer.wrote(context.targets.directory().get(leaf.dn))
        elif now.kind.stuck:
            patience.stuck(trouble)
        else:
            patience.moves()


class Finish(CommandedStep):
    """Say that the backup is finished, and let go of the machine."""

    reason = "Never with state 0: that would start an original daemon again."

    def __init__(self, job: CommandedJob, machine: Commanded) -> None:
        super().__init__(job, machine, "finish")
        self.title = f"Say that the backup of {machine.title} is finished"

    def commands(self) -> Sequence[str]:
        return (f"ldapmodify: {self.machine.leaf_dn}, sstProvisioningMode finished",)

    def verify(self, context: StepContext) -> Verdict:
        leaf = self.leaf(context)
        if leaf is None or leaf.mode.lower() != FINISHED or leaf.commanded:
            return not_done(f"the leaf says {leaf or 'nothing, it is gone'}")
        return done(f"the leaf says {leaf}")

    def apply(self, context: StepContext) -> None:
        """Raises Refused where the leaf is not at its last task."""
        directory = context.targets.directory()
        leaf = self.leaf(context)
        if leaf is None or position(leaf.mode) < position(FINISHED) - 1:
            raise Refused(
                f"The backup of {self.machine.title} is not done: the leaf says"
                f" {leaf or 'nothing, it is gone'}.",
                "See what happened to it: rekindle machines",
            )
        finish(directory, leaf, self.job.observer.clock.now())
        unlock(directory, self.machine, self.control(context))


def reached(leaf: JobLeaf, task: Task) -> bool:
    """Whether a task is done, and wholly said to be: an original daemon needs three writes."""
    if position(leaf.mode) > position(task.done):
        return True
    at = leaf.mode.lower() == task.done.lower()
    return at and not leaf.commanded and leaf.return_value == 0


def _evidence(leaf: JobLeaf, task: Task) -> str:
    took = next((s for name, s in leaf.times if name.lower() == task.order.lower()), None)
    return f"the leaf says {leaf}" + (f", it took {duration(took)}" if took is not None else "")
