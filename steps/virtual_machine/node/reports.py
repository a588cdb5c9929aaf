"""What a daemon writes to a leaf: claim, success, failure. Each is one guarded modify."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from steps.run.text import one_line
from steps.targets.directory import Change, Directory
from steps.virtual_machine.directory_modes import COMMANDED, MODE, RETURN_VALUE, STATE, timestamp
from steps.virtual_machine.job_leaf import (
    CLAIMED,
    FAILED,
    MARKS,
    TAKEN,
    JobLeaf,
    marks_changed,
    times_changed,
)
from steps.virtual_machine.job_words import SNAPSHOT, Task

MOST_TEXT: Final = 300
"""So much of an error's message stands in the directory; the whole of it is in the daemon's log."""


def claim(directory: Directory, leaf: JobLeaf, task: Task, owner: str, now: datetime) -> None:
    """Take the order: of several daemons one succeeds, the others get Refused.

    The state becomes a timestamp: with 0 an original daemon would read the claim as an order that
    it does not know, and answer it with return value 18.
    """
    mark = f"{CLAIMED} {owner} {secrets.token_hex(4)}"
    others = (
        Change("replace", STATE, (timestamp(now).encode(),)),
        Change("replace", RETURN_VALUE, (b"0",)),
        *marks_changed(leaf, (CLAIMED, FAILED), (mark,)),
    )
    directory.transition(leaf.dn, MODE, leaf.mode, task.doing, others)


def report_done(
    directory: Directory,
    leaf: JobLeaf,
    task: Task,
    now: datetime,
    seconds: Mapping[str, float],
    moment: datetime,
) -> None:
    """Mode, return value, state and times in one modify; Refused where the claim is not ours now.

    `moment` is when a snapshot was taken, by the server's time.
    """
    taken = (f"{TAKEN} {moment.isoformat()}",) if task is SNAPSHOT else ()
    gone = (CLAIMED, FAILED, TAKEN) if task is SNAPSHOT else (CLAIMED, FAILED)
    others = (
        Change("replace", RETURN_VALUE, (b"0",)),
        Change("replace", STATE, (timestamp(now).encode(),)),
        times_changed(leaf, seconds),
        *marks_changed(leaf, gone, taken),
    )
    directory.transition(leaf.dn, MODE, leaf.mode, task.done, others)


def report_failure(directory: Directory, leaf: JobLeaf, code: int, why: str) -> None:
    """As the original shows it: the mode stays, the return value is not 0, the state is 0.

    Why stands in a mark that takes the claim's place: Refused where the claim is not ours now.
    """
    held = next(mark for mark in leaf.marks if mark.startswith(CLAIMED))
    others = (
        Change("replace", RETURN_VALUE, (str(code).encode(),)),
        Change("replace", STATE, (COMMANDED.encode(),)),
    )
    text = f"{FAILED} {held.split()[2]} {one_line(why)[:MOST_TEXT]}"
    directory.transition(leaf.dn, MARKS, held, text, others)
