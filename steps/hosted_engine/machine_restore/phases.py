"""The phases on the engine's machine, for a procedure that puts them in its plan. Pure."""

from __future__ import annotations

from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.step_archive import ArchiveBrought, ArchiveFits
from steps.hosted_engine.machine_restore.step_fit import MachineFit, MachineNamed
from steps.hosted_engine.machine_restore.step_reach import MachineReached
from steps.procedure import Phase


def machine_phases(job: MachineRestoreJob) -> tuple[Phase, ...]:
    """Everything that is done there, from the first look on.

    Raises Refused or InvalidInput where the archive cannot be restored as chosen.
    """
    job.command(job.version, "RUN")
    return (
        Phase(
            "machine", "The engine's machine",
            (MachineReached(job), MachineNamed(job), MachineFit(job)),
        ),
        Phase("archive", "The archive", (ArchiveBrought(job), ArchiveFits(job))),
    )  # fmt: skip
