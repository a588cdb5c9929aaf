"""The tables and columns of the engine's database that an inspection needs, and their rows.

Engines differ: what a dump does not have is missing here as well, and never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from steps.hosted_engine.archive.copy_text import (
    Block,
    Cells,
    CopyHead,
    RowBlock,
    SkippedBlock,
    value_of,
)
from steps.hosted_engine.archive.problems import ArchiveFault

Row = Mapping[str, str | None]

_CLUSTER: Final = (
    "cluster_id", "vds_group_id", "name", "compatibility_version", "storage_pool_id",
    "fencing_enabled",
)  # fmt: skip
WANTED: Final[Mapping[str, tuple[str, ...]]] = {
    "vds_static": (
        "vds_id", "vds_name", "vds_unique_id", "host_name", "cluster_id", "vds_group_id",
        "pm_enabled",
    ),
    "vds_dynamic": ("vds_id", "status", "hw_uuid", "hosted_engine_configured"),
    "vds_statistics": ("vds_id", "ha_score", "ha_configured"),
    "vds_interface": ("vds_id", "network_name", "addr", "ipv6_address", "mac_addr"),
    "fence_agents": ("vds_id",),
    "vm_static": ("vm_guid", "vm_name", "entity_type", "origin", "auto_startup", "lease_sd_id"),
    "vm_dynamic": ("vm_guid", "status", "run_on_vds", "migrating_to_vds", "vm_ip"),
    "vm_interface": ("vm_guid", "mac_addr"),
    "cluster": _CLUSTER,
    "vds_groups": _CLUSTER,
    "storage_pool": ("id", "name", "status", "spm_vds_id", "compatibility_version"),
    "storage_domain_static": (
        "id", "storage_name", "storage_domain_type", "storage_type", "storage",
    ),
    "storage_pool_iso_map": ("storage_id", "storage_pool_id", "status"),
    "storage_server_connections": ("id", "connection"),
    "vm_device": ("vm_id", "device_id", "device"),
    "images": ("image_guid", "image_group_id", "active"),
    "image_storage_domain_map": ("image_id", "storage_domain_id"),
    "network": ("id", "name"),
    "network_cluster": ("network_id", "cluster_id", "management"),
    "vdc_options": ("option_name", "option_value"),
    "mac_pools": ("id", "name"),
    "mac_pool_ranges": ("mac_pool_id", "from_mac", "to_mac"),
    "dwh_history_timekeeping": ("var_name", "var_datetime"),
    "engine_backup_log": ("fqdn", "done_at"),
}  # fmt: skip

_ONLY: Final[Mapping[str, tuple[str, frozenset[str | None]]]] = {
    "vm_static": ("entity_type", frozenset({"VM", None})),
    "vm_device": ("device", frozenset({"disk"})),
    "images": ("active", frozenset({"t"})),
    "vdc_options": ("option_name", frozenset({"DisableFenceAtStartupInSec"})),
}
"""Rows that are kept: a site may have a million devices, and secrets are among the options."""

_KEPT_BYTES: Final = 48 << 20
_CELL_BYTES: Final = 80


@dataclass(slots=True)
class Table:
    """The rows of one table, with the wanted columns that this dump has."""

    columns: tuple[str, ...]
    rows: list[tuple[str | None, ...]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Row]:
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Tables:
    """The wanted tables of a dump that were read to their ends."""

    def __init__(self) -> None:
        self._open: tuple[str, Table] | None = None
        self._tables: dict[str, Table] = {}
        self._kept = 0

    def begin(self, head: CopyHead) -> Block:
        """For the readers of dumps: what becomes of this table's rows."""
        self.close()
        if head.table not in WANTED or head.schema not in (None, "public"):
            return SkippedBlock()
        columns = tuple(name for name in WANTED[head.table] if name in head.columns)
        table = Table(columns)
        self._open = head.table, table
        places = [head.columns.index(name) for name in columns]
        return RowBlock(head.table, len(head.columns), self._taking(head.table, table, places))

    def close(self) -> None:
        """The open table is complete."""
        if self._open is not None:
            name, table = self._open
            self._tables[name], self._open = table, None

    def find(self, *names: str) -> Table | None:
        """The first of these tables that the dump has, or None."""
        return next((self._tables[name] for name in names if name in self._tables), None)

    def has(self, table: str, column: str) -> bool:
        """Whether the dump has that column."""
        return table in self._tables and column in self._tables[table].columns

    def _taking(self, name: str, table: Table, places: list[int]) -> _Taking:
        only = _ONLY.get(name)
        at = table.columns.index(only[0]) if only and only[0] in table.columns else -1
        return _Taking(self, name, table, places, at, only[1] if only else frozenset())

    def count(self, table: str, row: tuple[str | None, ...]) -> None:
        """Bound what is kept. Raises ArchiveFault `oversized-table`."""
        self._kept += sum(len(cell or "") + _CELL_BYTES for cell in row)
        if self._kept > _KEPT_BYTES:
            raise ArchiveFault(
                "oversized-table",
                f"The table {table} of the engine's database is too large to look into.",
                "Check that it is the archive that was meant.",
            )


@dataclass(slots=True)
class _Taking:
    """Takes the rows of one table."""

    tables: Tables
    name: str
    table: Table
    places: list[int]
    only_at: int
    only: frozenset[str | None]

    def __call__(self, cells: Cells) -> None:
        row = tuple(value_of(cells[place]) for place in self.places)
        if self.only_at < 0 or row[self.only_at] in self.only:
            self.tables.count(self.name, row)
            self.table.rows.append(row)
