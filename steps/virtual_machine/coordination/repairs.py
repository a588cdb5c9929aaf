"""What can be done about a stuck leaf, each by one guarded write."""

from __future__ import annotations

from config.errors import Refused
from steps.targets.directory import Directory
from steps.virtual_machine.coordination.observer import Look
from steps.virtual_machine.coordination.orders import mend_state, order
from steps.virtual_machine.coordination.standing import Kind
from steps.virtual_machine.coordination.table import Row, table_of
from steps.virtual_machine.job_words import being_done, ordered


def find_row(look: Look, machine: str) -> Row:
    """The row of a machine, by name or display name. Raises Refused where it is not one."""
    found = [row for row in table_of(look).rows if machine in (row.known.machine, row.known.title)]
    if len(found) != 1:
        raise Refused(
            f"{len(found) or 'No'} machines are called {machine!r}.", "Give the machine's uuid."
        )
    return found[0]


def order_again(directory: Directory, row: Row) -> str:
    """Order what failed, or what a daemon that is gone had claimed. Returns what was written.

    Raises Refused where it is not stuck: work that goes on must not be begun a second time.
    """
    leaf = row.leaf
    task = None if leaf is None else being_done(leaf.mode) or ordered(leaf.mode)
    allowed = row.standing.kind in (Kind.FAILED, Kind.DEAD, Kind.HALF)
    if leaf is None or task is None or not allowed:
        raise Refused(
            f"{row.known.title} is not stuck in a task: {row.standing.text}.",
            "Only what failed, or what a daemon that is gone had claimed, is ordered again.",
        )
    order(directory, leaf, task)
    return f"{leaf.dn}: {leaf.mode} -> {task.order}, state 0"


def mend(directory: Directory, look: Look, row: Row) -> str:
    """Write the state that a writer which was cut off left at 0. Returns what was written."""
    leaf = row.leaf
    if leaf is None or row.standing.kind is not Kind.HALF or not leaf.commanded:
        raise Refused(f"The state of {row.known.title} needs no mending: {row.standing.text}.")
    mend_state(directory, leaf, look.now)
    return f"{leaf.dn}: state 0 -> the time now"
