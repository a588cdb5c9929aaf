"""The storage domains out of the database's rows, and the one that the engine's own disk is on."""

from __future__ import annotations

from collections.abc import Set

from steps.hosted_engine.archive import words
from steps.hosted_engine.archive.engine_model import StorageDomain
from steps.hosted_engine.archive.tables import Row, Tables
from steps.hosted_engine.archive.words import word


def storage_domains(tables: Tables) -> tuple[StorageDomain, ...] | None:
    """All of them, or None where the archive does not bring them."""
    table = tables.find("storage_domain_static")
    if table is None:
        return None
    paths = {row.get("id"): row.get("connection") for row in _rows(tables, _CONNECTIONS)}
    pools = {row.get("id"): row.get("name") for row in _rows(tables, "storage_pool")}
    attached = {row.get("storage_id"): row for row in _rows(tables, "storage_pool_iso_map")}
    return tuple(_domain(row, attached.get(row.get("id"), {}), pools, paths) for row in table)


_CONNECTIONS = "storage_server_connections"


def _rows(tables: Tables, name: str) -> tuple[Row, ...]:
    return tuple(tables.find(name) or ())


def _domain(
    row: Row,
    attached: Row,
    pools: dict[str | None, str | None],
    paths: dict[str | None, str | None],
) -> StorageDomain:
    return StorageDomain(
        id=row.get("id") or "",
        name=row.get("storage_name") or "",
        type_name=word(words.DOMAIN_TYPE, row.get("storage_domain_type")),
        storage_type=word(words.STORAGE_TYPE, row.get("storage_type")),
        status_name=word(words.DOMAIN_STATUS, attached.get("status")),
        data_center=pools.get(attached.get("storage_pool_id")),
        connection=paths.get(row.get("storage")),
    )


def hosted_engine_storage(tables: Tables, engines: Set[str]) -> frozenset[str] | None:
    """Domains of the active images of these machines; None where the era cannot tell."""
    devices, images = tables.find("vm_device"), tables.find("images")
    places = tables.find("image_storage_domain_map")
    if devices is None or images is None or places is None or not engines:
        return None
    disks = {row.get("device_id") for row in devices if row.get("vm_id") in engines}
    active = {row.get("image_guid") for row in images if row.get("image_group_id") in disks}
    found = (row.get("storage_domain_id") for row in places if row.get("image_id") in active)
    return frozenset(domain for domain in found if domain)
