"""The plan of a deployment, from a job. Pure."""

from __future__ import annotations

from typing import Final

from steps.hosted_engine.deploy_job import CLASSIC_ERA, DeployJob
from steps.hosted_engine.step_prove import CheckHost, EngineAnswers, EngineStatusGood, TidyUp
from steps.hosted_engine.step_tool import FollowTool, StartTool
from steps.procedure import Phase, Plan

NAME: Final = "hosted_engine.deploy"
_ESTIMATE: Final = {CLASSIC_ERA: 3 * 3600.0}
_USUAL_ESTIMATE: Final = 75 * 60.0


def deploy_plan(job: DeployJob, settings: tuple[tuple[str, str], ...] = ()) -> Plan:
    """Check, start, follow, prove, tidy up."""
    return Plan(
        procedure=NAME,
        object=f"{job.fqdn or 'the engine'} on {job.host.name}",
        verb="Deploy",
        phases=(
            Phase("check", "Check", (CheckHost(job),)),
            Phase("deploy", "Deploy", (StartTool(job), FollowTool(job))),
            Phase("prove", "Prove", (EngineStatusGood(job), EngineAnswers(job))),
            Phase("tidy", "Tidy up", (TidyUp(job),)),
        ),
        settings=settings,
        estimate_seconds=_ESTIMATE.get(job.era, _USUAL_ESTIMATE),
        confirm_by_typing=job.host.name,
    )
