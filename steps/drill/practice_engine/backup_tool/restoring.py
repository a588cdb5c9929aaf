"""`engine-backup --mode=restore`: files first, then databases; and what it says on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from steps.drill.practice_engine import machine_files, rows
from steps.drill.practice_engine.backup_tool import real_databases
from steps.drill.practice_engine.backup_tool.databases import (
    NAMES,
    TITLES,
    connected,
    need_empty,
    provision,
    strike,
)
from steps.drill.practice_engine.backup_tool.options import DATABASES, Options
from steps.drill.practice_engine.backup_tool.place import Place
from steps.drill.practice_engine.backup_tool.unpacking import (
    DUMPS,
    Unpacked,
    check_version,
    unpacked,
)
from steps.drill.practice_engine.backup_tool.words import Fatal, Words, framed
from steps.drill.practice_engine.rows import ENGINE_ORIGINS, Record
from steps.drill.practice_engine.rows_back import database_of, reset_available_machines
from steps.drill.practice_hosts.world import Facts, World

_FILES: Final = {"db": machine_files.DATABASE_CONF, "dwhdb": machine_files.HISTORY_CONF}
_PREFIXES: Final = {"db": "ENGINE", "dwhdb": "DWH"}
_SECONDS: Final = 20.0
NO_FLAG: Final = (
    "Please pass one of --restore-permissions or --no-restore-permissions when restoring a backup"
    " with a custom dump format"
)


def restore(world: World, here: str, options: Options, words: Words, version: str) -> None:
    """Restore it. Raises Fatal; after that the machine may be half restored, as the real one is."""
    words.say("Preparing to restore:")
    if world.read()["servers"][here]["services"]["ovirt-engine"] == "active":
        raise Fatal("Engine service is active - can not restore backup")
    _check_credentials(world, here, options, words)
    words.say(f"- Unpacking file '{options.file}'")
    with unpacked(Path(options.file), options.temporary) as found:
        check_version(found, version)
        scopes = _scopes(options, found)
        _files(world, options, words, found)
        if found.says_custom and options.permissions is None and not options.provision:
            raise Fatal(NO_FLAG)
        places = {scope: _place(options, scope) for scope in scopes}
        _provision(world, here, options, words, places)
        for scope in scopes:
            words.say(f"- {TITLES[scope]} database '{places[scope].name}'")
            world.sleep(_SECONDS)
            _load(world, here, options, words, found, scope, places[scope])
        words.say("You should now run engine-setup.", "Done.")


def _check_credentials(world: World, here: str, options: Options, words: Words) -> None:
    """Those that are given are tried before anything is touched."""
    for scope, prefix in DATABASES.items():
        if prefix in options.change and options.wants(scope):
            place = Place.given(options.place(prefix))
            words.say(f"- Setting credentials for {TITLES[scope]} database '{place.name}'")
            if scope == "db":
                strike(world, here, place)
            facts = world.read()
            need_empty(facts, place, connected(facts, here, place))


def _scopes(options: Options, found: Unpacked) -> list[str]:
    wanted = [scope for scope in DUMPS if options.wants(scope) and found.dump(scope)]
    missing = [s for s in DUMPS if s in options.scopes and not found.dump(s)]
    if missing:
        raise Fatal(f"Backup does not contain scope {missing[0]}")
    return wanted


def _files(world: World, options: Options, words: Words, found: Unpacked) -> None:
    words.say("Restoring:")
    if options.wants("files") and (found.folder / "files").is_file():
        words.say("- Files")
        world.sleep(_SECONDS)
        found.put_files(Path("/"))
        words.say("Checking certificates for legacy encryption:",
                  "  no certificate uses legacy encryption")  # fmt: skip


def _place(options: Options, scope: str) -> Place:
    prefix = DATABASES[scope]
    if prefix in options.change:
        return Place.given(options.place(prefix))
    file = Path("/") / _FILES.get(scope, "nowhere")
    if file.is_file():
        return Place.configured(file.read_text())
    name = NAMES[scope]
    return Place("localhost", 5432, name, name, machine_files.PASSWORD)


def _provision(
    world: World, here: str, options: Options, words: Words, places: dict[str, Place]
) -> None:
    made = {s: p for s, p in places.items() if DATABASES[s] in options.provision}
    if not made:
        return
    words.say("Provisioning PostgreSQL users/databases:")
    for place in made.values():
        words.say(f"- user '{place.user}', database '{place.name}'")
        world.sleep(_SECONDS)
        with world.change() as facts:
            provision(facts, here, place, "")
    words.say("Restoring:")


def _load(
    world: World, here: str, options: Options, words: Words, found: Unpacked, scope: str,
    place: Place,
) -> None:  # fmt: skip
    record = None
    if scope == "db":
        record = restored_record(found, world.read())
        for line in _engine_lines(place, options):
            words.say(line)
        remove_engine_parts(record, world.read(), options.remove_storage, options.remove_hosts)
    with world.change() as facts:
        database = connected(facts, here, place)
        need_empty(facts, place, database)
        database["content"] = machine_files.RESTORED
        known = dict(facts)
        if record is not None:
            facts["servers"][here]["restored"] = record
    if real_databases.has(place):
        changed = rows.tables_of(known, record, time.time()) if record else found.tables(scope)
        real_databases.fill(place, changed)
    if record is not None:
        words.note("pg_restore: error: could not execute query: ERROR: must be owner of"
                   " extension plpgsql (ignored)")  # fmt: skip
        words.say(*_date_note(found))
    if DATABASES[scope] in options.change and scope in _FILES:
        _rewrite(words, scope, place)


def restored_record(found: Unpacked, facts: Facts) -> Record:
    """What the engine will know: the dump's rows, with what every restore changes. Raises Fatal."""
    account = str(facts.get("database", {}).get("account", "admin@internal"))
    try:
        record = database_of(found.tables("db"), account)
    except KeyError as missing:
        raise Fatal("Errors while restoring database engine", f"relation {missing}") from None
    reset_available_machines(record)
    record["just_restored"] = True
    return record


def _engine_lines(place: Place, options: Options) -> Iterator[str]:
    yield f"  - Cleaning up temporary tables in engine database '{place.name}'"
    yield "  - Updating DbJustRestored VdcOption in engine database"
    yield "  - Resetting DwhCurrentlyRunning in dwh_history_timekeeping in engine database"
    yield "  - Resetting HA VM status"
    if options.remove_storage:
        yield ("  - Removing the hosted-engine storage domain, all its entities and the"
               " hosted-engine VM.")  # fmt: skip
    if options.remove_hosts:
        yield "  - Removing all the hosted-engine hosts."
        yield ("  - Please redeploy already existing HE hosts IMMEDIATELY after restore, to avoid"
               " possible SPM deadlocks.")  # fmt: skip


def remove_engine_parts(record: Record, facts: Facts, storage: bool, hosts: bool) -> None:
    """What --he-remove-storage-vm and --he-remove-hosts take out of the database."""
    if storage:
        record["machines"] = [m for m in record["machines"] if m["origin"] not in ENGINE_ORIGINS]
        record["storage"] = [d for d in record["storage"] if d["name"] != "hosted_storage"]
    if hosts:
        gone = {host["id"] for host in record["hosts"]
                if facts["hosts"].get(host["address"], {}).get("ha", {}).get("joined")}  # fmt: skip
        record["hosts"] = [host for host in record["hosts"] if host["id"] not in gone]
        for machine in record["machines"]:
            if machine["host"] in gone:
                machine.update(status="down", host="")


def _date_note(found: Unpacked) -> tuple[str, ...]:
    dump = found.dump("db")
    made = time.gmtime(dump.stat().st_mtime if dump else 0)
    stamp = time.strftime("%Y-%m-%d %H:%M:%S.000000000 +0000", made)
    return framed(
        "Please note:", f"The engine database was backed up at {stamp} .",
        "Objects that were added, removed or changed after this date, such as virtual",
        "machines, disks, etc., are missing in the engine, and will probably require",
        "recovery or recreation.",
    )  # fmt: skip


def _rewrite(words: Words, scope: str, place: Place) -> None:
    file = Path("/") / _FILES[scope]
    words.say(f"Rewriting {file}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        machine_files.database_conf(
            _PREFIXES[scope], place.name, place.user, host=place.host, port=place.port,
            password=place.password, secured=place.secured,
        )
    )  # fmt: skip


def verify(world: World, options: Options, words: Words, version: str) -> None:
    """`--mode=verify`: checksums and version; and every plain dump fails. Raises Fatal."""
    words.say("Verifying:", f"- Unpacking file '{options.file}'")
    with unpacked(Path(options.file), options.temporary) as found:
        check_version(found, version)
        if found.dump("db"):
            words.say(f"- Engine database '{NAMES['db']}'")
            world.sleep(_SECONDS)
            if found.is_plain("db"):
                raise Fatal("Errors while running pg_restore")
    words.say("Done.")
