"""The engine's world out of the rows of its database, of any era from 3.3 to 4.5."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from steps.hosted_engine.archive import words
from steps.hosted_engine.archive.engine_model import (
    Cluster,
    DataCenter,
    EngineModel,
    Host,
    StorageDomain,
    Vm,
)
from steps.hosted_engine.archive.mac_rows import host_macs, mac_ranges
from steps.hosted_engine.archive.storage_rows import hosted_engine_storage, storage_domains
from steps.hosted_engine.archive.tables import Row, Table, Tables
from steps.hosted_engine.archive.warehouse import latest_time
from steps.hosted_engine.archive.words import word

_MANAGEMENT_NETWORKS: Final = ("ovirtmgmt", "rhevm")
_DEFAULT_FENCE_DELAY: Final = 300

Indexed = Mapping[str, Row]


def build_model(tables: Tables) -> EngineModel:
    """Everything that the dump tells."""
    statics, dynamics = tables.find("vds_static"), by(tables.find("vds_dynamic"), "vds_id")
    names = {key: row.get("vds_name") or "" for key, row in by(statics, "vds_id").items()}
    vms = _vms(tables, names)
    domains = storage_domains(tables)
    return EngineModel(
        hosts=None if statics is None else _hosts(tables, statics, dynamics),
        vms=vms,
        clusters=_clusters(tables),
        data_centers=_data_centers(tables, names),
        storage_domains=domains,
        he_storage=_engine_storage(tables, vms, domains),
        disable_fence_at_startup_s=_fence_delay(tables),
        engine_fqdn=_fqdn(tables),
        host_macs=host_macs(tables),
        mac_ranges=mac_ranges(tables),
        dwh_last_sync=_last_sync(tables),
    )


def by(table: Iterable[Row] | None, column: str) -> dict[str, Row]:
    """The rows by the value of a column; those without one are left out."""
    return {key: row for row in table or () if (key := row.get(column)) is not None}


def truth(value: str | None) -> bool | None:
    """A boolean of COPY."""
    return None if value is None else value == "t"


def _vms(tables: Tables, hosts: Mapping[str, str]) -> tuple[Vm, ...] | None:
    statics, dynamics = tables.find("vm_static"), tables.find("vm_dynamic")
    if statics is None or dynamics is None:
        return None
    states = by(dynamics, "vm_guid")
    has_lease = tables.has("vm_static", "lease_sd_id")
    return tuple(
        _vm(key, row, states.get(key, {}), hosts, has_lease)
        for key, row in by(statics, "vm_guid").items()
        # A template is no machine; where the era does not say, only machines have a state.
        if row.get("entity_type") is not None or key in states
    )


def _vm(key: str, row: Row, state: Row, hosts: Mapping[str, str], has_lease: bool) -> Vm:
    origin = word(words.ORIGIN, row.get("origin"))
    return Vm(
        id=key,
        name=row.get("vm_name") or "",
        status_name=word(words.VM_STATUS, state.get("status")),
        host=_name_of(state.get("run_on_vds"), hosts),
        migrating_to=_name_of(state.get("migrating_to_vds"), hosts),
        ha=truth(row.get("auto_startup")),
        lease=row.get("lease_sd_id") is not None if has_lease else None,
        origin=origin,
        engine_vm=origin in words.ENGINE_ORIGINS if origin is not None else None,
    )


def _name_of(key: str | None, names: Mapping[str, str]) -> str | None:
    return None if key is None else names.get(key) or key


def _hosts(tables: Tables, statics: Table, states: Indexed) -> tuple[Host, ...]:
    addresses = _management_addresses(tables)
    statistics = by(tables.find("vds_statistics"), "vds_id")
    clusters = by(tables.find("cluster", "vds_groups"), _cluster_key(tables))
    running, coming = _vm_counts(tables)
    power = _power_management(tables)

    def host(key: str, row: Row) -> Host:
        state, cluster_id = states.get(key, {}), _cluster_of(row)
        ipv4, ipv6 = addresses(key, cluster_id)
        return Host(
            id=key,
            name=row.get("vds_name") or "",
            address=row.get("host_name"),
            hardware_uuid=row.get("vds_unique_id") or state.get("hw_uuid"),
            status_name=word(words.HOST_STATUS, state.get("status")),
            cluster=clusters.get(cluster_id or "", {}).get("name"),
            he_configured=_is_configured(state, statistics.get(key, {})),
            management_ipv4=ipv4,
            management_ipv6=ipv6,
            power_management=power(key, row),
            vms=None if running is None else running[key],
            vms_migrating_in=None if coming is None else coming[key],
        )

    return tuple(host(key, row) for key, row in by(statics, "vds_id").items())


def _cluster_of(row: Row) -> str | None:
    return row.get("cluster_id") or row.get("vds_group_id")


def _cluster_key(tables: Tables) -> str:
    return "cluster_id" if tables.find("cluster") is not None else "vds_group_id"


def _is_configured(state: Row, statistics: Row) -> bool | None:
    """A score of 0 says nothing: it is also what an ordinary host has."""
    said = [truth(statistics.get("ha_configured")), truth(state.get("hosted_engine_configured"))]
    if True in said or (statistics.get("ha_score") or "0") not in ("0", ""):
        return True
    return False if False in said else None


def _vm_counts(tables: Tables) -> tuple[Counter[str] | None, Counter[str] | None]:
    """Machines on each host, and migrating to it; the host's own count is not to be trusted."""
    dynamics = tables.find("vm_dynamic")
    if dynamics is None:
        return None, None
    running = Counter(host for row in dynamics if (host := row.get("run_on_vds")))
    coming = Counter(host for row in dynamics if (host := row.get("migrating_to_vds")))
    return running, coming


def _power_management(tables: Tables) -> Callable[[str, Row], bool | None]:
    agents = tables.find("fence_agents")
    fenced = None if agents is None else {row.get("vds_id") for row in agents}

    def has_power_management(key: str, row: Row) -> bool | None:
        enabled = truth(row.get("pm_enabled"))
        if fenced is None or enabled is False:
            return enabled
        return enabled if enabled is None and key not in fenced else key in fenced

    return has_power_management


def _management_addresses(
    tables: Tables,
) -> Callable[[str, str | None], tuple[str | None, str | None]]:
    """Which addresses a host, in its cluster, has on its management network."""
    networks = {key: row.get("name") for key, row in by(tables.find("network"), "id").items()}
    named: dict[str | None, set[str | None]] = defaultdict(lambda: set(_MANAGEMENT_NETWORKS))
    for row in tables.find("network_cluster") or ():
        if truth(row.get("management")):
            named[row.get("cluster_id")] = {networks.get(row.get("network_id") or "")}
    cards: dict[str | None, list[Row]] = defaultdict(list)
    for row in tables.find("vds_interface") or ():
        cards[row.get("vds_id")].append(row)

    def addresses(host: str, cluster: str | None) -> tuple[str | None, str | None]:
        mine = [row for row in cards[host] if row.get("network_name") in named[cluster]]
        return _first(mine, "addr"), _first(mine, "ipv6_address")

    return addresses


def _first(rows: Iterable[Row], column: str) -> str | None:
    return next((value for row in rows if (value := row.get(column))), None)


def _clusters(tables: Tables) -> tuple[Cluster, ...] | None:
    table = tables.find("cluster", "vds_groups")
    if table is None:
        return None
    pools = by(tables.find("storage_pool"), "id")
    return tuple(
        Cluster(
            id=key,
            name=row.get("name") or "",
            compatibility_version=row.get("compatibility_version"),
            data_center=pools.get(row.get("storage_pool_id") or "", {}).get("name"),
            fencing=truth(row.get("fencing_enabled")),
        )
        for key, row in by(table, _cluster_key(tables)).items()
    )


def _data_centers(tables: Tables, hosts: Mapping[str, str]) -> tuple[DataCenter, ...] | None:
    table = tables.find("storage_pool")
    if table is None:
        return None
    return tuple(
        DataCenter(
            id=key,
            name=row.get("name") or "",
            status_name=word(words.POOL_STATUS, row.get("status")),
            compatibility_version=row.get("compatibility_version"),
            spm=_name_of(row.get("spm_vds_id"), hosts),
        )
        for key, row in by(table, "id").items()
    )


def _engine_storage(
    tables: Tables, vms: Iterable[Vm] | None, domains: Iterable[StorageDomain] | None
) -> tuple[StorageDomain, ...] | None:
    if vms is None or domains is None:
        return None
    engines = {vm.id for vm in vms if vm.engine_vm}
    wanted = hosted_engine_storage(tables, engines)
    if wanted is None:
        return None
    return tuple(domain for domain in domains if domain.id in wanted) or None


def _fence_delay(tables: Tables) -> int | None:
    """An engine whose database does not name it waits five minutes."""
    options = tables.find("vdc_options")
    if options is None:
        return None
    values = [row.get("option_value") or "" for row in options]
    return next((int(v) for v in values if v.isdigit() and len(v) < 10), _DEFAULT_FENCE_DELAY)


def _fqdn(tables: Tables) -> str | None:
    """The engine's own name as its last backup noted it, for an archive without files."""
    rows = [row for row in tables.find("engine_backup_log") or () if row.get("fqdn")]
    return max(rows, key=lambda row: row.get("done_at") or "", default={}).get("fqdn")


def _last_sync(tables: Tables) -> str | None:
    rows = tables.find("dwh_history_timekeeping") or ()
    return latest_time(row.get("var_datetime") for row in rows if row.get("var_name") == "lastSync")
