"""`psql` on the engine's machine: the few questions that a restore asks of the engine's databases.

PostgreSQL is simulated here: who may ask, and what is in a database, is in the world.
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from typing import Final

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import machine_files
from steps.drill.practice_engine.backup_tool.databases import Place, connected
from steps.drill.practice_engine.backup_tool.words import Fatal
from steps.drill.practice_hosts.programs.context import Context
from steps.drill.practice_hosts.world import Facts

_TABLES: Final = {machine_files.ENGINE_DATABASE: 200, machine_files.HISTORY_DATABASE: 60}
"""About so many have those of an engine 4.5."""


def psql(context: Context, arguments: list[str]) -> int:
    """`psql -h HOST -p PORT -U USER -d DATABASE -f -`, with SQL on standard input."""
    found = {a: b for a, b in pairwise(arguments) if a[:1] == "-"}
    sql = " ".join(sys.stdin.read().split())
    try:
        place = Place(
            found["-h"], int(found["-p"]), found["-d"], found["-U"], _password(found)
        )  # fmt: skip
        database = connected(context.facts(), context.host_name, place)
    except (KeyError, ValueError):
        return context.complain("psql: only -h, -p, -U and -d are simulated here", 2)
    except Fatal:
        user = found["-U"]
        return context.complain(f'psql: error: password authentication failed for user "{user}"', 2)
    answer = _answer(context, place.name, str(database.get("content", "")), sql)
    if answer is None:
        return context.complain("ERROR:  this question is not simulated here", 3)
    print(answer)
    return 0


def _password(found: dict[str, str]) -> str:
    """Out of the password file, as libpq reads it."""
    with open(os.environ.get("PGPASSFILE", "/dev/null")) as file:
        for line in file:
            host, _, rest = line.rstrip("\n").partition(":")
            fields = [host, *rest.split(":", 3)]
            if fields[:4] == [found["-h"], found["-p"], found["-d"], found["-U"]]:
                return fields[4].replace("\\:", ":").replace("\\\\", "\\")
    return ""


def _answer(context: Context, name: str, content: str, sql: str) -> str | None:
    if "FROM pg_tables" in sql:
        return str(_TABLES.get(name, 10) if content else 0)
    if content not in (machine_files.LIVE, machine_files.RESTORED):
        return None
    rows = _rows(context, restored=content == machine_files.RESTORED)
    if "FROM vds_static" in sql:
        return str(len(rows["hosts"]))
    if "FROM vm_static" in sql:
        return str(len(rows["machines"]))
    if "'DbJustRestored'" in sql:
        return "1" if content == machine_files.RESTORED else "0"
    return None


def _rows(context: Context, *, restored: bool) -> Facts:
    facts = context.facts()
    rows: Facts = context.host(facts)["restored"] if restored else facts[db.KEY]
    return rows
