"""What else must be known before a restore: machines, power fencing, scope, a live engine. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from config.interviews.hosted_engine.conditions import classic
from config.interviews.hosted_engine.databases import files_left, history_chosen, restores_engine
from config.interviews.hosted_engine.variants import MACHINE, by_hand
from config.questions import Given
from steps.hosted_engine.archive.effects import HOW_TO_STOP_FENCING, fenced_after_start
from steps.hosted_engine.restore.risk import ACCEPT, PREVENT, STOP, Risk
from steps.hosted_engine.restore.survey import RestoreSurvey
from steps.run.text import counted

MOST_NAMED: Final = 6


def other_risks(given: Given, survey: RestoreSurvey) -> Iterator[Risk]:
    """In the order of the screen."""
    yield from _deployed(given, survey)
    yield from _alive(survey)
    if restores_engine(given):
        yield from _left_up(survey)
        yield from _fenced(given, survey)
    yield from _same_storage_name(given, survey)
    if not history_chosen(given) and not files_left(given):
        yield from _history(survey)


def named(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _deployed(given: Given, survey: RestoreSurvey) -> Iterator[Risk]:
    if survey.host.deployed:
        yield Risk(
            "host.deployed",
            "Old deployment",
            "hosts",
            {
                PREVENT: "it is cleaned up before the deployment: its old configuration goes",
                STOP: "stop here: install it anew, or clean it up by hand",
            },
            "Install the host anew, or run ovirt-hosted-engine-cleanup there.",
            now=f"hosted-engine.conf on {given.get('host')} names a machine",
            default=PREVENT,
            note="The tool refuses a host that was deployed. The guide takes one that was installed"
            " anew. After the clean-up there is no way back to the old engine on this host.",
        )


def _alive(survey: RestoreSurvey) -> Iterator[Risk]:
    if survey.host.engine_alive:
        yield Risk(
            "engine.alive",
            "A live engine",
            "engine",
            {
                ACCEPT: "it will be gone before the restored one starts: I see to that",
                STOP: "stop here: shut the old engine's machine down first",
            },
            "Shut the old engine's machine down for good, then look again.",
            backup=survey.inspection.engine_fqdn,
            now=survey.host.engine_alive,
            note="It answers under the name of the backup's engine. Two engines that manage the"
            " same hosts damage machines and storage.",
        )


def _left_up(survey: RestoreSurvey) -> Iterator[Risk]:
    engines = {vm.name for vm in survey.inspection.vms or () if vm.engine_vm}
    left = survey.inspection.left_up_on_old_host or ()
    machines = [
        f"{one.vm} on {one.host} ({one.status_name or 'unknown'})"
        for one in left
        if one.vm not in engines
    ]
    if machines:
        yield Risk(
            "machines.left-up",
            "Machines left up",
            "machines",
            {
                ACCEPT: "the engine believes so until their host is confirmed as rebooted",
                STOP: "stop here: look at these machines and their hosts first",
            },
            "Find out where these machines are; take another backup where there is one.",
            backup=named(machines),
            default=ACCEPT,
            note=f"{counted(len(machines), 'machine')}. A restore sets down only highly available"
            " ones without a lease. On a host that is gone the others turn Unknown, and Down once"
            " it is fenced.",
        )


def _fenced(given: Given, survey: RestoreSurvey) -> Iterator[Risk]:
    inspection = survey.inspection
    hosts = fenced_after_start(inspection.hosts, inspection.clusters) or ()
    if not hosts or not by_hand(given):
        # The newer tool holds the fencing off by itself for a day.
        return
    wait = inspection.disable_fence_at_startup_s
    yield Risk(
        "power.fence",
        "Power fencing",
        "power",
        {
            PREVENT: "held off for a day: DisableFenceAtStartupInSec=86400 before it starts",
            ACCEPT: "let the engine fence them where it cannot reach them",
            STOP: "stop here: cut the engine off from their power management first",
        },
        HOW_TO_STOP_FENCING,
        backup=named(hosts),
        now=f"{wait if wait is not None else 300} s after the engine starts",
        default=PREVENT,
    )


def _same_storage_name(given: Given, survey: RestoreSurvey) -> Iterator[Risk]:
    name = given.get("storage_domain_name")
    if not classic(given) or given.get("variant") == MACHINE or not isinstance(name, str):
        return
    domains = survey.inspection.storage_domains or ()
    same = next((one for one in domains if one.name.casefold() == name.casefold()), None)
    if same is not None:
        yield Risk(
            "storage.name",
            "Storage name",
            "storage",
            {
                ACCEPT: "go on under the same name: the old one stays in the engine",
                STOP: "stop here: give the new storage domain another name",
            },
            "Go back and answer another storage domain name.",
            backup=f"{same.name} at {same.connection or 'unknown'}",
            now=f"{name} at {given.get('storage_connection') or 'the chosen storage'}",
            note="This generation of the tool does not rename the old one.",
        )


def _history(survey: RestoreSurvey) -> Iterator[Risk]:
    inspection = survey.inspection
    if inspection.dwh_present and "dwhdb" not in inspection.scopes:
        yield Risk(
            "scope.dwh",
            "Data Warehouse",
            "scope",
            {
                ACCEPT: "restore without its history",
                STOP: "stop here: take an archive of all scopes",
            },
            "Choose an archive made with --scope=all.",
            backup=f"in use, but the archive holds {', '.join(inspection.scopes)} only",
        )
