"""The plan of a restore: the phases of each variant in the guide's order. Pure."""

from __future__ import annotations

from typing import Final

from config.answers import show_value
from config.interviews.hosted_engine.databases import QUESTIONS, restores_engine
from config.interviews.hosted_engine.preview import settings as deploy_settings
from config.interviews.hosted_engine.variants import MACHINE
from config.interviews.hosted_engine_restore import RESTORE
from config.questions import Given, Kind, Question
from config.site import Site
from steps.conflicts import Resolutions
from steps.hosted_engine.deploy_job import DeployJob
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.phases import machine_phases, put_back_phase
from steps.hosted_engine.recovery.phases import make_way_phase, recovery_phases
from steps.hosted_engine.recovery.recovery_job import RecoveryJob
from steps.hosted_engine.recovery.step_trust import TrustEngine
from steps.hosted_engine.restore.restore_job import RestoreJob, restore_job
from steps.hosted_engine.restore.step_found import PredictedAndFound
from steps.hosted_engine.restore.step_host_archive import (
    ArchiveUnchanged,
    HostArchive,
    RemoveHostArchive,
)
from steps.hosted_engine.restore.step_host_clean import HostCleaned
from steps.hosted_engine.restore.survey import RestoreSurvey
from steps.hosted_engine.step_hold import ContinueTool, FollowToEnd, HoldAtMenu
from steps.hosted_engine.step_prove import CheckHost, EngineAnswers, EngineStatusGood, TidyUp
from steps.hosted_engine.step_tool import FollowTool, StartTool
from steps.procedure import Phase, Plan, Step, Survey

NAME: Final = "hosted_engine.restore"
_ESTIMATES: Final = {"machine": 45 * 60.0, "classic": 5 * 3600.0, "4.5": 2 * 3600.0}
"""What a restore of each kind usually takes, in seconds."""


def restore_plan(site: Site, given: Given, resolutions: Resolutions, survey: Survey) -> Plan:
    """The plan. Raises InvalidInput or Refused where one of its parts cannot be made."""
    seen = RestoreSurvey.from_json(survey)
    job = restore_job(site, given, resolutions, seen)
    where = job.deploy.host.name if job.deploy else _machine(job).machine.name
    kind = "machine" if job.deploy is None else str(given.get("era"))
    return Plan(
        procedure=NAME,
        object=f"{seen.inspection.engine_fqdn or 'the engine'} onto {where}",
        verb="Restore",
        phases=_phases(job),
        settings=_settings(given, job),
        estimate_seconds=_ESTIMATES.get(kind),
        confirm_by_typing=where,
    )


def _phases(job: RestoreJob) -> tuple[Phase, ...]:
    if job.deploy is None:
        return _onto_machine(job, job.recovery)
    if job.is_classic:
        return _classic(job, job.deploy, job.recovery)
    return _ansible(job, job.deploy, job.recovery)


def _onto_machine(job: RestoreJob, recovery: RecoveryJob) -> tuple[Phase, ...]:
    """Nothing is deployed: hosts that live are found again, lost ones are asked about.

    Where the engine's own database stays, it knows no other hosts and machines than before.
    """
    if not restores_engine(job.given):
        return (
            Phase("same", "The archive as it was looked at", (_unchanged(job),)),
            *machine_phases(_machine(job)),
            put_back_phase(_machine(job)),
        )
    later = {phase.name: phase for phase in recovery_phases(recovery)}
    return (
        Phase("same", "The archive as it was looked at", (_unchanged(job),)),
        *machine_phases(_machine(job)),
        Phase("trust", "The restored engine", (TrustEngine(recovery),)),
        *(later[name] for name in ("fence", "machines") if name in later),
        Phase("found", "Predicted and found", (_found(job, recovery),)),
        put_back_phase(_machine(job)),
    )


def _classic(job: RestoreJob, deploy: DeployJob, recovery: RecoveryJob) -> tuple[Phase, ...]:
    """The tool in three parts: to its menu, through the time-out, to its end."""
    hand_over, *afterwards = recovery_phases(recovery)
    return (
        Phase("check", "Check", (_unchanged(job), *_host(job, deploy))),
        Phase("deploy", "Deploy an empty machine", (StartTool(deploy), HoldAtMenu(deploy))),
        *machine_phases(_machine(job)),
        make_way_phase(recovery),
        Phase("synchronise", "Synchronise host and engine", (ContinueTool(deploy),)),
        hand_over,
        Phase("end", "The tool's end", (FollowToEnd(deploy),)),
        *afterwards,
        Phase("found", "Predicted and found", (_found(job, recovery),)),
        put_back_phase(_machine(job)),
        Phase("tidy", "Tidy up", (TidyUp(deploy),)),
    )


def _ansible(job: RestoreJob, deploy: DeployJob, recovery: RecoveryJob) -> tuple[Phase, ...]:
    """The tool restores the archive itself; what the guide does by hand afterwards follows."""
    _hand_over, _settle, *afterwards = recovery_phases(recovery)
    return (
        Phase("archive", "The archive", (_unchanged(job), HostArchive(job))),
        Phase("check", "Check", _host(job, deploy)),
        Phase("deploy", "Deploy and restore", (StartTool(deploy), FollowTool(deploy))),
        Phase(
            "prove", "Prove",
            (EngineStatusGood(deploy), EngineAnswers(deploy), TrustEngine(recovery)),
        ),
        *afterwards,
        Phase("found", "Predicted and found", (_found(job, recovery),)),
        Phase("tidy", "Tidy up", (TidyUp(deploy), RemoveHostArchive(job))),
    )  # fmt: skip


def _host(job: RestoreJob, deploy: DeployJob) -> tuple[Step, ...]:
    return (*((HostCleaned(deploy),) if job.cleans_host else ()), CheckHost(deploy))


def _machine(job: RestoreJob) -> MachineRestoreJob:
    assert job.machine is not None
    return job.machine


def _unchanged(job: RestoreJob) -> ArchiveUnchanged:
    return ArchiveUnchanged(job.survey.place, job.survey.sha256)


def _found(job: RestoreJob, recovery: RecoveryJob) -> PredictedAndFound:
    return PredictedAndFound(job.survey.inspection, tuple(host.id for host in recovery.in_the_way))


def _decided(given: Given, job: RestoreJob) -> Given:
    """The answers with the host's name as the conflicts were settled."""
    return {**given, "host_name": job.recovery.host_name}


def _settings(given: Given, job: RestoreJob) -> tuple[tuple[str, str], ...]:
    """The archive, our own answers, then what the deployment shows of its own."""
    survey, inspection = job.survey, job.survey.inspection
    archive = (
        ("Backup", str(survey.place)),
        ("Made", f"{inspection.backup_time or 'unknown'}, engine {inspection.version}"),
        ("SHA-256", survey.sha256),
    )
    ours = tuple(
        (question.title, _shown(question, given))
        for question in RESTORE.asked(given)
        if question.name in _OURS and given.get(question.name) not in (None, "", ())
    )
    if given.get("variant") == MACHINE:
        return (*archive, *ours)
    return (*archive, *ours, *deploy_settings(_decided(given, job)))


def _shown(question: Question, given: Given) -> str:
    """The answer as its page calls it."""
    value = given[question.name]
    labels = {choice.value: choice.label for choice in question.choices_for(given)}
    return labels.get(str(value), show_value(value))


_OURS: Final = (
    "variant", *(question.name for question in QUESTIONS if question.kind is not Kind.SECRET),
    "renew_certificates", "old_hosts", "recovery_target",
)  # fmt: skip
