"""What is in a restored database, as PostgreSQL itself counts it."""

from __future__ import annotations

from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.rehearsal.scratch_server import OWNER, ScratchServer
from steps.hosted_engine.rehearsal.wire import Connection, Row

# Nothing that the dump brought is looked up by name, or runs: this session is the superuser's.
_SETTINGS: Final = {"search_path": "pg_catalog", "row_security": "off", "jit": "off"}
_TABLES: Final = """
SELECT n.nspname, c.relname,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, 2
"""
_SIZE: Final = "SELECT pg_catalog.pg_database_size(pg_catalog.current_database())"


def count_rows(server: ScratchServer, database: str) -> tuple[dict[str, int], int]:
    """Rows of every table, by its name with its schema; and the bytes of the whole database."""
    with server.connected(OWNER, database, **_SETTINGS) as session:
        tables = _rows(session, _TABLES)
        counts = {f"{schema}.{table}": _count(session, name) for schema, table, name in tables}
        return counts, int(_rows(session, _SIZE)[0][0] or 0)


def _count(session: Connection, name: str | None) -> int:
    # The name comes from the server, which quoted it.
    return int(_rows(session, f"SELECT count(*) FROM ONLY {name}")[0][0] or 0)  # noqa: S608


def _rows(session: Connection, sql: str) -> tuple[Row, ...]:
    answer = session.execute(sql.encode(), keep_rows=True)
    if answer.error is not None:
        raise StepFailed(f"The restored rows cannot be counted: {answer.error.message}.")
    return answer.rows
