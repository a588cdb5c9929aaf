"""The step lists of one job, without the modes of its leaf: what plan and node daemon are made of.

Each step's lane is the machine. Who calls these takes the leaf from mode to mode around them.
"""

from __future__ import annotations

from steps.procedure import Step
from steps.virtual_machine.backup.facts import execution_times
from steps.virtual_machine.backup.job import BackupJob
from steps.virtual_machine.backup.step_delete import DeleteIteration
from steps.virtual_machine.backup.step_merge import MergeDisk
from steps.virtual_machine.backup.step_prepare import CheckMachine
from steps.virtual_machine.backup.step_retain import (
    CloseRetain,
    OpenSet,
    ProveSet,
    RetainFile,
    set_files,
)
from steps.virtual_machine.backup.step_snapshot import KeepDocuments, MoveState, TakeSnapshot
from steps.virtual_machine.return_values import return_code

__all__ = [
    "BackupJob",
    "delete_steps",
    "execution_times",
    "merge_steps",
    "prepare_steps",
    "retain_steps",
    "return_code",
    "snapshot_steps",
]


def prepare_steps(job: BackupJob) -> tuple[Step, ...]:
    """What is looked at before anything is touched."""
    return (CheckMachine(job),)


def snapshot_steps(job: BackupJob) -> tuple[Step, ...]:
    """Everything of one moment into retain; the machine runs on."""
    moved = (MoveState(job),) if job.has_memory and job.ram_disk else ()
    return (KeepDocuments(job), TakeSnapshot(job), *moved)


def merge_steps(job: BackupJob) -> tuple[Step, ...]:
    """One image a disk again."""
    return tuple(MergeDisk(job, disk) for disk in job.disks)


def retain_steps(job: BackupJob) -> tuple[Step, ...]:
    """From retain to the backup, proved, with manifest."""
    files = (RetainFile(job, file) for file in set_files(job))
    return (OpenSet(job), *files, ProveSet(job), CloseRetain(job))


def delete_steps(job: BackupJob) -> tuple[Step, ...]:
    """Remove the iteration that the job's leaf names."""
    return (DeleteIteration(job),)
