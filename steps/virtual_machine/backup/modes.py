"""The modes an iteration's leaf goes through during a backup and its removal. Pure.

As in a restore: a command has state 0, but a date on which no daemon acts; a claim and a result
carry a UTC timestamp, results also return value 0. One modify a transition, guarded by the mode
before.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from steps.targets.directory import Attributes, Change
from steps.virtual_machine.directory_modes import (
    ANY_DAY,
    COMMANDED,
    DATE,
    MODE,
    RETURN_VALUE,
    STATE,
    date_of,
)

EXECUTION_TIME = "sstProvisioningExecutionTime"


class BackupMode(StrEnum):
    """The words of sstProvisioningMode that a backup writes."""

    INITIALIZE = "initialize"
    INITIALIZED = "initialized"
    SNAPSHOT = "snapshot"
    SNAPSHOTTING = "snapshotting"
    SNAPSHOTTED = "snapshotted"
    MERGE = "merge"
    MERGING = "merging"
    MERGED = "merged"
    RETAIN = "retain"
    RETAINING = "retaining"
    RETAINED = "retained"
    FINISHED = "finished"
    DELETE = "delete"
    DELETING = "deleting"
    DELETED = "deleted"


BACKUP = tuple(mode for mode in BackupMode if not mode.startswith("delet"))
"""Every mode of a backup, in order."""
REMOVAL = (BackupMode.FINISHED, BackupMode.DELETE, BackupMode.DELETING, BackupMode.DELETED)
"""Every mode of the removal of an iteration, in order."""

_COMMANDS = (BackupMode.SNAPSHOT, BackupMode.MERGE, BackupMode.RETAIN, BackupMode.DELETE)
_RESULTS = (
    BackupMode.INITIALIZED, BackupMode.SNAPSHOTTED, BackupMode.MERGED, BackupMode.RETAINED,
    BackupMode.FINISHED, BackupMode.DELETED,
)  # fmt: skip


def state_of(mode: BackupMode, stamp: str) -> str:
    """What sstProvisioningState says in that mode."""
    return COMMANDED if mode in _COMMANDS else stamp


def changes_with(mode: BackupMode, stamp: str, times: Sequence[str] = ()) -> tuple[Change, ...]:
    """The changes that go into the same modify as the mode itself."""
    changes = [
        Change("replace", STATE, (state_of(mode, stamp).encode(),)),
        date_of(command=mode in _COMMANDS),
    ]
    if mode in _RESULTS:
        changes.append(Change("replace", RETURN_VALUE, (b"0",)))
    if times:
        values = tuple(time.encode() for time in times)
        changes.append(Change("replace", EXECUTION_TIME, values))
    return tuple(changes)


def way(chain: Sequence[BackupMode], current: str, target: BackupMode) -> tuple[BackupMode, ...]:
    """The modes still to be written to get from `current` to `target`, in order."""
    begun = chain.index(BackupMode(current))
    return tuple(chain[begun + 1 : chain.index(target) + 1])


def reached(chain: Sequence[BackupMode], current: str, target: BackupMode) -> bool:
    """Whether a leaf that says `current` has come to `target` or further."""
    return current in tuple(chain) and chain.index(BackupMode(current)) >= chain.index(target)


def new_leaf(name: str, stamp: str) -> Attributes:
    """The attributes of a new iteration's leaf."""
    return {
        "objectClass": (b"top", b"organizationalUnit", b"sstProvisioning"),
        "ou": (name.encode(),),
        DATE: (ANY_DAY.encode(),),
        MODE: (BackupMode.INITIALIZE.value.encode(),),
        STATE: (stamp.encode(),),
        RETURN_VALUE: (b"0",),
    }
