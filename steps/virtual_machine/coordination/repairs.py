"""What can be done about a stuck leaf, each by one guarded write."""

from __future__ import annotations

from config.errors import Refused
from steps.targets.directory import Directory
from steps.virtual_machine.coordination.observer import Look
from steps.virtual_machine.coordination.orders import mend_state, order
from steps.virtual_machine.coordination.standing import Kind, Standing
from steps.virtual_machine.coordination.table import Row, table_of
from steps.virtual_machine.job_leaf import JobLeaf
from steps.virtual_machine.job_words import Task, being_done, ordered


def find_row(look: Look, machine: str) -> Row:
    """The row of a machine, by name or display name. Raises Refused where it is not one."""
    found = [row for row in table_of(look).rows if machine in (row.known.machine, row.known.title)]
    if len(found) != 1:
        raise Refused(f"{_how_many(len(found))} called {machine!r}.", "Give the machine's uuid.")
    return found[0]


def _how_many(machines: int) -> str:
    return f"{machines} machines are" if machines else "No machine is"


def task_to_order_again(leaf: JobLeaf | None, stands: Standing) -> Task | None:
    """The task of a leaf that may be ordered again: it failed, or its daemon is gone."""
    if leaf is None or stands.kind not in (Kind.FAILED, Kind.DEAD, Kind.HALF):
        return None
    return being_done(leaf.mode) or ordered(leaf.mode)


def needs_mending(leaf: JobLeaf | None, stands: Standing) -> bool:
    """Whether a writer that was cut off left the leaf's state at 0."""
    if leaf is None or stands.kind is not Kind.HALF:
        return False
    return leaf.commanded and ordered(leaf.mode) is None


def order_again(directory: Directory, row: Row) -> str:
    """Order what failed, or what a daemon that is gone had claimed. Returns what was written.

    Raises Refused where it is not stuck: work that goes on must not be begun a second time.
    """
    leaf, task = row.leaf, task_to_order_again(row.leaf, row.standing)
    if leaf is None or task is None:
        raise Refused(
            f"{row.known.title} is not stuck in a task: {row.standing.text}.",
            "Only what failed, or what a daemon that is gone had claimed, is ordered again.",
        )
    order(directory, leaf, task)
    return f"{leaf.dn}: {leaf.mode} -> {task.order}, state 0"


def mend(directory: Directory, look: Look, row: Row) -> str:
    """Write the state that a writer which was cut off left at 0. Returns what was written."""
    leaf = row.leaf
    if leaf is None or not needs_mending(leaf, row.standing):
        raise Refused(f"The state of {row.known.title} needs no mending: {row.standing.text}.")
    mend_state(directory, leaf, look.now)
    return f"{leaf.dn}: state 0 -> the time now"
