"""What a backup remembers about one machine: times of the phases, downtime, the snapshot's moment.

All of it stands in the journal as facts, by machine and leaf.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from steps.procedure import StepContext
from steps.virtual_machine.backup.job import BackupJob

SNAPSHOT = "snapshot"
MERGE = "merge"
RETAIN = "retain"
DELETE = "delete"
DOWNTIME = "downtime"
PHASES = (SNAPSHOT, MERGE, RETAIN)

Recall = Callable[[str], str | None]


def add_seconds(context: StepContext, job: BackupJob, phase: str, seconds: float) -> None:
    """Add to what a phase has taken so far."""
    name = job.key(f"seconds.{phase}")
    context.remember(name, f"{float(context.recall(name) or 0) + seconds:.3f}")


def seconds_of(recall: Recall, job: BackupJob, phase: str) -> float | None:
    """What a phase took, in seconds; None where it was not measured."""
    text = recall(job.key(f"seconds.{phase}"))
    return None if not text else float(text)


def execution_times(recall: Recall, job: BackupJob) -> tuple[str, ...]:
    """Values of sstProvisioningExecutionTime: `snapshot: 4`, `downtime: 3`, in whole seconds."""
    times = ((what, seconds_of(recall, job, what)) for what in (*PHASES, DOWNTIME))
    return tuple(f"{what}: {seconds:.0f}" for what, seconds in times if seconds is not None)


def note_moment(context: StepContext, job: BackupJob, began: float, ended: float) -> None:
    """Remember when the snapshot was taken: between these two, in seconds of the epoch."""
    context.remember(job.key("moment"), json.dumps([round(began, 3), round(ended, 3)]))


def forget_moment(context: StepContext, job: BackupJob) -> None:
    """There is no snapshot, and so no moment of it."""
    context.remember(job.key("moment"), "")


def moment_of(recall: Recall, job: BackupJob) -> float | None:
    """The snapshot's moment, in seconds of the epoch; None where there is none."""
    text = recall(job.key("moment"))
    if not text:
        return None
    _, ended = json.loads(text)
    return float(ended)


def stamp_of(moment: float) -> str:
    """A moment as people read it, in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
