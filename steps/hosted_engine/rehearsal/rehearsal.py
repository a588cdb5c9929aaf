"""What a rehearsal found, as data that goes to JSON and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a rehearsal is: what it does now, and how far that is."""

    doing: str
    done: int = 0
    total: int = 0
    unit: str = "B"


Progress = Callable[[Stage], None]
"""Called often, in the thread that rehearses."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows of one table: as our own reader counts them in the dump, and as PostgreSQL does after
    the restore. None: the dump, or the database, has no such table."""

    table: str
    in_dump: int | None
    in_database: int | None

    @property
    def agrees(self) -> bool:
        """Whether every row came back; a table that the dump brings no rows for is empty."""
        return self.in_database is not None and (self.in_dump or 0) == self.in_database


@dataclass(frozen=True, slots=True)
class RestoreError:
    """Something that PostgreSQL said no to. `expected` says why it does not count, where it does
    not: engine-backup passes over the same."""

    message: str
    times: int = 1
    expected: str = ""


@dataclass(frozen=True, slots=True)
class RehearsedDatabase:
    """One database: `scope` is engine-backup's name for it (`db`, `dwhdb`, ...)."""

    scope: str
    member: str
    format: str
    compressor: str
    made_by: str | None
    """The version of the server that was dumped; None where the dump does not say."""
    dump_bytes: int
    """The dump without its compression, as it went to PostgreSQL."""
    database_bytes: int
    seconds: float
    tables: tuple[TableRows, ...]
    errors: tuple[RestoreError, ...]

    @property
    def rows(self) -> int:
        """All rows that PostgreSQL counts."""
        return sum(table.in_database or 0 for table in self.tables)

    @property
    def differing(self) -> tuple[TableRows, ...]:
        """Tables whose rows are not all there."""
        return tuple(table for table in self.tables if not table.agrees)

    @property
    def real_errors(self) -> tuple[RestoreError, ...]:
        """Errors that engine-backup would stop at as well."""
        return tuple(error for error in self.errors if not error.expected)

    @property
    def passed(self) -> bool:
        """Every row is there, and nothing went wrong on the way."""
        return not self.real_errors and not self.differing


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Every database of one archive; `archive_sha256` says of which, `at` when (UTC, ISO)."""

    archive: str
    archive_sha256: str
    at: str
    server: str
    """The version of the scratch PostgreSQL."""
    seconds: float
    databases: tuple[RehearsedDatabase, ...]
    left_out: tuple[str, ...] = ()
    """Scopes in the archive that are no database of PostgreSQL, or were not asked for."""

    @property
    def passed(self) -> bool:
        """Every database came back whole."""
        return bool(self.databases) and all(database.passed for database in self.databases)

    @property
    def summary(self) -> str:
        """For instance `db: 254 tables, 81234 rows, all as in the backup; dwhdb: ...`."""
        return "; ".join(_told(database) for database in self.databases) or "no database"

    def to_data(self) -> dict[str, Any]:
        """As plain data; `passed` is said for every database and for all."""
        data = asdict(self)
        for database, row in zip(self.databases, data["databases"], strict=True):
            row["passed"] = database.passed
        return data | {"passed": self.passed}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Rehearsal:
        """The rehearsal again, out of its own data."""
        plain = {key: value for key, value in data.items() if key != "passed"}
        databases = tuple(_database(row) for row in data["databases"])
        return cls(**plain | {"databases": databases, "left_out": tuple(data["left_out"])})


def _database(data: Mapping[str, Any]) -> RehearsedDatabase:
    plain = {key: value for key, value in data.items() if key != "passed"}
    plain["tables"] = tuple(TableRows(**row) for row in data["tables"])
    plain["errors"] = tuple(RestoreError(**row) for row in data["errors"])
    return RehearsedDatabase(**plain)


def _told(database: RehearsedDatabase) -> str:
    said = f"{database.scope}: {len(database.tables)} tables, {database.rows} rows"
    if database.passed:
        return f"{said}, all as in the backup"
    wrong = []
    if database.differing:
        wrong.append(f"{len(database.differing)} tables differ")
    if database.real_errors:
        wrong.append(f"{sum(error.times for error in database.real_errors)} errors")
    return f"{said}, {' and '.join(wrong)}"
