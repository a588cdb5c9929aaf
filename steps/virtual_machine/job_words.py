"""The words of sstProvisioningMode: orders, and the words of claim and report. Pure.

An order is written by the control side with state 0; the "-ing" and "-ed" words are a daemon's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from steps.virtual_machine.backup.modes import BACKUP as WORDS
from steps.virtual_machine.backup.modes import BackupMode as Word
from steps.virtual_machine.directory_modes import Mode

INITIALIZE: Final = Word.INITIALIZE.value
INITIALIZED: Final = Word.INITIALIZED.value
FINISHED: Final = Word.FINISHED.value


@dataclass(frozen=True, slots=True)
class Task:
    """One thing a daemon does, by its three words."""

    order: str
    doing: str
    done: str
    interruptible: bool = True
    """Whether a daemon that is stopped may leave it between two steps: the machine is not down."""


SNAPSHOT: Final = Task(Word.SNAPSHOT, Word.SNAPSHOTTING, Word.SNAPSHOTTED, interruptible=False)
MERGE: Final = Task(Word.MERGE, Word.MERGING, Word.MERGED)
RETAIN: Final = Task(Word.RETAIN, Word.RETAINING, Word.RETAINED)
DELETE: Final = Task(Word.DELETE, Word.DELETING, Word.DELETED)
UNRETAIN_SMALL: Final = Task(Mode.UNRETAIN_SMALL, Mode.UNRETAINING_SMALL, Mode.UNRETAINED_SMALL)
UNRETAIN_LARGE: Final = Task(Mode.UNRETAIN_LARGE, Mode.UNRETAINING_LARGE, Mode.UNRETAINED_LARGE)
RESTORE: Final = Task(Mode.RESTORE, Mode.RESTORING, Mode.RESTORED, interruptible=False)

TASKS: Final = (SNAPSHOT, MERGE, RETAIN, DELETE, UNRETAIN_SMALL, UNRETAIN_LARGE, RESTORE)
"""Everything a daemon does. `cleanup` was never implemented by the original and is not here."""

BACKUP: Final = tuple(word.value for word in WORDS)
"""Every mode of a backup, in order."""

_ORDERS = {task.order.lower(): task for task in TASKS}
_DOING = {task.doing.lower(): task for task in TASKS}
_DONE = {task.done.lower(): task for task in TASKS}


def ordered(mode: str) -> Task | None:
    """The task that mode orders; the schema compares modes without regard to case."""
    return _ORDERS.get(mode.lower())


def being_done(mode: str) -> Task | None:
    """The task that mode says somebody is doing."""
    return _DOING.get(mode.lower())


def reported(mode: str) -> Task | None:
    """The task that mode says is done."""
    return _DONE.get(mode.lower())


def position(mode: str) -> int:
    """How far a backup is, by the order of BACKUP; -1 for a mode of another job."""
    words = [word.lower() for word in BACKUP]
    return words.index(mode.lower()) if mode.lower() in words else -1
