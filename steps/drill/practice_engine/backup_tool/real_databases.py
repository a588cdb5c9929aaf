"""Databases of a practice machine whose PostgreSQL was made by hand: the real server is asked.

Rows are those of the archive; every column is a text, for the archives of a practice site hold no
definitions of tables.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from steps.drill.practice_engine import machine_files
from steps.drill.practice_engine.backup_tool.place import LOCAL, Place
from steps.drill.practice_engine.backup_tool.words import Fatal
from steps.drill.practice_engine.dump_writer import Rows, copy_block, definition
from steps.drill.practice_hosts.programs import postgres_server

_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public';"
_OPTION: Final = "option_name = 'DbJustRestored'"
_RESTORED: Final = f"SELECT 1 FROM vdc_options WHERE {_OPTION} AND option_value = '1';"  # noqa: S608
_TAKEN: Final = f"UPDATE vdc_options SET option_value = '0' WHERE {_OPTION};"  # noqa: S608


class Unanswered(Exception):
    """The server does not let that user in, or does not do what it is told; the text is its own."""


def has(place: Place) -> bool:
    """Whether that place is on this machine's own server."""
    return place.host in LOCAL and postgres_server.is_initialised()


def opened(place: Place) -> str:
    """What it holds, as machine_files has it; empty for nothing. Raises Fatal."""
    try:
        return content(place)
    except Unanswered as error:
        raise Fatal(f"Can't connect to database '{place.name}'. Please see '/usr/bin/engine-backup"
                    " --help'.", logged=str(error)) from None  # fmt: skip


def content(place: Place) -> str:
    """The same. Raises Unanswered."""
    tables = asked(place, _TABLES).split()
    if "vdc_options" in tables:
        return machine_files.RESTORED if asked(place, _RESTORED) else machine_files.LIVE
    if machine_files.HISTORY_TABLE in tables:
        return machine_files.LIVE
    return machine_files.LEFTOVER if tables else ""


def fill(place: Place, tables: Mapping[str, tuple[Sequence[str], Rows]]) -> None:
    """Make these tables in it, all or none. Raises Fatal."""
    parts = [b"BEGIN;\n"]
    for name, (columns, rows) in tables.items():
        quoted = [f'"{column}"' for column in columns]
        parts.append(definition(name, columns))
        parts.append(copy_block(f'public."{name}" ({", ".join(quoted)})', rows))
    try:
        asked(place, b"".join([*parts, b"COMMIT;\n"]))
    except Unanswered as error:
        raise Fatal(f"Errors while restoring database {place.name}", logged=str(error)) from None


def leave_something(place: Place) -> None:
    """As somebody might who has been there before."""
    asked(place, "CREATE TABLE leftover AS SELECT 1 AS id;")


def take_up(place: Place) -> None:
    """engine-setup was here: it is a running engine's database now. Raises Unanswered."""
    if content(place) == machine_files.RESTORED:
        asked(place, _TAKEN)


def clear(place: Place) -> None:
    """Take everything of its user's out of it; the database stays. Raises Unanswered."""
    asked(place, "DROP OWNED BY CURRENT_USER CASCADE;")


def dump(place: Place, file: Path) -> None:
    """A dump of it, in a file that only root reads. Raises Unanswered."""
    dumped = _run(place, "pg_dump", "-w", "--format=custom")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(dumped)


def asked(place: Place, sql: str | bytes) -> str:
    """What the server answers, over the way that the engine takes. Raises Unanswered."""
    words = ("-XwqAt", "-v", "ON_ERROR_STOP=1", "-f", "-")
    said = _run(place, "psql", *words, given=sql if isinstance(sql, bytes) else sql.encode())
    return said.decode(errors="replace").strip()


def _run(place: Place, name: str, *words: str, given: bytes = b"") -> bytes:
    program = postgres_server.program(name)
    if program is None:
        raise Unanswered(postgres_server.MISSING)
    entry = ":".join(
        part.replace("\\", "\\\\").replace(":", "\\:")
        for part in (place.host, str(place.port), place.name, place.user, place.password)
    )
    where = ["-h", place.host, "-p", str(place.port), "-U", place.user, "-d", place.name]
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(f"{entry}\n")
        file.flush()
        done = subprocess.run(
            [str(program), *words, *where], input=given, capture_output=True, check=False,
            env={"PGPASSFILE": file.name, "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )  # fmt: skip
    if done.returncode != 0:
        raise Unanswered(done.stderr.decode(errors="replace").strip())
    return done.stdout
