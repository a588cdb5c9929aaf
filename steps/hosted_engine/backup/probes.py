"""What the interview of a backup looks up while it asks. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from config.errors import RekindleError, StepFailed
from config.interviews.hosted_engine_backup import BEST, DEFAULT, PLAIN, SMALL, WITHOUT
from config.questions import Choice, Finding
from steps.hosted_engine.archive.version import Version
from steps.hosted_engine.backup.engine_backup import chooses_format, offered_scopes
from steps.hosted_engine.backup.failover import Candidate, best, disagreements
from steps.hosted_engine.backup.kept import kept_backups, of_engine
from steps.hosted_engine.backup.look import Seen, look_at_hosts
from steps.hosted_engine.backup.nightly.standing import STALE
from steps.hosted_engine.backup.record import moment_of
from steps.hosted_engine.backup.step_space import Place, on_machine, rooms
from steps.hosted_engine.backup.survey import (
    backup_server,
    engine_machine,
    engine_name,
    parsed,
    room_needed,
    version_of,
)
from steps.hosted_engine.probes.look import found, ok, warn, wrong
from steps.hosted_engine.rehearsal.programs import installed_programs
from steps.procedure import Probe, Probed, ProbeInput
from steps.targets.shell import Shell, nearest_parent

_LOST = "a restore onto any of today's hosts is not possible from such a backup"
_WITHOUT = Choice(WITHOUT, "None: back up without maintenance", "a restore needs new hardware")
_VERIFY_FAILS: Final = (4, 5)
_ABLE: Final = r"""
[ "$(id -u)" = 0 ] || echo "not root: $(id -un)"
command -v engine-backup >/dev/null 2>&1 || echo "no engine-backup"
exit 0
"""
_WRITABLE: Final = r"""
[ -w "$1" ] || echo "may not write there"
command -v sha256sum >/dev/null 2>&1 || echo "no sha256sum"
exit 0
"""


def list_hosts(probe: ProbeInput) -> Probed:
    """Every host of the engine with its state, what runs on it and its score; the best suggested.

    Where engine or agents do not answer, a backup without maintenance can be chosen all the same.
    """
    try:
        seen = look_at_hosts(probe.targets, probe.site.engine_hosts)
    except RekindleError as error:
        return Probed((wrong(error.message, error.remedy),), (_WITHOUT,))
    hosts = seen.candidates
    choices = tuple(Choice(one.name, one.name, one.words, one.refused) for one in hosts)
    first = best(hosts)
    auto = Choice(
        BEST, "The best one at the time", "for every night", "" if first else _none(hosts)
    )
    return Probed(tuple(_about(seen)), (*choices, auto, _WITHOUT), first.name if first else None)


def _about(seen: Seen) -> Iterator[Finding]:
    carrying = next((one for one in seen.candidates if one.carries_engine), None)
    on = carrying.name if carrying else "no host"
    yield ok(f"the engine's machine is on {on}, as --vm-status on {seen.told_by} tells")
    for silent in seen.silent:
        yield warn(f"not told by {silent}")
    if seen.global_maintenance:
        yield warn(
            "The cluster is in global maintenance: nobody starts the engine again should it fail.",
            "A backup does not need it: hosted-engine --set-maintenance --mode=none ends it.",
        )


def _none(hosts: tuple[Candidate, ...]) -> str:
    reasons = (f"{one.name}: {one.refused or 'carries the engine'}" for one in hosts)
    return "; ".join(reasons) or "the engine has no host"


def check_host(probe: ProbeInput) -> Probed:
    """Whether that host can be the failover host, and what making it so will do."""
    name = str(probe.given.get("failover") or "")
    if name == WITHOUT:
        return found(warn(f"Without a failover host {_LOST}.", "New hardware can be restored on."))
    seen = look_at_hosts(probe.targets, probe.site.engine_hosts)
    hosts = seen.candidates
    first = best(hosts)
    chosen = first if name == BEST else next((h for h in hosts if h.name == name), None)
    if chosen is None:
        why = _none(hosts) if name == BEST else f"The engine has no host {name}."
        return found(wrong(why, "Choose another one, or none."))
    return Probed(tuple(_judged(seen, chosen, first)))


def _judged(seen: Seen, chosen: Candidate, first: Candidate | None) -> Iterator[Finding]:
    host = seen.host(chosen.name)
    assert host is not None
    for text in disagreements(host, seen.hosts, seen.machines, seen.rows, seen.addresses):
        yield wrong(text, "Find out which host is which before one of them is emptied.")
    if chosen.refused:
        yield wrong(f"{chosen.name}: {chosen.refused}", "Choose another host.")
        return
    if chosen.carries_engine:
        better = f" {first.name} does not carry it." if first else ""
        yield warn(
            f"{chosen.name} carries the engine's machine: it migrates as well.{better}",
            f"Choose {first.name}." if first else "",
        )
    if chosen.machines:
        named = ", ".join(chosen.machines)
        yield warn(f"Migrates first: {named}. Nothing is switched off.")
    if chosen.status == "maintenance":
        yield ok(f"{chosen.name} is in maintenance already")
    yield ok(f"{chosen.name} is {chosen.ha_name}: {chosen.words}")


def list_scopes(probe: ProbeInput) -> Probed:
    """What that engine's version can back up."""
    version = _version(probe)
    scopes = tuple(Choice(scope, scope, title) for scope, title in offered_scopes(version))
    said = f"engine {version.text}" if version else "the engine's version is not known: all offered"
    return Probed((ok(said),), scopes)


def check_scope(probe: ProbeInput) -> Probed:
    """Whether what is chosen can bring an engine back."""
    value = probe.given.get("scope")
    chosen = value if isinstance(value, tuple) else (str(value),)
    if "all" in chosen or {"files", "db"} <= set(chosen):
        return found(ok("an engine can be restored from it"))
    missing = "its database" if "files" in chosen else "its certificates and keys"
    return found(warn(f"It cannot bring the engine back: {missing} is not in it.", "Choose all."))


def check_format(probe: ProbeInput) -> Probed:
    """Whether that engine-backup writes the format, and verifies it."""
    version, form = _version(probe), probe.given.get("format")
    if form != DEFAULT and not chooses_format(version):
        return found(wrong("This engine-backup writes plain SQL only.", "Leave it as it is."))
    if form in (PLAIN, SMALL) and (version is None or version.release >= _VERIFY_FAILS):
        return found(
            warn(
                "engine-backup --mode=verify of 4.5 fails on such a backup; restoring it works.",
                "Where somebody verifies by hand, choose the custom format.",
            )
        )
    return found(ok("written, verified and restored by this engine-backup"))


def list_servers(probe: ProbeInput) -> Probed:
    """The backup servers of the site file."""
    servers = probe.site.backup_servers
    choices = tuple(Choice(one.name, one.name, one.folder) for one in servers)
    first = choices[0].value if len(choices) == 1 else None
    if choices:
        return Probed(choices=choices, suggested=first)
    return found(
        wrong("The site file names no backup server.", "Add `backup_servers:` to the site file.")
    )


def check_server(probe: ProbeInput) -> Probed:
    """Reachable, writable, room enough, and how old the newest backup there is."""
    server = backup_server(probe.site, probe.given)
    shell = probe.targets.shell(server.name)
    parent = nearest_parent(shell, server.folder)
    told = shell.run(["/bin/sh", "-c", _WRITABLE, "sh", parent], check=False).out.split("\n")
    problems = [
        wrong(f"{server.name}, {parent}: {line}", "Mend it there.") for line in told if line
    ]
    machine = probe.targets.shell(engine_machine(probe.site).name)
    own = of_engine(kept_backups(shell, server.folder), engine_name(machine))
    whole = [one for one in own if one.whole]
    problems += [
        warn(f"{one.file} there is not as long as its record says: no backup.", "Look what did it.")
        for one in own
        if not one.whole
    ]
    if whole and not whole[0].failover:
        problems.append(warn(f"{whole[0].file}, the newest there, has no failover host: {_LOST}."))
    return found(
        *problems, *_rooms(Place(shell, server.folder, room_needed(machine, own))),
        age_of([one.made for one in whole], datetime.now(UTC)),
    )  # fmt: skip


def age_of(made: list[str], now: datetime) -> Finding:
    """How old the newest backup is: nobody notices a night that made none."""
    moments = [moment for text in made if (moment := moment_of(text)) is not None]
    if not moments:
        return warn("No backup of the engine is there yet.")
    newest = max(moments)
    days = (now - newest) / timedelta(days=1)
    told = f"{len(made)} there, the newest of {newest:%d %b %Y %H:%M} UTC, {days:.1f} days old"
    if now - newest > STALE:
        return warn(f"{told}: that is stale.", "Look why no newer one was made: rekindle runs.")
    return ok(told)


def check_machine(probe: ProbeInput) -> Probed:
    """The engine's machine: reachable as root, engine-backup there, room for the archive."""
    machine = engine_machine(probe.site)
    shell = probe.targets.shell(machine.name)
    told = shell.run(["/bin/sh", "-c", _ABLE], check=False).out.split("\n")
    problems = [wrong(f"{machine.name}: {line}", "Mend it there.") for line in told if line]
    needed = room_needed(shell, ())
    name = engine_name(shell)
    return found(
        *problems,
        ok(f"{machine.name}: engine {name or 'without a name'} {version_of(probe, shell)}"),
        *_rooms(*on_machine(shell, machine.work_folder, needed)),
    )


def check_rehearsal(probe: ProbeInput) -> Probed:
    """Whether there is a PostgreSQL here to rehearse in."""
    if probe.given.get("rehearse") is not True:
        return found(ok("none: nobody will have restored this backup"))
    try:
        programs = installed_programs()
    except StepFailed as error:
        return found(wrong(error.message, error.remedy))
    return found(ok(f"PostgreSQL {programs.version} in {programs.folder}"))


def _rooms(*places: Place) -> Iterator[Finding]:
    for room in rooms(places):
        if room.lacks:
            yield wrong(room.words, "Free space there.")
        else:
            yield ok(room.words)


def _version(probe: ProbeInput) -> Version | None:
    shell: Shell = probe.targets.shell(engine_machine(probe.site).name)
    return parsed(version_of(probe, shell))


PROBES: Final[dict[str, Probe]] = {
    "failover-hosts": list_hosts,
    "failover-host": check_host,
    "scopes": list_scopes,
    "scope": check_scope,
    "format": check_format,
    "backup-servers": list_servers,
    "backup-server": check_server,
    "engine-machine": check_machine,
    "rehearsal": check_rehearsal,
}
