"""The phases of a backup that the nodes' daemons carry out."""

from __future__ import annotations

from typing import Final

from steps.procedure import Phase, Step
from steps.virtual_machine.coordination.removal import RemoveIteration
from steps.virtual_machine.coordination.step_spread import NoteSpread
from steps.virtual_machine.coordination.steps import (
    Await,
    CommandedJob,
    Finish,
    GiveOrder,
    Initialize,
)
from steps.virtual_machine.job_words import MERGE, RETAIN, SNAPSHOT, Task

WRITES_AT_ONCE: Final = 8
WAITS_AT_ONCE: Final = 64
"""Waiting costs a sleeping thread; more machines wait behind, their orders are given already."""


def commanded_phases(job: CommandedJob) -> tuple[Phase, ...]:
    """Every machine is initialized, then snapshotted, then merged, then retained, then finished.

    The orders of a task are all written before any of them is waited for: how many run at once is
    the daemons' affair, and the snapshots come as close together as they can.
    """
    initialized = tuple(Initialize(job, machine) for machine in job.machines)
    finished = tuple(Finish(job, machine) for machine in job.machines)
    removed = tuple(RemoveIteration(job, m, old) for m in job.machines for old in m.superseded)
    return (
        Phase("initialize", "Initialize", initialized, at_once=WRITES_AT_ONCE),
        *_task(job, SNAPSHOT),
        *_task(job, MERGE),
        *_task(job, RETAIN),
        Phase("finish", "Finish", (*finished, *removed), at_once=WRITES_AT_ONCE),
    )


def _task(job: CommandedJob, task: Task) -> tuple[Phase, Phase]:
    orders: tuple[Step, ...] = tuple(GiveOrder(job, machine, task) for machine in job.machines)
    waits: tuple[Step, ...] = tuple(Await(job, machine, task) for machine in job.machines)
    measured: tuple[Step, ...] = (NoteSpread(job),) if task is SNAPSHOT else ()
    word = task.order.capitalize()
    return (
        Phase(
            f"{task.order}-orders",
            f"Order: {word}",
            orders,
            safe_point=False,
            at_once=WRITES_AT_ONCE,
        ),
        Phase(
            task.order,
            word,
            (*waits, *measured),
            safe_point=task is not SNAPSHOT,
            at_once=min(len(waits), WAITS_AT_ONCE) or 1,
        ),
    )
