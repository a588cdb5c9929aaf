"""The practice engine's database as rows of the tables that a real engine keeps.

What a backup holds is written from here. Facts: the reference on engine-backup, section 7.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

from steps.drill.practice_engine import machine_files
from steps.drill.practice_hosts import first_world
from steps.drill.practice_hosts.world import Facts
from steps.hosted_engine.archive import words

Cell = str | None
Rows = list[list[Cell]]
Tables = dict[str, tuple[tuple[str, ...], Rows]]
"""By name: the columns, and the rows."""
Record = dict[str, Any]

FENCE_DELAY: Final = "DisableFenceAtStartupInSec"
ACCOUNT: Final = "PracticeEngineAccount"
"""An option that only a practice engine has: its one account."""
ENGINE_ORIGINS: Final = {"hosted_engine": "5", "managed_hosted_engine": "6"}
_NAMESPACE: Final = uuid.UUID("6d6b1c52-6b1f-4a2f-9d43-1f0f3f3f3f3f")
_MACHINE_WORDS: Final = {"migrating": "MigratingFrom"}
_CENTER_WORDS: Final = {"problematic": "NonResponsive"}
_HISTORY: Final = (("var_name", "var_value"), [["MinimalETLVersion", "4.5.0"]])


def tables_of(facts: Facts, database: Mapping[str, Any], backed_up: float) -> Tables:
    """Every table of a backup of that database; `backed_up` in seconds since 1970."""
    return {
        **_hosts(facts, database),
        **_networks(facts, database),
        **_machines(database),
        **_centers(database),
        **_storage(database),
        **_disks(database),
        **_options(database, backed_up),
    }


def history_tables() -> Tables:
    """The little that stands for the Data Warehouse's database."""
    return {machine_files.HISTORY_TABLE: (_HISTORY[0], [list(row) for row in _HISTORY[1]])}


def _hosts(facts: Facts, database: Mapping[str, Any]) -> Tables:
    static: Rows = []
    dynamic: Rows = []
    statistics: Rows = []
    agents: Rows = []
    for host in database["hosts"]:
        ha = facts["hosts"].get(host["address"], {}).get("ha", {})
        count = sum(machine["host"] == host["id"] for machine in database["machines"])
        static.append([host["id"], host["name"], host["uuid"] or None, host["address"], "54321",
                       host["cluster"], _bool(host["power_management"]), ""])  # fmt: skip
        dynamic.append([host["id"], _number(words.HOST_STATUS, host["status"]), str(count),
                        host["uuid"] or None, _bool(ha.get("joined"))])  # fmt: skip
        statistics.append([host["id"], str(ha.get("score", 0)), _bool(ha.get("joined")),
                           _bool(ha.get("joined"))])  # fmt: skip
        if host["power_management"]:
            agents.append([_id(host, "agent"), host["id"], "ipmilan"])
    return {
        "vds_static": (("vds_id", "vds_name", "vds_unique_id", "host_name", "port", "cluster_id",
                        "pm_enabled", "free_text_comment"), static),
        "vds_dynamic": (("vds_id", "status", "vm_count", "hw_uuid", "hosted_engine_configured"),
                        dynamic),
        "vds_statistics": (("vds_id", "ha_score", "ha_configured", "ha_active"), statistics),
        "fence_agents": (("id", "vds_id", "type"), agents),
    }  # fmt: skip


def _networks(facts: Facts, database: Mapping[str, Any]) -> Tables:
    network = str(uuid.uuid5(_NAMESPACE, "ovirtmgmt"))
    nics: Rows = []
    for host in database["hosts"]:
        known = facts["hosts"].get(host["address"])
        for name, nic in (known or {"nics": {}})["nics"].items():
            mine = nic["addressed"]
            nics.append([_id(host, name), host["id"], name, "ovirtmgmt" if mine else None,
                         known["address"] if known and mine else None, nic["mac"],
                         None])  # fmt: skip
    return {
        "vds_interface": (("id", "vds_id", "name", "network_name", "addr", "mac_addr",
                           "ipv6_address"), nics),
        "network": (("id", "name"), [[network, "ovirtmgmt"]]),
        "network_cluster": (("network_id", "cluster_id", "management"),
                            [[network, cluster["id"], "t"] for cluster in database["clusters"]]),
    }  # fmt: skip


def _machines(database: Mapping[str, Any]) -> Tables:
    static: Rows = []
    dynamic: Rows = []
    pinned: Rows = []
    for machine in database["machines"]:
        origin = ENGINE_ORIGINS.get(machine["origin"], "3")
        static.append([machine["id"], machine["name"], "VM", origin, _bool(machine["ha"]),
                       machine["cluster"], None])  # fmt: skip
        status = _MACHINE_WORDS.get(machine["status"], machine["status"])
        dynamic.append([machine["id"], _number(words.VM_STATUS, status), machine["host"] or None,
                        None])  # fmt: skip
        if machine["pinned"]:
            pinned.append([machine["id"], machine["pinned"]])
    return {
        "vm_static": (("vm_guid", "vm_name", "entity_type", "origin", "auto_startup", "cluster_id",
                       "lease_sd_id"), static),
        "vm_dynamic": (("vm_guid", "status", "run_on_vds", "migrating_to_vds"), dynamic),
        "vm_host_pinning_map": (("vm_id", "vds_id"), pinned),
    }  # fmt: skip


def _centers(database: Mapping[str, Any]) -> Tables:
    clusters: Rows = [
        [cluster["id"], cluster["name"], cluster["version"], cluster["data_center"], "t"]
        for cluster in database["clusters"]
    ]
    spm = next((host["id"] for host in database["hosts"] if host["spm"] == "spm"), None)
    pools: Rows = [
        [center["id"], center["name"],
         _number(words.POOL_STATUS, _CENTER_WORDS.get(center["status"], center["status"])), spm,
         center["version"]]
        for center in database["data_centers"]
    ]  # fmt: skip
    return {
        "cluster": (("cluster_id", "name", "compatibility_version", "storage_pool_id",
                     "fencing_enabled"), clusters),
        "storage_pool": (("id", "name", "status", "spm_vds_id", "compatibility_version"), pools),
    }  # fmt: skip


def _storage(database: Mapping[str, Any]) -> Tables:
    domains: Rows = []
    attached: Rows = []
    connections: Rows = []
    for domain in database["storage"]:
        connection = _id(domain, "connection")
        connections.append([connection, f"{domain['address']}:{domain['path']}", None, None])
        domains.append([domain["id"], connection, domain["name"], "0" if domain["master"] else "1",
                        "1"])  # fmt: skip
        if domain["data_center"]:
            status = _number(words.DOMAIN_STATUS, domain["status"])
            attached.append([domain["id"], domain["data_center"], status])
    return {
        "storage_domain_static": (("id", "storage", "storage_name", "storage_domain_type",
                                   "storage_type"), domains),
        "storage_pool_iso_map": (("storage_id", "storage_pool_id", "status"), attached),
        "storage_server_connections": (("id", "connection", "user_name", "password"), connections),
    }  # fmt: skip


def _disks(database: Mapping[str, Any]) -> Tables:
    """A disk a machine: the engine's own on hosted_storage, or whatever domain has its path."""
    own = next((d for d in database["storage"] if d["name"] == "hosted_storage"), None)
    master = next((d for d in database["storage"] if d["master"]), None)
    devices: Rows = []
    images: Rows = []
    places: Rows = []
    for machine in database["machines"]:
        domain = own if machine["origin"] in ENGINE_ORIGINS else master
        disk, image = _id(machine, "disk"), _id(machine, "image")
        devices.append([disk, machine["id"], "disk", "disk"])
        images.append([image, disk, "t"])
        if domain is not None:
            places.append([image, domain["id"]])
    return {
        "vm_device": (("device_id", "vm_id", "type", "device"), devices),
        "images": (("image_guid", "image_group_id", "active"), images),
        "image_storage_domain_map": (("image_id", "storage_domain_id"), places),
    }


def _options(database: Mapping[str, Any], backed_up: float) -> Tables:
    options = {
        "ProductRPMVersion": database["version"],
        "VdcVersion": database["version"].partition("-")[0],
        "HostedEngineVmName": "HostedEngine",
        "InstallationId": database["instance"],
        FENCE_DELAY: str(int(database.get("fence_delay", 300))),
        ACCOUNT: database["account"],
        "DbJustRestored": "1" if database.get("just_restored") else "0",
    }
    rows: Rows = [
        [str(number), name, value, "general"]
        for number, (name, value) in enumerate(options.items(), start=1)
    ]
    return {
        "vdc_options": (("option_id", "option_name", "option_value", "version"), rows),
        "engine_backup_log": (("scope", "done_at", "is_passed", "fqdn"),
                              [["files", str(int(backed_up)), "t", first_world.ENGINE]]),
        "schema_version": (("version", "current"), [["04050310", "t"]]),
        "dwh_history_timekeeping": (("var_name", "var_value"), [["DwhCurrentlyRunning", "0"]]),
    }  # fmt: skip


def _id(record: Mapping[str, Any], part: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{record['id']} {part}"))


def _bool(value: object) -> str:
    return "t" if value else "f"


def _number(known: Mapping[int, str], status: str) -> str:
    return next(str(n) for n, word in known.items() if _plain(word) == _plain(status))


def _plain(text: str) -> str:
    return text.replace("_", "").lower()


def word_of(known: Mapping[int, str], number: Cell, spellings: Iterable[str]) -> str:
    """The practice engine's own word for a number of the database."""
    found = _plain(words.word(known, number) or "")
    renamed = {_plain(n): w for w, n in {**_MACHINE_WORDS, **_CENTER_WORDS}.items()}
    return next((s for s in spellings if _plain(s) == found), renamed.get(found, found))
