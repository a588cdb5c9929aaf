"""What is known of a database that is there already."""

from __future__ import annotations

from dataclasses import dataclass

from steps.hosted_engine.machine_restore.postgres_server import PostgresServer, text_in_sql

_LOOK = """
SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype,
  (SELECT count(*) FROM pg_stat_activity WHERE pg_stat_activity.datname = {name})
FROM pg_database WHERE datname = {name}
"""
_TABLES = """
SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'v', 'm', 'S', 'p', 'f') AND nspname !~ '^pg_'
  AND nspname <> 'information_schema'
"""


@dataclass(frozen=True, slots=True)
class Found:
    """One database: its owner, how its texts are kept, and what uses it."""

    owner: str
    encoding: str
    collation: str
    letters: str
    connections: int
    tables: int

    @property
    def told(self) -> str:
        """On one line."""
        return (
            f"It belongs to {self.owner}, has {self.tables} tables, encoding {self.encoding},"
            f" collation {self.collation}; {self.connections} connections are open."
        )

    def wrong_for(self, owner: str, collation: str) -> str:
        """Why engine-backup could not restore into it; empty where it could.

        `collation` empty: whatever it has is right.
        """
        if self.tables:
            return f"it is not empty, it has {self.tables} tables"
        if self.owner != owner:
            return f"it belongs to {self.owner}, not to {owner}"
        if self.encoding != "UTF8":
            return f"its encoding is {self.encoding}, not UTF8"
        if collation and not (
            same_locale(self.collation, collation) and same_locale(self.letters, collation)
        ):
            return f"its collation is {self.collation}, not {collation}"
        return ""


def find_database(server: PostgresServer, name: str) -> Found | None:
    """What is known of it, or None where there is no such database."""
    rows = server.sql(_LOOK.format(name=text_in_sql(name)))
    if not rows:
        return None
    owner, encoding, collation, letters, connections = rows[0]
    tables = int(server.value(_TABLES, name) or 0)
    return Found(owner, encoding, collation, letters, int(connections), tables)


def same_locale(one: str, other: str) -> bool:
    """Whether both name one locale: `en_US.UTF-8` is `en_US.utf8` too."""
    return one.lower().replace("-", "") == other.lower().replace("-", "")
