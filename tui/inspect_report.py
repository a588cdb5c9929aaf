"""What an inspection of an archive found, in parts to read: for the screen and as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from steps.hosted_engine.archive.effects import HOW_TO_STOP_FENCING, fenced_after_start
from steps.hosted_engine.archive.engine_model import Host, StorageDomain, Vm
from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.archive.newcomer import CHOICES, Conflict
from steps.hosted_engine.archive.warehouse import Warehouse
from steps.run.text import counted
from tui.hanging import Row, wrapped

UNKNOWN = "not known: this archive does not tell"
WIDTH = 100
_MATCHES = {
    "name": "its name",
    "fqdn": "its FQDN",
    "ip": "its address",
    "hw_uuid": "its hardware UUID",
    "mac": "one of its hardware addresses",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the report; `count` stands beside the title where it says something."""

    title: str
    rows: tuple[Row, ...]
    count: int | None = None

    @property
    def heading(self) -> str:
        """Title and count."""
        return self.title if self.count is None else f"{self.title} {self.count}"


def as_text(found: Inspection) -> str:
    """The whole report."""
    lines: list[str] = []
    for part in parts(found):
        lines += ["", part.heading, *wrapped(part.rows, WIDTH)]
    return "\n".join([verdict(found), *lines])


def verdict(found: Inspection) -> str:
    """Fit or not, in one line."""
    if not found.is_archive:
        return "no archive"
    if not found.fit_for_restore:
        return "NOT fit for a restore: see the problems"
    return "fit for a restore" + (", with a caution: see the problems" if found.problems else "")


def parts(found: Inspection) -> tuple[Part, ...]:
    """Summary, hosts, machines, storage, effects, conflicts, problems."""
    return (
        Part("Summary", tuple(_summary(found))),
        Part("Hosts", tuple(_hosts(found.hosts)), _count(found.hosts)),
        Part("Machines", tuple(_machines(found.vms)), _count(found.vms)),
        Part("Storage", tuple(_storage(found))),
        Part("Effects", tuple(_effects(found))),
        Part("Conflicts", tuple(_conflicts(found)), _count(found.conflicts)),
        Part("Problems", tuple(_problems(found)), len(found.problems)),
    )


def _count(rows: Sequence[object] | None) -> int | None:
    return None if rows is None else len(rows)


def _summary(found: Inspection) -> Iterator[Row]:
    layout = found.layout
    yield _fact("result", verdict(found))
    yield _fact("engine", found.engine_fqdn)
    yield _fact("version", found.version)
    yield _fact("system", found.os_version)
    yield _fact("backed up", found.backup_time)
    yield _fact("scopes", _names(found.scopes))
    yield _fact("engine DB on", found.engine_db_host)
    yield _fact("DWH", _yes(found.dwh_present))
    yield _fact("DWH DB on", found.dwh_db_host)
    if found.dwh is not None:
        yield _fact("DWH dump", _warehouse(found.dwh))
    yield _fact("archive", f"{layout.outer or '?'}, checksums {layout.hash or 'none'}")
    yield _fact("files", layout.files)
    dump = f"{layout.db_format}, compressor {layout.db_compressor}" if layout.db_format else None
    yield _fact("dump", dump)
    yield _fact("failover host", _failover(found))


def _warehouse(dwh: Warehouse) -> str:
    told = [f"{counted(dwh.tables, 'table')}, {counted(dwh.rows, 'row')}"]
    told += [f"samples up to {dwh.last_sample}"] if dwh.last_sample else []
    told += [f"last fetched from the engine {dwh.last_sync}"] if dwh.last_sync else []
    return ", ".join(told)


def _failover(found: Inspection) -> str | None:
    ready, idle = found.ready_failover_hosts, found.idle_maintenance_hosts
    if ready:
        return f"ready: {_names(ready)} (in maintenance, nothing on it)"
    if ready is None and idle:
        return f"not known; empty and in maintenance: {_names(idle)}"
    if idle is None:
        return None
    return (
        "none was ready: no host that can run the engine was in maintenance with nothing running "
        "on it or migrating to it"
    )


def _fact(label: str, value: str | None) -> Row:
    return f"  {label:<14} ", value or UNKNOWN


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _yes(value: bool | None, yes: str = "yes", no: str = "no") -> str:
    return "not known" if value is None else yes if value else no


def _hosts(hosts: Sequence[Host] | None) -> Iterator[Row]:
    if hosts is None:
        yield "  ", UNKNOWN
    for host in hosts or ():
        yield (
            f"  {host.name:<14} ",
            (
                f"{host.status_name or '?'}, {host.vms if host.vms is not None else '?'} machines, "
                f"{host.vms_migrating_in if host.vms_migrating_in is not None else '?'} coming, "
                f"{_yes(host.he_configured, 'can run the engine', 'ordinary host')}"
            ),
        )
        management = [a for a in (host.management_ipv4, host.management_ipv6) if a]
        yield (
            f"  {'':<14} ",
            (
                f"{host.address or '?'} ({_names(management)}), cluster {host.cluster or '?'}\n"
                f"hardware {host.hardware_uuid or 'not known'}, "
                f"power management {_yes(host.power_management)}"
            ),
        )


def _machines(vms: Sequence[Vm] | None) -> Iterator[Row]:
    if vms is None:
        yield "  ", UNKNOWN
    for vm in vms or ():
        marks = [vm.status_name or "?"]
        marks += [f"on {vm.host}"] if vm.host else []
        marks += [f"migrating to {vm.migrating_to}"] if vm.migrating_to else []
        marks += ["highly available"] if vm.ha else []
        marks += ["with lease"] if vm.lease else []
        marks += ["the engine itself"] if vm.engine_vm else []
        yield f"  {vm.name:<14} ", ", ".join(marks)


def _storage(found: Inspection) -> Iterator[Row]:
    yield "", "Storage domains"
    if found.storage_domains is None:
        yield "  ", UNKNOWN
    engine = {domain.id for domain in found.he_storage or ()}
    for domain in found.storage_domains or ():
        yield f"  {domain.name:<14} ", _domain(domain, domain.id in engine)
    yield "", "Clusters"
    if found.clusters is None:
        yield "  ", UNKNOWN
    for cluster in found.clusters or ():
        fencing = _yes(cluster.fencing)
        yield (
            f"  {cluster.name:<14} ",
            (
                f"level {cluster.compatibility_version or '?'}, data center "
                f"{cluster.data_center or '?'}, fencing {fencing}"
            ),
        )
    yield "", "Data centers"
    if found.data_centers is None:
        yield "  ", UNKNOWN
    for center in found.data_centers or ():
        yield (
            f"  {center.name:<14} ",
            (
                f"{center.status_name or '?'}, level {center.compatibility_version or '?'}, "
                f"SPM {center.spm or 'none'}"
            ),
        )


def _domain(domain: StorageDomain, is_engine: bool) -> str:
    said = (
        f"{domain.type_name or '?'}, {domain.storage_type or '?'}, "
        f"{domain.status_name or 'not attached'}, {domain.connection or 'no path'}"
    )
    return f"{said}; the engine's own disk is on it" if is_engine else said


def _effects(found: Inspection) -> Iterator[Row]:
    if found.vms is None and found.hosts is None:
        yield "  ", UNKNOWN
        return
    down = found.restore_sets_down
    yield "", "The restore sets these machines Down (highly available, without a lease):"
    yield "  ", UNKNOWN if down is None else _names(down)
    yield (
        "",
        (
            "These stay as they were, on their old host, until it is fenced "
            "(\"Confirm 'Host has been Rebooted'\") or removed:"
        ),
    )
    left = found.left_up_on_old_host
    if not left:
        yield "  ", UNKNOWN if left is None else "none"
    for row in left or ():
        yield f"  {row.vm:<14} ", f"{row.status_name or '?'} on {row.host}"
    yield from _fencing(found)


def _fencing(found: Inspection) -> Iterator[Row]:
    fenced, delay = (
        fenced_after_start(found.hosts, found.clusters),
        found.disable_fence_at_startup_s,
    )
    when = "soon" if delay is None else f"{delay} seconds"
    yield "", f"{when} after its start the engine may power off, where it cannot reach them:"
    yield "  ", UNKNOWN if fenced is None else _names(fenced)
    if fenced:
        yield "  ", HOW_TO_STOP_FENCING


def _conflicts(found: Inspection) -> Iterator[Row]:
    if found.conflicts is None:
        yield "  ", UNKNOWN
    elif not found.conflicts:
        yield "  ", "none with what was given of the new host"
    for conflict in found.conflicts or ():
        yield from _conflict(conflict)
    if found.unresolved_names:
        yield (
            "  not known: ",
            (
                f"the addresses of {_names(found.unresolved_names)}; this machine's resolver does "
                "not tell. A new host with such an address is not found here"
            ),
        )


def _conflict(conflict: Conflict) -> Iterator[Row]:
    matches = _names(_MATCHES[match] for match in conflict.matches)
    missed = "; the deployment itself would miss it" if conflict.missed_by_tool else ""
    yield f"! {conflict.host:<14} ", f"the new host has {matches}{missed}"
    for choice in conflict.choices:
        yield f"  {'':<14} - ", CHOICES[choice]


def _problems(found: Inspection) -> Iterator[Row]:
    if not found.problems:
        yield "  ", "none"
    for problem in found.problems:
        mark = "!" if problem.blocks else " "
        yield f"{mark} {problem.code}: ", problem.message
        yield "    do: ", problem.remedy
