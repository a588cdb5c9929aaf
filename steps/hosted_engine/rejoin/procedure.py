"""The procedure that takes hosts out of a restored engine and adds them again."""

from __future__ import annotations

from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine_rejoin import REJOIN
from config.questions import Given
from config.site import Site
from steps.conflicts import Resolutions
from steps.hosted_engine.recovery.step_rebooted import ConfirmRebooted
from steps.hosted_engine.recovery.step_remove import RemoveHost
from steps.hosted_engine.rejoin.look import list_carriers, list_hosts, survey
from steps.hosted_engine.rejoin.rejoin_job import (
    RejoinHost,
    RejoinJob,
    enters_by_password,
    hosts_from_data,
)
from steps.hosted_engine.rejoin.step_add import AddHost, TakePart
from steps.hosted_engine.rejoin.step_configuration import FreeHost
from steps.hosted_engine.rejoin.step_key import LetEngineIn, TakeKeysAway
from steps.hosted_engine.rejoin.step_metadata import ForgetHost
from steps.hosted_engine.rejoin.step_passwords import AskPasswords
from steps.hosted_engine.rejoin.step_reach import ReachHost
from steps.procedure import Phase, Plan, Procedure, Survey
from steps.targets.engine_facts import SSH_PORT

NAME: Final = "hosted_engine.rejoin"
_SECONDS: Final = 900.0
"""What one host usually takes: it is installed."""


def plan(site: Site, given: Given, _resolutions: Resolutions, survey: Survey) -> Plan:
    """The plan for the hosts of the survey. Raises InvalidInput for a site without an engine."""
    return rejoin_plan(rejoin_job(site, given, survey))


def rejoin_plan(job: RejoinJob) -> Plan:
    """One host after another; what fails at one leaves the others."""
    keys = () if job.by_password else (Phase("keys", "Tidy up", (TakeKeysAway(job),)),)
    own = job.by_password and not job.same_password
    asking = (Phase("passwords", "Passwords", (AskPasswords(job),)),) if own else ()
    names = ", ".join(host.name for host in job.hosts)
    return Plan(
        procedure=NAME,
        object=names,
        verb="Add again",
        phases=(*asking, *(phase for host in job.hosts for phase in _phases(job, host)), *keys),
        settings=(
            *((host.name, _seen(host)) for host in job.hosts),
            ("Looked from", job.looked_from.name),
            ("The engine enters", _entrance(job)),
        ),
        estimate_seconds=_SECONDS * len(job.hosts),
        confirm_by_typing=job.hosts[0].name,
    )


def _seen(host: RejoinHost) -> str:
    port = "" if host.ssh_port == SSH_PORT else f"; SSH at port {host.ssh_port}"
    return f"{host.seen}{port}"


def _entrance(job: RejoinJob) -> str:
    if not job.by_password:
        return "by its key"
    return "by the password of root" + ("" if job.same_password else ", each host's own")


def _phases(job: RejoinJob, host: RejoinHost) -> tuple[Phase, ...]:
    where, old = job.looked_from.name, host.old
    inside = {"lane": host.name, "inside": host.site_name}
    out = (
        ReachHost(job, host),
        ConfirmRebooted(where, old, job.limits, **inside),
        RemoveHost(where, old, job.limits, **inside),
    )
    entrance = () if job.by_password else (LetEngineIn(job, host),)
    again = (
        FreeHost(job, host), ForgetHost(job, host), *entrance, AddHost(job, host),
        TakePart(job, host),
    )  # fmt: skip
    return (
        Phase(f"out.{host.name}", f"Take {host.name} out", out),
        Phase(f"again.{host.name}", f"Add {host.name} again", again),
    )


def rejoin_job(site: Site, given: Given, survey: Survey) -> RejoinJob:
    """What is to be done, out of the answers and the survey. Raises InvalidInput."""
    carrier = site.engine_host(str(given.get("looked_from", "")))
    hosts = hosts_from_data(survey.get("hosts"))
    if site.engine is None or carrier is None or not hosts:
        raise InvalidInput(
            f"The site {site.name} needs an engine and the host that is looked from, and a host"
            " must be chosen.",
            "Add `engine:` and `engine_hosts:` to the site file: rekindle site --example.",
        )
    if any(host.site_name.lower() == carrier.name.lower() for host in hosts):
        raise InvalidInput(
            f"{carrier.name} is to be looked from and to be taken out.", "Choose another one."
        )
    same = given.get("same_password") is not False
    return RejoinJob(site.engine, carrier, hosts, enters_by_password(given), same)


PROCEDURE = Procedure(
    name=NAME,
    system="Self-hosted engine (oVirt)",
    title="Add hosts again",
    description="Takes hosts that a restored engine does not get into service out of it, clears"
    " their old configuration, and adds them again with hosted-engine deployment, one by one.",
    needs="an engine that is up, and SSH to the hosts",
    undo="host by host, until the host is removed from the engine",
    interview=REJOIN,
    probes={"hosts": list_hosts, "carriers": list_carriers},
    survey=survey,
    plan=plan,
    about=("hosts",),
)
