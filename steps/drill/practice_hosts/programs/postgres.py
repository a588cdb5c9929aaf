"""psql on a practice site: questions about rows that are there, and who may ask them.

On a machine whose PostgreSQL was made by hand it is the real one. Else the server is simulated:
what is asked is answered by SQLite, out of the tables that the database has in the world; nothing
can be changed that way.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import machine_files, rows
from steps.drill.practice_engine.backup_tool.databases import NOT_EMPTY, server_of
from steps.drill.practice_engine.backup_tool.place import Place
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts.programs import postgres_server
from steps.drill.practice_hosts.programs.context import Context
from steps.drill.practice_hosts.world import Facts

_VALUED: Final = ("-F", "-v", "-h", "-p", "-U", "-d", "-f", "-c")


def psql(context: Context, arguments: list[str]) -> int:
    """`psql -h HOST -p PORT -U USER -d DATABASE -A -t -F SEPARATOR (-c SQL | -f FILE)`."""
    if postgres_server.is_initialised():
        return postgres_server.become("psql", arguments)
    options = _options(arguments)
    facts = context.facts()
    place = Place(
        options.get("-h", "localhost"), int(options.get("-p", "5432")),
        options.get("-d", options.get("-U", "")), options.get("-U", "postgres"), "",
    )  # fmt: skip
    refused = _refused(facts, context.host_name, place)
    if refused:
        return context.complain(f"psql: error: {refused}", 2)
    server = server_of(facts, context.host_name, place)
    assert server is not None
    sql = options.get("-c") or _text(options.get("-f", "-"))
    try:
        found = _asked(_tables(facts, place, server["databases"][place.name]), sql)
    except sqlite3.Error as error:
        return context.complain(f"psql:<stdin>:1: ERROR:  {error}", 3)
    separator = options.get("-F", "|")
    for row in found:
        print(separator.join("" if cell is None else str(cell) for cell in row))
    return 0


def _options(arguments: Sequence[str]) -> dict[str, str]:
    found, at = {}, 0
    while at < len(arguments):
        valued = arguments[at] in _VALUED
        found[arguments[at]] = arguments[at + 1] if valued and at + 1 < len(arguments) else ""
        at += 2 if valued else 1
    return found


def _text(path: str) -> str:
    return sys.stdin.read() if path == "-" else Path(path).read_text()


def _refused(facts: Facts, here: str, place: Place) -> str:
    server = server_of(facts, here, place)
    if server is None:
        return (f'connection to server at "{place.host}", port {place.port} failed: Connection'
                " refused")  # fmt: skip
    role = server["roles"].get(place.user)
    if role is None or role != _password(place):
        return f'FATAL:  password authentication failed for user "{place.user}"'
    if place.name not in server["databases"]:
        return f'FATAL:  database "{place.name}" does not exist'
    return ""


def _password(place: Place) -> str:
    """Out of PGPASSFILE, as libpq takes it; PGPASSWORD counts before."""
    given = os.environ.get("PGPASSWORD")
    file = Path(os.environ.get("PGPASSFILE", "/root/.pgpass"))
    if given is not None or not file.is_file():
        return given or ""
    wanted = (place.host, str(place.port), place.name, place.user)
    for line in file.read_text().splitlines():
        *entry, password = line.split(":", 4)
        if all(word in ("*", want) for word, want in zip(entry, wanted, strict=False)):
            return password.replace("\\:", ":").replace("\\\\", "\\")
    return ""


def _tables(facts: Facts, place: Place, database: Facts) -> rows.Tables:
    content = database.get("content", "")
    if not content:
        left = facts["faults"].get(NOT_EMPTY)
        return {"leftover": (("id",), [["1"]])} if left else {}
    if place.name != machine_files.ENGINE_DATABASE and "history" in place.name:
        return rows.history_tables()
    machine = engine_machine.server_of(facts) or {}
    restored = content == machine_files.RESTORED
    record = machine.get("restored") if restored else facts.get(db.KEY)
    return rows.tables_of(facts, record, 0.0) if record else {}


def _asked(tables: rows.Tables, sql: str) -> list[tuple[object, ...]]:
    """The last statement's rows."""
    with sqlite3.connect(":memory:") as memory:
        memory.execute("CREATE TABLE pg_tables (schemaname, tablename)")
        for name, (columns, found) in tables.items():
            memory.execute("INSERT INTO pg_tables VALUES ('public', ?)", (name,))
            names = ", ".join(f'"{column}"' for column in columns)
            memory.execute(f'CREATE TABLE "{name}" ({names})')
            places = ", ".join("?" * len(columns))
            memory.executemany(f'INSERT INTO "{name}" VALUES ({places})', found)  # noqa: S608
        memory.execute("PRAGMA query_only = ON")
        answer: list[tuple[object, ...]] = []
        for statement in filter(str.strip, sql.split(";")):
            answer = memory.execute(statement).fetchall()
        return answer
