"""A machine that is off for a moment: saved, and restored paused, looked at, and let run again.

The rule: a memory state is restored only onto disks on which no guest has run since it was saved.
So `ran` is remembered before the guest is let run, and a state that was used is removed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from config.errors import Refused, RekindleError, StepFailed
from steps.virtual_machine.backup.work import Work

AROUND = "around"
"""Fact: the machine is saved for a moment, and must come back."""


def restore_and_resume(work: Work, state: str, *, run: bool, look: Callable[[], str]) -> None:
    """Restore paused, `look` at it, then resume where it ran.

    `look` says what is wrong with the disks, in words. Raises StepFailed, and then no guest has
    run: a machine that stands wrong is ended again.
    """
    name, hypervisor = work.job.machine, work.hypervisor
    if not work.is_active():
        hypervisor.restore_paused(state, work.state_xml(state))
    problem = look()
    if problem:
        hypervisor.destroy(name)
        raise StepFailed(
            f"{work.job.title} was restored on the wrong disks: {problem}.",
            "It was ended before it could write to them.",
            seen=problem,
        )
    if run:
        hypervisor.resume(name)


def away(work: Work, meanwhile: Callable[[], None]) -> None:
    """Save a paused machine, do something to its images, restore it paused.

    Goes on where an earlier try ended. Whatever `meanwhile` raises, the machine is back first.
    """
    state = work.job.retained(f"{work.job.machine}.around")
    hypervisor, name = work.hypervisor, work.job.machine
    if work.is_active():
        work.shell.remove(state)
        work.remember(AROUND, "saving")
        hypervisor.save(name, state)
    elif not (work.recall(AROUND) and work.has_state(state)):
        raise Refused(f"{work.job.title} is off meanwhile.", "Try again: it is looked at anew.")
    trouble: RekindleError | None = None
    try:
        meanwhile()
    except RekindleError as error:
        trouble = error
    restore_and_resume(work, state, run=False, look=lambda: "")
    work.shell.remove(state)
    work.remember(AROUND, "")
    if trouble is not None:
        raise trouble


def come_back(work: Work) -> None:
    """Bring a machine back that an earlier try left saved for a moment."""
    if work.recall(AROUND):
        away(work, lambda: None)


def since(moment: str) -> float:
    """Seconds since a remembered moment of the epoch."""
    return max(time.time() - float(moment), 0.0)
