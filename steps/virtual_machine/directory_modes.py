"""The modes an iteration's leaf goes through during a restore, and what each write says. Pure.

A command (written by the control side) has state 0, which is what makes a node's daemon act. A
claim ("-ing") and a result ("-ed") carry a UTC timestamp instead: a claim with state 0 would be
read back by a daemon as a command it does not know, and the timestamp tells after a crash whose
claim it is. Nothing here ever writes `finished` with state 0: that would start a daemon again.

The commands here are no orders: whoever writes one does the work itself and claims it at once. A
daemon that was faster, or found the command after a crash, would move images over the live ones
meanwhile. So a command is dated on a day that is past, on which every daemon leaves it alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from steps.targets.directory import Attributes, Change, Entry

MODE = "sstProvisioningMode"
STATE = "sstProvisioningState"
RETURN_VALUE = "sstProvisioningReturnValue"
DATE = "sstProvisioningExecutionDate"
COMMANDED = "0"
ANY_DAY = "0"
DAY_PAST = "19700101"
"""The date of a command that its writer carries out itself: an order only counts on its day."""

_AT_WORK = re.compile(r"ing($|[A-Z])")
"""retaining, cleaningUp, unretainingSmallFiles: somebody claims to be doing it."""


class Mode(StrEnum):
    """The words of sstProvisioningMode that a restore writes."""

    UNRETAIN_SMALL = "unretainSmallFiles"
    UNRETAINING_SMALL = "unretainingSmallFiles"
    UNRETAINED_SMALL = "unretainedSmallFiles"
    UNRETAIN_LARGE = "unretainLargeFiles"
    UNRETAINING_LARGE = "unretainingLargeFiles"
    UNRETAINED_LARGE = "unretainedLargeFiles"
    RESTORE = "restore"
    RESTORING = "restoring"
    RESTORED = "restored"
    FINISHED = "finished"


CHAIN = tuple(Mode)
"""Every mode of a restore, in order. A leaf starts and ends as `finished`."""

_COMMANDS = (Mode.UNRETAIN_SMALL, Mode.UNRETAIN_LARGE, Mode.RESTORE)
_RESULTS = (Mode.UNRETAINED_SMALL, Mode.UNRETAINED_LARGE, Mode.RESTORED, Mode.FINISHED)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One iteration's leaf as read from the directory."""

    dn: str
    name: str
    mode: str
    state: str
    return_value: str
    modified_by: str = ""
    modified_at: str = ""

    def __str__(self) -> str:
        return f"{self.mode}, state {self.state}, return value {self.return_value or 'none'}"


def leaf_of(entry: Entry) -> Leaf:
    """The leaf an entry describes; missing attributes read as empty."""
    return Leaf(
        entry.dn,
        entry.text("ou") or "",
        entry.text(MODE) or "",
        entry.text(STATE) or "",
        entry.text(RETURN_VALUE) or "",
        entry.modified_by,
        entry.modified_at,
    )


def is_leaf(entry: Entry) -> bool:
    """Whether an entry below ou=backup is an iteration's leaf."""
    return bool(entry.values(MODE))


def timestamp(moment: datetime) -> str:
    """A moment as the directory writes it, in UTC: 20121002T012000Z."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def state_of(mode: Mode, stamp: str) -> str:
    """What sstProvisioningState says in that mode: 0 for a command, else the timestamp."""
    return COMMANDED if mode in _COMMANDS else stamp


def changes_with(mode: Mode, stamp: str) -> tuple[Change, ...]:
    """The changes that go into the same modify as the mode itself."""
    state = Change("replace", STATE, (state_of(mode, stamp).encode(),))
    day = date_of(command=mode in _COMMANDS)
    if mode not in _RESULTS:
        return (state, day)
    return (state, day, Change("replace", RETURN_VALUE, (b"0",)))


def date_of(*, command: bool) -> Change:
    """The date that goes with a mode: of a command the one that keeps every daemon away."""
    return Change("replace", DATE, ((DAY_PAST if command else ANY_DAY).encode(),))


def way(current: str, target: Mode) -> tuple[Mode, ...]:
    """The modes still to be written to get from `current` to `target`, in order.

    `current` is a mode of this restore, or `finished` before it began.
    """
    begun = -1 if current == Mode.FINISHED else CHAIN.index(Mode(current))
    return CHAIN[begun + 1 : CHAIN.index(target) + 1]


def is_at_or_after(current: str, target: Mode) -> bool:
    """Whether a restore whose leaf says `current` has already reached `target`."""
    return current in CHAIN and CHAIN.index(Mode(current)) >= CHAIN.index(target)


def busy(leaves: Sequence[Leaf], ours: str) -> tuple[Leaf, ...]:
    """Leaves on which somebody is at work, or was when it died: an "-ing" mode or a command.

    `ours` is the leaf to restore from; it must be `finished`.
    """
    return tuple(
        leaf
        for leaf in leaves
        if _AT_WORK.search(leaf.mode)
        or leaf.state == COMMANDED
        or (leaf.name == ours and leaf.mode != Mode.FINISHED)
    )


def unfinished(leaves: Sequence[Leaf], ours: str) -> tuple[Leaf, ...]:
    """Other leaves on which nobody is at work, and whose job has not ended: it waits, or is lost.

    A machine's disks may stand on the overlays of a backup that waits for its merge.
    """
    others = [leaf for leaf in leaves if leaf.name != ours and leaf.mode.lower() != Mode.FINISHED]
    return tuple(leaf for leaf in others if not busy([leaf], ours))


def new_leaf(name: str, mode: Mode, stamp: str) -> Attributes:
    """The attributes of a leaf that the directory does not have (any more)."""
    return {
        "objectClass": (b"top", b"organizationalUnit", b"sstProvisioning"),
        "ou": (name.encode(),),
        DATE: (ANY_DAY.encode(),),
        MODE: (mode.value.encode(),),
        STATE: (state_of(mode, stamp).encode(),),
        RETURN_VALUE: (b"0",),
    }
