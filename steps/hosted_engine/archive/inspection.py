"""Everything that an inspection found, as data that goes to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from steps.hosted_engine.archive.effects import LeftUp
from steps.hosted_engine.archive.engine_files import DatabaseThere
from steps.hosted_engine.archive.engine_model import (
    Cluster,
    DataCenter,
    Host,
    StorageDomain,
    Vm,
)
from steps.hosted_engine.archive.newcomer import Conflict
from steps.hosted_engine.archive.problems import NO_ARCHIVE, Problem
from steps.hosted_engine.archive.warehouse import Warehouse

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the archive is built: compressors by name (`none`), `directory` for a tree of files."""

    outer: str | None
    files: str | None
    db_format: str | None
    db_compressor: str | None
    hash: str | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """None stands for what the era or the scope of the backup cannot tell."""

    version: str | None
    os_version: str | None
    engine_fqdn: str | None
    backup_time: str | None
    scopes: Names
    dwh_present: bool | None
    engine_db_host: str | None
    dwh_db_host: str | None
    layout: Layout
    hosts: tuple[Host, ...] | None
    vms: tuple[Vm, ...] | None
    he_hosts: Names | None
    idle_maintenance_hosts: Names | None
    ready_failover_hosts: Names | None
    restore_sets_down: Names | None
    left_up_on_old_host: tuple[LeftUp, ...] | None
    he_storage: tuple[StorageDomain, ...] | None
    clusters: tuple[Cluster, ...] | None
    data_centers: tuple[DataCenter, ...] | None
    storage_domains: tuple[StorageDomain, ...] | None
    disable_fence_at_startup_s: int | None
    conflicts: tuple[Conflict, ...] | None
    problems: tuple[Problem, ...]
    fit_for_restore: bool
    unresolved_names: Names = ()
    """Names of old hosts whose addresses nobody could tell, so that they were not compared."""
    dwh: Warehouse | None = None
    """What the dump of the data warehouse tells, where there is one."""
    databases: tuple[DatabaseThere, ...] = ()
    """Where each database was, as far as the archive's files tell more than its host."""
    ca_fingerprint: str | None = None
    """SHA-256 of the engine's CA as openssl prints it, where the archive holds its files."""

    def database(self, scope: str) -> DatabaseThere:
        """Where that database was; as far as it is known."""
        hosts = {"db": self.engine_db_host, "dwhdb": self.dwh_db_host}
        found = next((one for one in self.databases if one.scope == scope), None)
        return found or DatabaseThere(scope, hosts.get(scope))

    @property
    def is_archive(self) -> bool:
        """Whether the file is an archive at all."""
        return not any(problem.code in NO_ARCHIVE for problem in self.problems)

    def to_data(self) -> dict[str, Any]:
        """As plain data: what `rekindle inspect --json` prints. The last keys only with a value."""
        data = asdict(self)
        return {k: v for k, v in data.items() if v or k not in _WITH_A_VALUE}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Inspection:
        """The inspection again, out of its own data."""
        names = [field.name for field in fields(cls) if field.name in data]
        return cls(**{name: _value(name, data[name]) for name in names})


_ROWS: Final[Mapping[str, type[Any]]] = {
    "hosts": Host,
    "vms": Vm,
    "left_up_on_old_host": LeftUp,
    "he_storage": StorageDomain,
    "clusters": Cluster,
    "data_centers": DataCenter,
    "storage_domains": StorageDomain,
    "conflicts": Conflict,
    "problems": Problem,
    "databases": DatabaseThere,
}


_WITH_A_VALUE: Final = frozenset({"unresolved_names", "dwh", "databases", "ca_fingerprint"})


def _value(name: str, value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if name == "layout":
        return Layout(**value)
    if name == "dwh":
        return Warehouse(**value)
    if name in _ROWS:
        return tuple(_row(_ROWS[name], row) for row in value)
    return tuple(value)


def _row(kind: type[Any], row: Mapping[str, Any]) -> Any:
    return kind(**{k: tuple(v) if isinstance(v, (list, tuple)) else v for k, v in row.items()})
