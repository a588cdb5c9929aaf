"""The hosts of the backup that the new host would clash with, each as a row. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine.conditions import ansible
from config.questions import Given
from steps.conflicts import Decision
from steps.hosted_engine.archive.engine_model import Host
from steps.hosted_engine.archive.newcomer import CHOICES, Conflict
from steps.hosted_engine.restore.risk import RENAME, STOP, USE, Risk
from steps.hosted_engine.restore.survey import RestoreSurvey

_WORDS: Final = {
    "name": "the same name in the portal",
    "fqdn": "the same full name",
    "ip": "the same address",
    "hw_uuid": "the same hardware",
}


def host_risks(given: Given, survey: RestoreSurvey) -> Iterator[Risk]:
    """A row for each clash; none where nothing is deployed."""
    hosts = {host.id: host for host in survey.inspection.hosts or ()}
    for row, conflict in rows_of_hosts(survey).items():
        yield _risk(row, conflict, hosts[conflict.host_id], given, survey)


def rows_of_hosts(survey: RestoreSurvey) -> Mapping[str, Conflict]:
    """The clashes by their row: called after the host, and its id where two share a name."""
    found = survey.inspection.conflicts or ()
    names = Counter(conflict.host.casefold() for conflict in found)
    return {
        f"host.{one.host}"
        if names[one.host.casefold()] == 1
        else f"host.{one.host}.{one.host_id}": one
        for one in found
    }


def _risk(row: str, conflict: Conflict, host: Host, given: Given, survey: RestoreSurvey) -> Risk:
    return Risk(
        id=row,
        title=f"Host {conflict.host}",
        group="hosts",
        words=_choices(conflict, given),
        refused=_refused(conflict, host),
        default=USE,
        settle=_settle(conflict),
        backup=_described(host),
        now=_newcomer(survey, conflict),
        note=_note(conflict, given),
        hint="another name for this host in the portal",
        check=_free_name(survey),
    )


def _choices(conflict: Conflict, given: Given) -> Mapping[Decision, str]:
    removed = "removed from the restored engine before the deployment goes on"
    if ansible(given):
        removed = f"deployed again under the name {conflict.host}, so that the tool removes the old"
    choices = {USE: f"it is the failover host: {removed}"}
    if "name" in conflict.matches:
        choices[RENAME] = CHOICES["rename"]
    return choices | {STOP: _settle(conflict)}


def _refused(conflict: Conflict, host: Host) -> Mapping[Decision, str]:
    refused: dict[Decision, str] = {}
    if "use-failover-host" not in conflict.choices:
        refused[USE] = _not_ready(host)
    others = [_WORDS[match] for match in conflict.matches if match != "name"]
    if others and "name" in conflict.matches:
        refused[RENAME] = f"another name alone does not help: it has {', '.join(others)} as well"
    return refused


def _not_ready(host: Host) -> str:
    """Why the host was no failover host when the backup was made."""
    if host.he_configured is False:
        return "it was no hosted-engine host"
    if host.status_name != "Maintenance":
        return (
            f"it was {host.status_name} at the backup, not in maintenance: the engine would go on"
            " with what it thinks runs there"
        )
    counts = f"{host.vms} machines, {host.vms_migrating_in} migrating in"
    return f"it was in maintenance, but not certainly empty ({counts})"


def _settle(conflict: Conflict) -> str:
    ways = [CHOICES[c] for c in conflict.choices if c in ("other-address", "other-hardware")]
    if "name" in conflict.matches and not ways:
        ways = ["choose another host, or another name for it"]
    return f"stop here: {'; or '.join(ways)}"


def _described(host: Host) -> str:
    parts = (host.name, host.address, host.management_ipv4, host.hardware_uuid, host.status_name)
    return ", ".join(dict.fromkeys(part for part in parts if part))


def _newcomer(survey: RestoreSurvey, conflict: Conflict) -> str:
    return f"{survey.host.fqdn}: {', '.join(_WORDS[match] for match in conflict.matches)}"


def _note(conflict: Conflict, given: Given) -> str:
    if conflict.missed_by_tool and ansible(given):
        return (
            "The tool itself would miss this: it compares the portal's name and the hardware"
            " identity as written only, and adding the host would fail late."
        )
    if not ansible(given):
        return "The tool checks nothing of this: adding the host would fail late."
    return ""


def _free_name(survey: RestoreSurvey) -> Callable[[str], None]:
    taken = {host.name.casefold() for host in survey.inspection.hosts or ()}

    def check(value: str) -> None:
        if not value.strip() or not value.isprintable():
            raise InvalidInput("A name is needed.", "Type one.")
        if value.strip().casefold() in taken:
            raise InvalidInput(f"The backup has a host {value!r} too.", "Type another name.")

    return check
