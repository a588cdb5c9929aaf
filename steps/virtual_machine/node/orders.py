"""What the directory orders of a node: the rule looks at what is there, never at events. Pure.

Whatever wakes the daemon (a change, a full refresh, a restart), it acts only on what the leaves say
now: an order that was carried out says so, so nothing is ever replayed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from steps.ldif_text import normal_dn
from steps.targets.directory_names import all_of, any_of, equals
from steps.virtual_machine.directory_modes import MODE
from steps.virtual_machine.job_leaf import CLASS, JobLeaf
from steps.virtual_machine.job_words import TASKS, Task, being_done, ordered


@dataclass(frozen=True, slots=True)
class Order:
    """A task to be done on a leaf. `resumed`: this daemon had claimed it before and was cut off."""

    leaf: JobLeaf
    task: Task
    resumed: bool

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"{self.task.order} of {self.leaf.machine} ({self.leaf.name})"


def interesting() -> str:
    """A filter for the leaves that may hold an order, or work that was cut off."""
    words = (word for task in TASKS for word in (task.order, task.doing))
    return all_of(equals("objectClass", CLASS), any_of(*(equals(MODE, word) for word in words)))


def orders(
    leaves: Iterable[JobLeaf], own: frozenset[str], owner: str, now: datetime
) -> tuple[Order, ...]:
    """The orders of a node, work that was cut off first, then snapshots, then the rest.

    `own` are the normalised DNs of this node's machines; `owner` is how this daemon marks its
    claims; `now` is the server's time in this host's time zone.
    """
    found = []
    for leaf in leaves:
        order = _order(leaf, owner, now.date())
        if order is not None and normal_dn(leaf.machine_dn) in own:
            found.append(order)
    rank = [task.order for task in TASKS]
    return tuple(
        sorted(found, key=lambda o: (not o.resumed, rank.index(o.task.order), o.leaf.dn.lower()))
    )


def _order(leaf: JobLeaf, owner: str, today: date) -> Order | None:
    cut_off = being_done(leaf.mode)
    if cut_off is not None and leaf.owner == owner and leaf.return_value == 0:
        return Order(leaf, cut_off, resumed=True)
    task = ordered(leaf.mode)
    if task is not None and leaf.commanded and _is_due(leaf.date, today):
        return Order(leaf, task, resumed=False)
    return None


def _is_due(text: str, today: date) -> bool:
    """0 is now, else the day; also the day after, or an order dated at midnight would be missed."""
    if text == "0":
        return True
    if not re.fullmatch(r"[0-9]{8}", text):
        return False
    return text in (f"{today:%Y%m%d}", f"{today - timedelta(days=1):%Y%m%d}")
