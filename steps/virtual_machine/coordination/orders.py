"""What a control instance writes: the lock of a machine's backups, a leaf, orders, the end.

Every write is guarded by what was read. Two control instances that want the same machine meet at
its `ou=backup`: the mark there is set by compare-and-set, so one of them is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from config.errors import Refused
from steps.targets.directory import Change, Directory, Entry
from steps.virtual_machine.coordination.standing import has_failed
from steps.virtual_machine.directory_modes import (
    ANY_DAY,
    COMMANDED,
    DATE,
    MODE,
    RETURN_VALUE,
    STATE,
    date_of,
    timestamp,
)
from steps.virtual_machine.job_leaf import (
    CLAIMED,
    CONTROL,
    FAILED,
    MARKS,
    JobLeaf,
    csn_time,
    job_leaf,
    marks_changed,
    stamp_time,
)
from steps.virtual_machine.job_words import FINISHED, INITIALIZE, INITIALIZED, Task
from steps.virtual_machine.machine_directory import leaf_dn, machine_dn

ABANDONED: Final = timedelta(minutes=2)
"""A lock whose leaf never came is the trace of a control instance that died in between."""


@dataclass(frozen=True, slots=True)
class Commanded:
    """A machine whose backup is left to its node's daemon; `leaf` names this iteration."""

    base: str
    machine: str
    title: str
    node: str
    leaf: str
    superseded: tuple[str, ...] = ()
    """Leaves of older iterations that make room once this one is complete."""

    @property
    def backup_dn(self) -> str:
        """Where its leaves stand."""
        return f"ou=backup,{machine_dn(self.base, self.machine)}"

    @property
    def leaf_dn(self) -> str:
        """The leaf of this iteration."""
        return self.dn_of(self.leaf)

    def dn_of(self, leaf: str) -> str:
        """The leaf of an iteration."""
        return leaf_dn(self.base, self.machine, leaf)


def read_leaf(directory: Directory, dn: str) -> JobLeaf | None:
    """A leaf as it is now."""
    entry = directory.get(dn)
    return None if entry is None else job_leaf(entry)


def lock(directory: Directory, machine: Commanded, control: str, now: datetime) -> None:
    """Make this control instance the one that backs the machine up. Raises Refused.

    The order matters: the entry is read first, then the leaves, then the mark is set only where
    the entry is as it was read. Whoever set a mark in between makes us fail.
    """
    entry = directory.get(machine.backup_dn)
    if entry is None:
        classes = (b"top", b"organizationalUnit")
        value = (_lock_mark(machine, control).encode(),)
        directory.add(machine.backup_dn, {"objectClass": classes, "ou": (b"backup",), MARKS: value})
        return
    _refuse_busy(directory, machine)
    held = _locks(entry)
    if held == [_lock_mark(machine, control)]:
        return
    for mark in held:
        _refuse_held(directory, machine, mark, entry, now)
    kept = [v for v in entry.values(MARKS) if v.decode("utf-8", "replace") not in held]
    values = (*kept, _lock_mark(machine, control).encode())
    change = Change("replace", MARKS, values)
    directory.modify(machine.backup_dn, [change], expected_csn=entry.entry_csn)


def unlock(directory: Directory, machine: Commanded, control: str) -> None:
    """Take our mark away; nothing to do where it is not ours any more."""
    entry = directory.get(machine.backup_dn)
    mark = _lock_mark(machine, control)
    if entry is not None and mark in _locks(entry):
        change = Change("delete", MARKS, (mark.encode(),))
        directory.modify(machine.backup_dn, [change], expected_csn=entry.entry_csn)


def initialize(directory: Directory, machine: Commanded, control: str, now: datetime) -> None:
    """The leaf of this iteration, as `initialize`."""
    directory.add(
        machine.leaf_dn,
        {
            "objectClass": (b"top", b"organizationalUnit", b"sstProvisioning"),
            "ou": (machine.leaf.encode(),),
            DATE: (ANY_DAY.encode(),),
            MODE: (INITIALIZE.encode(),),
            RETURN_VALUE: (b"0",),
            STATE: (timestamp(now).encode(),),
            MARKS: (f"{CONTROL} {control}".encode(),),
        },
    )


def finish_initialization(directory: Directory, machine: Commanded, now: datetime) -> None:
    """`initialize` becomes `initialized`."""
    state = Change("replace", STATE, (timestamp(now).encode(),))
    directory.transition(machine.leaf_dn, MODE, INITIALIZE, INITIALIZED, (state,))


def order(directory: Directory, leaf: JobLeaf, task: Task) -> None:
    """Order a task of the daemon, whatever the leaf says as it was read. Raises Refused."""
    others = (
        Change("replace", STATE, (COMMANDED.encode(),)),
        date_of(command=False),
        # Or the last task's return value would be taken for this one's.
        Change("replace", RETURN_VALUE, (b"0",)),
        *marks_changed(leaf, (CLAIMED, FAILED), ()),
    )
    directory.transition(leaf.dn, MODE, leaf.mode, task.order, others)


def finish(directory: Directory, leaf: JobLeaf, now: datetime) -> None:
    """The end: never with state 0, which would start an original daemon again."""
    others = (
        Change("replace", STATE, (timestamp(now).encode(),)),
        date_of(command=False),
        Change("replace", RETURN_VALUE, (b"0",)),
        *marks_changed(leaf, (CLAIMED, FAILED), ()),
    )
    directory.transition(leaf.dn, MODE, leaf.mode, FINISHED, others)


def mend_state(directory: Directory, leaf: JobLeaf, now: datetime) -> None:
    """The write that an original daemon did not come to any more: a timestamp for state 0."""
    directory.transition(leaf.dn, STATE, leaf.state, timestamp(now))


def _refuse_busy(directory: Directory, machine: Commanded) -> None:
    for entry in directory.children(machine.backup_dn):
        if not entry.values(MODE):
            continue
        leaf = job_leaf(entry)
        over = leaf.mode.lower() == FINISHED and not leaf.commanded
        if leaf.name != machine.leaf and (not over or has_failed(leaf)):
            raise Refused(
                f"{machine.title} has an iteration {leaf.name} that is not finished: it says"
                f" {leaf} (last written by {leaf.changed_by or 'an unknown writer'}).",
                "Wait until it is finished, or see what it needs: rekindle machines",
            )


def _refuse_held(
    directory: Directory, machine: Commanded, mark: str, entry: Entry, now: datetime
) -> None:
    words = mark.removeprefix(CONTROL).split()
    other, name = (*words, "", "")[:2]
    if not name or name == machine.leaf:
        theirs = None
    else:
        theirs = read_leaf(directory, machine.dn_of(name))
        if theirs is not None and theirs.mode.lower() == FINISHED:
            return
    set_at = csn_time(entry.entry_csn) or stamp_time(entry.modified_at)
    if theirs is None and set_at is not None and now - set_at > ABANDONED:
        return
    raise Refused(
        f"{machine.title} is being backed up by another control instance: {other or mark}.",
        "Wait until it is finished, or look what it does: rekindle machines",
    )


def _locks(entry: Entry) -> list[str]:
    texts = (value.decode("utf-8", "replace") for value in entry.values(MARKS))
    return [text for text in texts if text.startswith(CONTROL)]


def _lock_mark(machine: Commanded, control: str) -> str:
    return f"{CONTROL} {control} {machine.leaf}"
