"""`engine-backup --mode=backup`: an archive of the machine's files and its databases' rows."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Final

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import rows
from steps.drill.practice_engine.archive_builder import Recipe, build
from steps.drill.practice_engine.backup_tool.databases import NAMES, TITLES, connected
from steps.drill.practice_engine.backup_tool.options import DATABASES, PLAIN, Options
from steps.drill.practice_engine.backup_tool.place import Place
from steps.drill.practice_engine.backup_tool.unpacking import DUMPS
from steps.drill.practice_engine.backup_tool.words import Fatal, Words
from steps.drill.practice_engine.dump_writer import CustomDump, copy_block, definition, plain
from steps.drill.practice_engine.machine_files import DATABASE_CONF, HISTORY_CONF
from steps.drill.practice_hosts.world import Facts, World

FAILS: Final = "engine-backup-fails"
"""A fault: the dump of the engine's database fails."""
NO_ROOM: Final = "engine-backup-no-room"
"""A fault: hardly any room is left where the archive is to be."""
_SECONDS: Final = 20.0
_KEPT: Final = (
    "etc/ovirt-engine", "etc/ovirt-engine-dwh", "etc/ovirt-engine-setup.conf.d",
    "etc/pki/ovirt-engine", "var/lib/ovirt-engine",
)  # fmt: skip
_CONFS: Final = {"db": DATABASE_CONF, "dwhdb": HISTORY_CONF}
_ERA: Final = (14, "zlib")
"""Version 1.14 of the custom format, as PostgreSQL 12 to 15 write it."""
_COMPRESSORS: Final = {"None": "none"}


def make(world: World, here: str, options: Options, words: Words, version: str) -> None:
    """Make it. Raises Fatal; the file is there from the beginning, and empty until the end."""
    file = Path(options.file)
    facts = world.read()
    header(options, words)
    _check_room(facts, words, file)
    scopes = [
        scope for scope in ("db", "dwhdb") if options.wants(scope) and _has(facts, here, scope)
    ]
    for scope in scopes:
        connected(facts, here, _place(scope))
    words.say("Backing up:", "Notifying engine")
    if options.wants("files"):
        words.say("- Files")
        world.sleep(_SECONDS)
    dumps = {}
    for scope in scopes:
        words.say(f"- {TITLES[scope]} database '{_place(scope).name}'")
        world.sleep(_SECONDS)
        if scope == "db" and world.fault(FAILS):
            words.note("pg_dump: error: could not write to output file")
            words.say("Notifying engine")
            raise Fatal("Database engine backup failed")
        dumps[DUMPS[scope]] = _dump(_tables(world, scope), options.formats[f"{DATABASES[scope]}db"])
    words.say(f"Packing into file '{file}'")
    build(file, _recipe(options, dumps, version))
    _noted(world)
    words.say("Notifying engine", "Done.")


def header(options: Options, words: Words) -> None:
    """The lines at the beginning, since 4.3."""
    scope = ",".join(options.scopes)
    words.say(
        f"Start of engine-backup with mode '{options.mode}'", f"scope: {scope}",
        f"archive file: {options.file}", f"log file: {options.log}",
    )  # fmt: skip


def _check_room(facts: Facts, words: Words, file: Path) -> None:
    if facts["faults"].get(NO_ROOM):
        words.say(f"ERROR: Low free space on {file.parent}: 812KiB")
        raise Fatal("Insufficient free space")


def _has(facts: Facts, here: str, scope: str) -> bool:
    return _CONFS.get(scope) is not None and (Path("/") / _CONFS[scope]).is_file()


def _place(scope: str) -> Place:
    text = (Path("/") / _CONFS[scope]).read_text()
    found = Place.configured(text)
    return found if re.search("_DB_DATABASE=", text) else Place(
        "localhost", 5432, NAMES[scope], NAMES[scope], found.password
    )  # fmt: skip


def _tables(world: World, scope: str) -> rows.Tables:
    if scope != "db":
        return rows.history_tables()
    with world.change() as facts:
        db.settle(facts[db.KEY], world.now(facts))
        known = json.loads(json.dumps(facts))
    return rows.tables_of(known, known[db.KEY], time.time())


def _dump(tables: rows.Tables, form: str) -> bytes:
    if form == PLAIN:
        return plain(*(definition(name, columns)
                       + copy_block(f"public.{name} ({', '.join(columns)})", found)
                       for name, (columns, found) in tables.items()))  # fmt: skip
    minor, algorithm = _ERA
    return CustomDump(minor, algorithm, chunk=4096, restorable=True).dump(tables)


def _recipe(options: Options, dumps: dict[str, bytes], version: str) -> Recipe:
    packed = {name: _COMPRESSORS.get(word, word) for name, word in options.compressors.items()}
    return Recipe(
        version=version, os_version=_system(), outer=packed["archive"], files=packed["files"],
        db_compressor=packed["db"], with_files=options.wants("files"), config=_config(options),
        dumps=dumps, root=Path("/"), kept=_KEPT,
    )  # fmt: skip


def _config(options: Options) -> str:
    lines = []
    for kind in ("db", "dwh-db", "cinderlib-db", "keycloak-db"):
        prefix = kind.upper().replace("-", "_")
        compressor = options.compressors[kind]
        lines.append(f"{prefix}_DUMP_COMPRESSOR={'' if compressor == 'None' else compressor}")
        # The script keeps the format of its own default where there is no such database.
        form = options.formats[kind] if kind in ("db", "dwh-db") else "custom"
        lines.append(f"{prefix}_DUMP_FORMAT={form}")
    return "\n".join(lines) + "\n"


def _system() -> str:
    text = Path("/etc/os-release").read_text()
    found = dict(re.findall(r'^(ID|VERSION_ID)="?([^"\n]*)"?$', text, re.MULTILINE))
    return f"{found.get('ID', 'unknown')}{found.get('VERSION_ID', '').partition('.')[0]}"


def _noted(world: World) -> None:
    with world.change() as facts:
        db.note(facts[db.KEY], world.now(facts), "Engine backup completed successfully.")
