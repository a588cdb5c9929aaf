"""What one pass over an archive brings to light, before anything is concluded from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from steps.hosted_engine.archive.config_member import DumpConfig
from steps.hosted_engine.archive.engine_files import EngineFiles
from steps.hosted_engine.archive.problems import ArchiveFault, Problem
from steps.hosted_engine.archive.tables import Tables
from steps.hosted_engine.archive.warehouse import Warehouse

SCOPES: Final = {
    "engine_backup.db": "db",
    "dwh_backup.db": "dwhdb",
    "reports_backup.db": "reportsdb",
    "cinderlib_backup.db": "cinderlibdb",
    "keycloak_backup.db": "keycloakdb",
    "managedblock_backup.db": "managedblockdb",
    "grafana.db": "grafanadb",
}
"""Scope of engine-backup by the dump's name below db/, without a compressor's suffix."""
NO_DUMPS: Final = frozenset({"grafanadb"})
"""Scopes that are no dump of PostgreSQL: Grafana keeps a file of SQLite."""


@dataclass(slots=True)
class Contents:
    """Filled while the archive is read."""

    outer: str = ""
    complete: bool = False
    version: str | None = None
    os_version: str | None = None
    files: str | None = None
    """How the engine's files are kept: `directory`, or what their archive is compressed with."""
    config: DumpConfig | None = None
    hash_kind: str | None = None
    db_format: str | None = None
    db_compressor: str | None = None
    engine_files: EngineFiles = field(default_factory=EngineFiles)
    tables: Tables = field(default_factory=Tables)
    warehouse: Warehouse | None = None
    scopes: list[str] = field(default_factory=list)
    times: dict[str, int] = field(default_factory=dict)
    """When a member was made, in seconds since 1970, by scope or member name."""
    problems: list[Problem] = field(default_factory=list)

    def add(self, *found: Problem | ArchiveFault) -> None:
        """Note a problem once."""
        for each in found:
            problem = each.problem if isinstance(each, ArchiveFault) else each
            if problem not in self.problems:
                self.problems.append(problem)

    def add_all(self, found: Sequence[Problem]) -> None:
        """Note several."""
        self.add(*found)

    @property
    def ordered_scopes(self) -> tuple[str, ...]:
        """The scopes in the order in which engine-backup names them."""
        return tuple(scope for scope in ("files", *SCOPES.values()) if scope in self.scopes)

    def add_scope(self, scope: str, made: int) -> None:
        """A scope is in the archive."""
        if scope not in self.scopes:
            self.scopes.append(scope)
        self.times.setdefault(scope, made)
