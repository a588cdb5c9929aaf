"""The phases on the engine's machine, for a procedure that puts them in its plan. Pure."""

from __future__ import annotations

from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.step_access import ServerOpen
from steps.hosted_engine.machine_restore.step_archive import ArchiveBrought, ArchiveFits
from steps.hosted_engine.machine_restore.step_database import DatabaseMade
from steps.hosted_engine.machine_restore.step_engine_up import EngineUp, MachineTidied
from steps.hosted_engine.machine_restore.step_fence import FenceHeldOff, FencePutBack
from steps.hosted_engine.machine_restore.step_firewall import FirewallOpen
from steps.hosted_engine.machine_restore.step_fit import MachineFit, MachineNamed
from steps.hosted_engine.machine_restore.step_prove_database import DatabaseProved
from steps.hosted_engine.machine_restore.step_reach import MachineReached
from steps.hosted_engine.machine_restore.step_restore import BackupRestored
from steps.hosted_engine.machine_restore.step_server import ServerReady
from steps.hosted_engine.machine_restore.step_setup import SetupFollowed, SetupStarted
from steps.hosted_engine.machine_restore.step_stop import EngineStopped
from steps.procedure import Phase, Step


def machine_phases(job: MachineRestoreJob) -> tuple[Phase, ...]:
    """Everything that is done there, from the first look on until the engine is up.

    Raises Refused or InvalidInput where the archive cannot be restored as chosen.
    """
    job.command(job.version, "RUN")
    databases = _database_steps(job)
    return (
        Phase(
            "machine", "The engine's machine",
            (MachineReached(job), MachineNamed(job), MachineFit(job)),
        ),
        Phase("archive", "The archive", (ArchiveBrought(job), ArchiveFits(job))),
        *(() if job.restores_files else (Phase("stop", "Stop the engine", (EngineStopped(job),)),)),
        *((Phase("databases", "Databases", databases),) if databases else ()),
        Phase("restore", "Restore", (BackupRestored(job),), safe_point=False),
        Phase(
            "set-up", "Set the engine up",
            (*((FenceHeldOff(job),) if job.fence_delay else ()),
             SetupStarted(job), SetupFollowed(job), EngineUp(job)),
        ),
    )  # fmt: skip


def put_back_phase(job: MachineRestoreJob) -> Phase:
    """What comes last of all, once the hosts are seen to: after `recovery_phases`."""
    fence = (FencePutBack(job),) if job.fence_delay else ()
    return Phase("put-back", "Put back and tidy up", (*fence, MachineTidied(job)))


def _database_steps(job: MachineRestoreJob) -> tuple[Step, ...]:
    """Nothing where engine-backup makes them. Servers first, then their databases, then proofs."""
    servers = tuple(dict.fromkeys(place.server for place in job.manual_places if place.server))
    steps: list[Step] = []
    for server in servers:
        there = [place for place in job.manual_places if place.server == server]
        steps.append(ServerReady(job, server))
        steps += [DatabaseMade(job, place) for place in there]
        steps.append(ServerOpen(job, server))
        if any(not place.is_local for place in there):
            steps.append(FirewallOpen(job, server))
    return (*steps, *(DatabaseProved(job, place) for place in job.manual_places))
