"""What the restore interview looks up: archives, what is in one, and the host beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from config.errors import Interrupted, RekindleError
from config.interviews.hosted_engine.database_places import (
    ENCRYPTED,
    ENGINE,
    FIRST,
    HISTORY,
    OTHERS,
    PLAIN,
    PORT,
    VALIDATED,
    AskedDatabase,
)
from config.interviews.hosted_engine.databases import AUTOMATIC, MANUAL, REMOTE, history_chosen
from config.interviews.hosted_engine.variants import FAILOVER, NEW_HARDWARE, by_hand
from config.interviews.hosted_engine_restore import FILE, with_backup
from config.questions import Choice, Finding, Given, Value
from config.site import BackupServer
from steps.hosted_engine.archive.engine_files import DatabaseThere
from steps.hosted_engine.archive.engine_model import EngineModel, Host
from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.archive.name_lookup import resolve_names
from steps.hosted_engine.archive.newcomer import Newcomer, conflicts, names_to_look_up
from steps.hosted_engine.backup.job import LOG, RECORD, SUMS
from steps.hosted_engine.backup.kept import kept_backups
from steps.hosted_engine.backup.record import Summary
from steps.hosted_engine.known_from_engine import known_from_engine
from steps.hosted_engine.known_hosts import Inventory, KnownHost, free_host_name
from steps.hosted_engine.machine_restore.databases import LOCAL_HOSTS
from steps.hosted_engine.probes import deploy_probes
from steps.hosted_engine.probes.look import Look, found, ok, warn, wrong
from steps.hosted_engine.probes.names import hardware_uuid
from steps.hosted_engine.probes.network import network_of, own_name
from steps.hosted_engine.probes.tool import CLEAN_UP, check_host, list_hosts
from steps.hosted_engine.restore.archive_look import ArchiveLook, look_into
from steps.past import age_of
from steps.procedure import Probe, Probed, ProbeInput
from steps.targets.sizes import size_text

SECONDS: Final = 20.0
"""How long a look into an archive may take within one probe; the survey takes its time."""
MOST_LISTED: Final = 50
_BESIDE: Final = (RECORD, LOG, ".sha256", ".txt", ".md", ".tmp", ".part")


def list_archives(probe: ProbeInput) -> Probed:
    """The archives on the backup servers, newest first, and a file on this machine."""
    findings: list[Finding] = []
    listed: list[tuple[float, Choice]] = []
    for server in probe.site.backup_servers:
        try:
            listed += _archives_on(probe, server)
        except RekindleError as error:
            findings.append(warn(f"{server.name}: {error.message}", error.remedy))
    listed.sort(key=lambda one: one[0], reverse=True)
    choices = [choice for _modified, choice in listed[:MOST_LISTED]]
    if not probe.site.backup_servers:
        findings.append(warn("the site names no backup servers", "Add them under backup_servers."))
    elif not choices and not findings:
        findings.append(warn("there is no archive on the site's backup servers"))
    newest = choices[0].value if choices else FILE
    file = Choice(FILE, "A file on this machine", "its path is asked next")
    return Probed(tuple(findings), (*choices, file), newest)


def _archives_on(probe: ProbeInput, server: BackupServer) -> Iterator[tuple[float, Choice]]:
    shell, now = probe.targets.shell(server.name), datetime.now(UTC)
    if shell.status(server.folder) is None:
        return
    records = {one.file: one for one in kept_backups(shell, server.folder)}
    for name in shell.list(server.folder):
        if name.endswith(_BESIDE) or name.startswith(".") or name == SUMS:
            continue
        path = f"{server.folder.rstrip('/')}/{name}"
        status = shell.status(path)
        if status is not None and status.kind == "file":
            age = age_of(datetime.fromtimestamp(status.modified, UTC), now)
            note = f"{age}, {size_text(status.size)}{_recorded(records.get(name))}, {server.name}"
            yield status.modified, Choice(f"{server.name}:{path}", name, note)


def _recorded(record: Summary | None) -> str:
    """What the record beside an archive says of it."""
    if record is None:
        return ", no record beside it"
    if not record.whole:
        return f", NOT the {size_text(record.size)} that its record says: it was changed or cut off"
    failover = f", failover host {record.failover}" if record.failover else ", no failover host"
    return f", engine {record.version}{failover}, SHA-256 {record.sha256[:12]}"


def check_archive(probe: ProbeInput) -> Probed:
    """What is in the archive, and whether it is fit; with what the answers can be taken from."""
    try:
        look = look_into(probe, seconds=SECONDS)
    except Interrupted:
        return found(warn(f"it was not read within {SECONDS:g} s; it is read before the plan"))
    inspection = look.inspection
    return Probed(tuple(_told(look)), values=_values_of(inspection))


def _told(look: ArchiveLook) -> Iterator[Finding]:
    inspection = look.inspection
    for problem in inspection.problems:
        yield (wrong if problem.blocks else warn)(problem.message, problem.remedy)
    if not inspection.is_archive:
        return
    made = inspection.backup_time
    age = f", {age_of(datetime.fromisoformat(made), datetime.now(UTC))}" if made else ""
    name = inspection.engine_fqdn or "an engine whose name it does not tell"
    yield ok(f"backup of {name}, version {inspection.version}, {made or 'undated'}{age}")
    yield ok(f"{size_text(look.size)}, holds {', '.join(inspection.scopes) or 'nothing'}")
    if inspection.hosts is not None:
        ready = ", ".join(inspection.ready_failover_hosts or ())
        counts = f"{len(inspection.hosts)} hosts, {len(inspection.vms or ())} machines"
        failover = f"failover host ready: {ready}" if ready else "no failover host was ready"
        yield (ok if ready else warn)(f"{counts}; {failover}")


def _values_of(inspection: Inspection) -> dict[str, Value]:
    """Answers that a restore takes from the backup."""
    name = inspection.engine_fqdn
    values: dict[str, Value] = {}
    if name:
        values |= {"fqdn": name, "vm_domain": name.partition(".")[2]}
    return values


def suggest_variant(probe: ProbeInput) -> Probed:
    """The failover host where one was ready and the site still has it; else new hardware."""
    inspection = _inspection(probe)
    if inspection is None:
        return found(warn("the archive was not read: choose yourself"))
    ready = set(inspection.ready_failover_hosts or ())
    names = {host.name.casefold() for host in probe.site.engine_hosts}
    mine = [
        host.name
        for host in inspection.hosts or ()
        if host.name in ready and {host.name.casefold(), (host.address or "").casefold()} & names
    ]
    if mine:
        return Probed((ok(f"{', '.join(mine)} was in maintenance and empty"),), suggested=FAILOVER)
    return Probed(
        (warn("no host of the site was in maintenance and empty at that time"),),
        suggested=NEW_HARDWARE,
    )


def suggest_databases(probe: ProbeInput) -> Probed:
    """As they were in the backup; engine-backup makes local ones at the usual port by itself."""
    inspection = _inspection(probe)
    if inspection is None:
        return Probed(suggested=AUTOMATIC)
    there = _asked_for(probe.given, inspection)
    remote = [f"the {one.title}'s on {was.host}" for _, one, was in there if _is_remote(was)]
    odd = [f"the {one.title}'s {told}" for _, one, was in there if (told := _unusual(was))]
    values = _places_as_they_were(there, with_hosts=bool(remote))
    if remote or odd:
        finding = ok(f"in the backup: {', '.join((*remote, *odd))}")
        return Probed((finding,), suggested=REMOTE if remote else MANUAL, values=values)
    finding = ok("the backup's databases were on the engine's machine")
    return Probed((finding,) if there else (), suggested=AUTOMATIC, values=values)


_There = list[tuple[str, AskedDatabase, DatabaseThere]]


def _asked_for(given: Given, inspection: Inspection) -> _There:
    """The databases that are placed by answers, as they were in the backup.

    Each with the beginning of the answers about its server: the first ones where it goes alone.
    """
    history_only = by_hand(given) and history_chosen(given)
    held = (HISTORY,) if history_only else (ENGINE, HISTORY)
    others = [one for one in OTHERS if one.scope in inspection.scopes and not history_only]
    there = [
        (FIRST if history_only else one.prefix, one, inspection.database(one.scope))
        for one in (*held, *others)
    ]
    return [entry for entry in there if entry[2].host or entry[2].is_told]


def _is_remote(was: DatabaseThere) -> bool:
    return bool(was.host and was.host.lower() not in LOCAL_HOSTS)


def _unusual(was: DatabaseThere) -> str:
    port = f"at port {was.port}" if was.port not in (None, PORT) else ""
    return " ".join(filter(None, (port, "encrypted" if was.secured else "")))


def _places_as_they_were(there: _There, *, with_hosts: bool) -> dict[str, Value]:
    """Answers, as far as they are known."""
    values: dict[str, Value] = {}
    for server, one, was in there:
        if with_hosts:
            values[f"{server}_host"] = was.host or "localhost"
        values[f"{server}_port"] = was.port or PORT
        values[f"{server}_tls"] = _encryption(was)
        values |= {f"{one.prefix}_name": was.name} if was.name else {}
        values |= {f"{one.prefix}_user": was.user} if was.user else {}
    return values


def _encryption(was: DatabaseThere) -> str:
    if not was.secured:
        return PLAIN
    return VALIDATED if was.validated else ENCRYPTED


def suggest_history(probe: ProbeInput) -> Probed:
    """Yes where the archive holds one."""
    inspection = _inspection(probe)
    return Probed(suggested=inspection is not None and "dwhdb" in inspection.scopes)


def suggest_others(probe: ProbeInput) -> Probed:
    """Those that the archive holds."""
    inspection = _inspection(probe)
    held = inspection.scopes if inspection else ()
    return Probed(suggested=tuple(one.scope for one in OTHERS if one.scope in held))


def _inspection(probe: ProbeInput) -> Inspection | None:
    try:
        return look_into(probe, seconds=SECONDS).inspection
    except (Interrupted, RekindleError):
        return None


def list_restore_hosts(probe: ProbeInput) -> Probed:
    """The engine hosts of the site, each with what the backup knows of it."""
    listed, inspection = list_hosts(probe), _inspection(probe)
    ready = set((inspection.ready_failover_hosts if inspection else None) or ())
    known = {
        name.casefold(): host
        for host in (inspection.hosts if inspection else None) or ()
        for name in (host.name, host.address or "")
        if name
    }
    found = [(choice, known.get(choice.value.casefold())) for choice in listed.choices]
    fitting = [choice for choice, host in found if _fits(probe.given, host, ready)]
    rest = [choice for choice, _host in found if choice not in fitting]
    hosts = {choice.value: host for choice, host in found}
    return replace(
        listed,
        choices=tuple(replace(c, note=_noted(hosts[c.value], ready)) for c in fitting + rest),
        suggested=fitting[0].value if fitting and inspection is not None else None,
    )


def _fits(given: Given, host: Host | None, ready: set[str]) -> bool:
    """Whether a host of the site is one for the way that was chosen."""
    if given.get("variant") == FAILOVER:
        return host is not None and host.name in ready
    return host is None


def _noted(host: Host | None, ready: set[str]) -> str:
    if host is None:
        return "unknown to the backup"
    if host.name in ready:
        return f"{host.name} in the backup, made free"
    return f"{host.name} in the backup, {host.status_name}"


def check_restore_host(probe: ProbeInput) -> Probed:
    """What deploying wants of the host, and which host of the backup it is."""
    checked = check_host(probe)
    inspection = _inspection(probe)
    if inspection is None:
        return checked
    look = Look(probe)
    own = Newcomer(
        None, own_name(look), tuple(network_of(look).addresses), hardware_uuid(look) or None
    )
    model = EngineModel(hosts=inspection.hosts)
    clashes = conflicts(model, own, resolve_names(names_to_look_up(model, own))) or ()
    old = [host for host in inspection.hosts or () if host.id in {c.host_id for c in clashes}]
    return Probed(
        (*_cleanable(checked.findings), _compared(old)), values=_host_values(probe, inspection, old)
    )


def _cleanable(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What an old deployment left is no obstacle to a restore: it is offered to be cleaned up."""
    return tuple(
        replace(found, level="warning", remedy="A restore offers to clean it up.")
        if found.remedy == CLEAN_UP
        else found
        for found in findings
    )


def _compared(old: list[Host]) -> Finding:
    if not old:
        return ok("the backup knows no host with its name, addresses or hardware")
    names = ", ".join(f"{host.name} ({host.status_name})" for host in old)
    return warn(f"the backup has it as {names}", "What becomes of that is settled after this.")


def _host_values(probe: ProbeInput, inspection: Inspection, old: list[Host]) -> dict[str, Value]:
    """Cluster, data centre and the host's name in the portal."""
    he_hosts = set(inspection.he_hosts or ())
    like = [*old, *(host for host in inspection.hosts or () if host.name in he_hosts)]
    values: dict[str, Value] = {}
    cluster = next((host.cluster for host in like if host.cluster), None)
    if cluster:
        values["cluster"] = cluster
        center = next((c.data_center for c in inspection.clusters or () if c.name == cluster), None)
        values |= {"data_center": center} if center else {}
    if old:
        values["host_name"] = old[0].name
    elif probe.given.get("era") == "classic":
        known = tuple(KnownHost(host.name) for host in inspection.hosts or ())
        values["host_name"] = free_host_name("hosted_engine_1", Inventory("", hosts=known))
    return values


def _known(probe: ProbeInput) -> Inventory | None:
    """The backup's hosts and machines, as the deployment's own probes compare with them."""
    try:
        return look_into(probe, seconds=SECONDS).inventory
    except (Interrupted, RekindleError):
        return None


def _living(probe: ProbeInput) -> Inventory | None:
    """What the engine of the site knows, where one answers: mostly it is gone, which is why it is
    restored, and that is no news.
    """
    found = known_from_engine(probe)
    return found if found is not None and not found.silent else None


def _restoring(probe: Probe) -> Probe:
    """A probe of the deployment, which knows that a backup is restored."""
    return lambda looked: probe(replace(looked, given=with_backup(looked.given)))


def restore_probes() -> dict[str, Probe]:
    """Every probe of the interview by name."""
    probes = deploy_probes(_known, _living)
    deploying = {name: _restoring(each) for name, each in probes.items()}
    return deploying | {
        "archives": list_archives,
        "archive": check_archive,
        "variant": suggest_variant,
        "databases": suggest_databases,
        "has-history": suggest_history,
        "other-databases": suggest_others,
        "hosts": list_restore_hosts,
        "host": check_restore_host,
    }
