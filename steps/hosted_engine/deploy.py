"""The procedure that deploys a self-hosted engine on one host."""

from __future__ import annotations

from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine.conf_export import export_conf
from config.interviews.hosted_engine.interview import DEPLOY
from config.interviews.hosted_engine.preview import settings
from config.otopi.conf import format_entries
from config.questions import Given
from config.site import EngineHost, Site
from steps.conflicts import Resolutions
from steps.hosted_engine.deploy_job import DeployJob
from steps.hosted_engine.deploy_plan import NAME, deploy_plan
from steps.hosted_engine.interview_answers import InterviewAnswers
from steps.hosted_engine.known_answers import KnownAnswers
from steps.hosted_engine.known_from_engine import known_from_engine
from steps.hosted_engine.probes import deploy_probes
from steps.procedure import Plan, ProbeInput, Procedure, Survey

ASKED_FOR_REAL: Final = ("OVEHOSTED_CORE/deployProceed", "OVEHOSTED_CORE/confirmSettings")
"""Keys that stay out of the file: the tool waits at these questions before it changes anything."""

_FIXED: Final = ("host", "era", "build")


def plan(site: Site, given: Given, _resolutions: Resolutions, _survey: Survey) -> Plan:
    """The plan of this deployment. Raises InvalidInput for a host that the site does not name."""
    return deploy_plan(deploy_job(site, given), tuple(settings(given)))


def deploy_job(site: Site, given: Given) -> DeployJob:
    """What the steps need to know."""
    era = str(given.get("era"))
    return DeployJob(
        site_name=site.name,
        host=_host(site, str(given.get("host", ""))),
        era=era,
        fqdn=str(given.get("fqdn", "")),
        answer_file=answer_file(given, era),
        known=lambda context: InterviewAnswers(context, KnownAnswers(given, era)),
        restores=bool(given.get("backup_file")),
        depends_on=tuple(name for name in DEPLOY.names if name in given and name not in _FIXED),
    )


def answer_file(given: Given, era: str) -> str:
    """The file that the tool is started with, without passwords."""
    entries = export_conf(given, era).entries
    return format_entries([entry for entry in entries if entry.key not in ASKED_FOR_REAL])


def _host(site: Site, name: str) -> EngineHost:
    host = site.engine_host(name)
    if host is None:
        known = ", ".join(host.name for host in site.engine_hosts) or "none"
        raise InvalidInput(
            f"The site {site.name} has no engine host {name!r}; it has {known}.",
            "Add it to `engine_hosts:` in the site file.",
        )
    return host


def survey(_looked_at: ProbeInput) -> Survey:
    """Nothing is frozen beforehand: the questions' own probes and the first step look."""
    return {}


PROCEDURE = Procedure(
    name=NAME,
    system="Self-hosted engine (oVirt)",
    title="Deploy",
    description="Asks everything that hosted-engine --deploy asks, with checks and a way back, then"
    " drives the tool on the host to its end.",
    needs="a host with ovirt-hosted-engine-setup",
    undo="until the tool's first question is answered",
    drills=("deploy-4.5", "deploy-classic"),
    interview=DEPLOY,
    probes=deploy_probes(find_engine=known_from_engine),
    survey=survey,
    plan=plan,
)
