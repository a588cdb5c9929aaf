"""`engine-cleanup`: the engine's configuration and what is in its databases go; the packages stay.

Facts: oVirt's own engine-cleanup of 4.5. The databases stay, emptied, and so do their users.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from steps.drill.practice_engine import machine_files
from steps.drill.practice_engine.backup_tool import real_databases
from steps.drill.practice_engine.backup_tool.databases import server_of
from steps.drill.practice_engine.backup_tool.place import Place
from steps.drill.practice_engine.setup_tool import questions, work
from steps.drill.practice_engine.setup_tool.start import carry_out
from steps.drill.practice_hosts.tool.dialects import ERROR, WARNING, Ended
from steps.drill.practice_hosts.tool.session import Session
from steps.drill.practice_hosts.world import World

BACKUPS: Final = Path("/var/lib/ovirt-engine/backups")
_ROOT: Final = Path("/")
_DATABASES: Final = (("Engine", machine_files.DATABASE_CONF), ("DWH", machine_files.HISTORY_CONF))
_NEVER_SET_UP: Final = (
    "Please use the cleanup utility only after a setup or after an upgrade from an older"
    " installation."
)
_REMOVE: Final = (
    "All the installed ovirt components are about to be removed, data will be lost (@VALUES@)"
    " [@DEFAULT@]: "
)
_STOP: Final = "During execution engine service will be stopped (@VALUES@) [@DEFAULT@]: "


def clean_up(world: World, here: str, options: Sequence[str]) -> int:
    """Take the engine away from this machine; returns the exit code."""
    return carry_out(world, here, options, _run, "cleanup", "ovirt-engine-remove")


def _run(session: Session, _options: Sequence[str], words: Sequence[str]) -> None:
    for stage in ("Initializing", "Environment setup"):
        session.begin(stage)
    session.environment.pairs(words)
    if not (_ROOT / machine_files.SETUP_CONF).is_file():
        session.say("Could not detect a completed product setup", ERROR)
        session.dialect.note(_NEVER_SET_UP)
        raise Ended("Could not detect product setup")
    session.begin("Environment customization")
    session.begin("Setup validation")
    server = session.world.read()["servers"][session.name]
    running = server["services"]["ovirt-engine"] == "active"
    asked = [("OVESETUP_CORE/remove", "OVESETUP_CORE_REMOVE", _REMOVE, "Cancel")]
    if running:
        asked.insert(0, ("OVESETUP_CORE/engineStop", "OVESETUP_CORE_ENGINE_STOP", _STOP, "OK"))
    for key, name, note, default in asked:
        if not questions.agreed(session, key, name, note, default):
            raise Ended("Aborted by user")
    _change(session, running)


def _change(session: Session, running: bool) -> None:
    session.changed = True
    session.begin("Transaction setup")
    if running:
        session.say("Stopping engine service")
        work.stop_engine(session)
    session.begin("Misc configuration")
    kept = [path for title, conf in _DATABASES if (path := _clear(session, title, _ROOT / conf))]
    session.say("Removing files")
    for name in machine_files.FILES:
        (_ROOT / name).unlink(missing_ok=True)
    with session.world.change() as facts:
        facts["engine"]["set_up"] = False
        facts["servers"][session.name].pop("restored", None)
    session.begin("Closing up")
    session.dialect.note("\n--== SUMMARY ==--\n\n")
    for path in kept:
        session.dialect.note(f"A backup of the database is available at {path}")
    session.dialect.note("Engine setup successfully cleaned up")
    session.dialect.note("\n--== END OF SUMMARY ==--\n\n")


def _clear(session: Session, title: str, conf: Path) -> str:
    """Empty one database; returns where a dump of it is kept."""
    if not conf.is_file():
        return ""
    place = Place.configured(conf.read_text())
    kept = ""
    try:
        if real_databases.has(place):
            file = BACKUPS / f"{place.name}-{session.log_file.stem.rpartition('-')[2]}.dump"
            session.say(f"Backing up database {place.host}:{place.name} to '{file}'.")
            real_databases.dump(place, file)
            kept = str(file)
        session.say(f"Clearing {title} database {place.name}")
        _empty(session, place)
    except real_databases.Unanswered as error:
        session.say(f"Cannot clear {title} database: {error}", WARNING)
    return kept


def _empty(session: Session, place: Place) -> None:
    if real_databases.has(place):
        real_databases.clear(place)
        return
    with session.world.change() as facts:
        server = server_of(facts, session.name, place)
        database = (server or {}).get("databases", {}).get(place.name)
        if database is None:
            raise real_databases.Unanswered(f'database "{place.name}" does not exist')
        database["content"] = ""
