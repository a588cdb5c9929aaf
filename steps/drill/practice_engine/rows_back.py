"""A practice engine's database out of the rows that a backup of it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from steps.drill.practice_engine.rows import (
    ACCOUNT,
    ENGINE_ORIGINS,
    FENCE_DELAY,
    Cell,
    Record,
    Tables,
    word_of,
)
from steps.hosted_engine.archive import words

Row = Mapping[str, Cell]
_HOST_WORDS: Final = (
    "unassigned", "down", "maintenance", "up", "non_responsive", "error", "installing",
    "install_failed", "reboot", "preparing_for_maintenance", "non_operational",
    "pending_approval", "initializing", "connecting", "installing_os", "kdumping",
)  # fmt: skip
_MACHINE_WORDS: Final = (
    "down", "up", "powering_up", "paused", "unknown", "not_responding", "wait_for_launch",
    "suspended", "powering_down",
)  # fmt: skip
_CENTER_WORDS: Final = ("up", "maintenance", "not_operational", "contend")
_DOMAIN_WORDS: Final = (
    "unknown", "unattached", "active", "inactive", "maintenance", "preparing_for_maintenance",
    "activating",
)  # fmt: skip


def database_of(tables: Tables, account: str) -> Record:
    """What the engine knew. Raises KeyError where the dump has not the tables of an engine."""
    options = {row["option_name"]: row["option_value"] for row in rows(tables, "vdc_options")}
    return {
        "version": options["ProductRPMVersion"],
        "instance": options["InstallationId"],
        "account": options.get(ACCOUNT) or account,
        "fence_delay": float(options.get(FENCE_DELAY) or 300),
        "next_event": 1,
        "data_centers": [_center(row) for row in rows(tables, "storage_pool")],
        "clusters": [_cluster(row) for row in rows(tables, "cluster")],
        "hosts": _hosts(tables),
        "machines": _machines(tables),
        "storage": _storage(tables),
        "events": [],
        "tokens": [],
    }


def rows(tables: Tables, name: str) -> Iterator[Row]:
    """The rows of a table by column. Raises KeyError where there is no such table."""
    columns, found = tables[name]
    return (dict(zip(columns, row, strict=True)) for row in found)


def _by(tables: Tables, name: str, column: str) -> dict[Cell, Row]:
    return {row[column]: row for row in rows(tables, name)}


def _hosts(tables: Tables) -> list[Record]:
    states = _by(tables, "vds_dynamic", "vds_id")
    spm = {row["spm_vds_id"] for row in rows(tables, "storage_pool")}
    return [
        {
            "id": row["vds_id"], "name": row["vds_name"], "address": row["host_name"],
            "cluster": row["cluster_id"], "uuid": row["vds_unique_id"] or "",
            "status": word_of(words.HOST_STATUS, states[row["vds_id"]]["status"], _HOST_WORDS),
            "detail": "", "spm": "spm" if row["vds_id"] in spm else "none",
            "power_management": row["pm_enabled"] == "t", "fenced": False, "due": [],
        }
        for row in rows(tables, "vds_static")
    ]  # fmt: skip


def _machines(tables: Tables) -> list[Record]:
    states = _by(tables, "vm_dynamic", "vm_guid")
    pinned = {row["vm_id"]: row["vds_id"] for row in rows(tables, "vm_host_pinning_map")}
    return [
        _machine(row, states[row["vm_guid"]], pinned.get(row["vm_guid"]))
        for row in rows(tables, "vm_static")
        if row["entity_type"] == "VM"
    ]


def _machine(row: Row, state: Row, pinned: Cell) -> Record:
    origins = {number: word for word, number in ENGINE_ORIGINS.items()}
    return {
        "id": row["vm_guid"], "name": row["vm_name"], "cluster": row["cluster_id"],
        "host": state["run_on_vds"] or "", "origin": origins.get(row["origin"] or "", "ovirt"),
        "status": word_of(words.VM_STATUS, state["status"], _MACHINE_WORDS),
        "ha": row["auto_startup"] == "t", "pinned": pinned or False, "due": [],
        "lease": row["lease_sd_id"] is not None,
    }  # fmt: skip


def _center(row: Row) -> Record:
    return {
        "id": row["id"], "name": row["name"], "version": row["compatibility_version"],
        "status": word_of(words.POOL_STATUS, row["status"], _CENTER_WORDS), "due": [],
    }  # fmt: skip


def _cluster(row: Row) -> Record:
    return {
        "id": row["cluster_id"], "name": row["name"], "data_center": row["storage_pool_id"],
        "version": row["compatibility_version"],
    }  # fmt: skip


def _storage(tables: Tables) -> list[Record]:
    attached = _by(tables, "storage_pool_iso_map", "storage_id")
    paths = {
        row["id"]: row["connection"] or "" for row in rows(tables, "storage_server_connections")
    }
    return [
        _domain(row, attached.get(row["id"]), paths.get(row["storage"], ""))
        for row in rows(tables, "storage_domain_static")
    ]


def _domain(row: Row, attached: Row | None, connection: str) -> Record:
    address, _, path = connection.partition(":")
    status = attached["status"] if attached else "2"
    found: dict[str, Any] = {
        "id": row["id"], "name": row["storage_name"], "type": "data", "storage": "nfs",
        "path": path, "address": address,
        "status": word_of(words.DOMAIN_STATUS, status, _DOMAIN_WORDS),
        "master": row["storage_domain_type"] == "0",
        "data_center": attached["storage_pool_id"] if attached else "", "due": [],
    }  # fmt: skip
    return found


def reset_available_machines(database: Record) -> None:
    """Every restore since 4.2: highly available machines without a lease are set down."""
    for machine in database["machines"]:
        if machine["ha"] and not machine.pop("lease", False):
            machine.update(status="down", host="")
