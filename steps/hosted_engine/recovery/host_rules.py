"""What an engine lets be done with a host in which state. Reference: engine-backup, section 8.3.

Force widens none of this: it overlooks Gluster bricks only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from steps.targets.engine_facts import CLEARS_MACHINES, REMOVABLE, Host

PASSING: Final = frozenset(
    {
        "connecting", "initializing", "installing", "installing_os", "preparing_for_maintenance",
        "reboot", "kdumping", "unassigned",
    }
)  # fmt: skip
"""Statuses that become others by themselves."""
_MAINTAINABLE: Final = frozenset({"up", "non_operational", "error"})


class Way(Enum):
    """The next thing to do with a host that is to be removed."""

    REMOVE = "remove"
    CONFIRM = "confirm"
    MAINTAIN = "maintain"
    WAIT = "wait"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class NextAct:
    """That, and why, as an operator reads it."""

    way: Way
    why: str


def next_act(host: Host, machines: int) -> NextAct:
    """How a host gets out of the engine. `machines`: how many the engine believes to be on it."""
    holds = machines or host.spm != "none"
    if host.status in CLEARS_MACHINES and holds:
        what = _machines(machines) if machines else "the role of Storage Pool Manager"
        return NextAct(
            Way.CONFIRM,
            f"it is {host.status} and has {what}: the engine lets go of that only when it is"
            " confirmed that the host was rebooted",
        )
    if host.status in REMOVABLE and not holds and host.status != "unassigned":
        return NextAct(Way.REMOVE, f"it is {host.status} and has no machines: it can be removed")
    if host.status in _MAINTAINABLE:
        return NextAct(
            Way.MAINTAIN,
            f"it is {host.status}: it goes to maintenance first"
            + (f", its {_machines(machines)} elsewhere" if machines else ""),
        )
    if host.status in PASSING:
        return NextAct(Way.WAIT, f"it is {host.status}: it is waited until that has passed")
    return NextAct(
        Way.NONE,
        f"it is {host.status} and has {_machines(machines)}: in this state the engine neither"
        " removes it nor lets go of them",
    )


def _machines(count: int) -> str:
    return f"{count} machine{'' if count == 1 else 's'}"
