"""Which iterations go once the new one is complete. Pure."""

from __future__ import annotations

from dataclasses import replace

from steps.virtual_machine.backup.job import BackupJob
from steps.virtual_machine.backup.look import MachineLook, OldBackup
from steps.virtual_machine.places import set_place


def superseded(look: MachineLook) -> tuple[OldBackup, ...]:
    """The oldest complete iterations beyond the plan's number, the new one counted, oldest first.

    Incomplete and damaged ones count for nothing and are left alone: somebody must look at them,
    and no sound one goes for them.
    """
    whole = sorted((old for old in look.backups if not old.short), key=lambda old: old.leaf)
    return tuple(whole[: max(len(whole) + 1 - look.plan.iterations, 0)])


def removal_of(job: BackupJob, old: OldBackup) -> BackupJob:
    """The job whose leaf is the iteration to remove."""
    plan = job.plan
    place = set_place(job.machine, old.leaf, old.storage, plan.backup_root, plan.retain_root)
    parent_dn = job.leaf_dn.partition(",")[2]
    return replace(job, place=place, leaf_dn=f"ou={old.leaf},{parent_dn}")
