"""The phases of a recovery, for the plan of a restore."""

from __future__ import annotations

from steps.hosted_engine.recovery.recovery_job import RecoveryJob
from steps.hosted_engine.recovery.step_dead_engine import RemoveDeadEngine
from steps.hosted_engine.recovery.step_engine_machine import (
    EngineAnswersAgain,
    EngineGoodAgain,
    HighAvailability,
    ShutDownEngineMachine,
)
from steps.hosted_engine.recovery.step_host import ActivateHost, HostInEngine, MaintainHost
from steps.hosted_engine.recovery.step_machines import MachinesDown
from steps.hosted_engine.recovery.step_make_way import RemoveFailoverHost
from steps.hosted_engine.recovery.step_rebooted import ConfirmRebooted
from steps.hosted_engine.recovery.step_storage import StorageUp
from steps.hosted_engine.recovery.step_trust import TrustEngine
from steps.procedure import Phase


def make_way_phase(job: RecoveryJob) -> Phase:
    """While the deployment waits: trust the restored engine, remove what is in the host's way."""
    carrier = job.deploy.host.name
    removals = (RemoveFailoverHost(carrier, host, job.limits) for host in job.in_the_way)
    return Phase("make-way", "Make way for the host", (TrustEngine(job), *removals))


def hand_over_phase(job: RecoveryJob) -> Phase:
    """While the tool waits for it: the engine's machine goes down, to be started as a service."""
    return Phase("hand-over", "Hand the engine's machine over", (ShutDownEngineMachine(job),))


def recovery_phases(job: RecoveryJob) -> tuple[Phase, ...]:
    """Everything after the restored engine was set up.

    The first is `hand_over_phase`: a tool that waits for the machine to go down is followed to its
    end between that and the others. Where it has seen the machine down already, it is done.
    """
    settle = (HighAvailability(job), EngineGoodAgain(job), EngineAnswersAgain(job))
    host = (HostInEngine(job), MaintainHost(job), ActivateHost(job), StorageUp(job))
    fence = tuple(ConfirmRebooted(job.deploy.host.name, host, job.limits) for host in job.others)
    machines = (MachinesDown(job), RemoveDeadEngine(job))
    return (
        hand_over_phase(job),
        Phase("settle", "The engine as a highly available machine", settle),
        Phase("host", "Bring the host into service", host),
        *((Phase("fence", "Hosts that do not answer", fence),) if fence else ()),
        Phase("machines", "Machines that can be started again", machines),
    )
