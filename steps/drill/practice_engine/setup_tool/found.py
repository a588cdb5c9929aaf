"""What engine-setup finds on the machine: an engine, a restored one, or none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from steps.drill.practice_engine import machine_files
from steps.drill.practice_engine.backup_tool import real_databases
from steps.drill.practice_engine.backup_tool.databases import server_of
from steps.drill.practice_engine.backup_tool.place import Place
from steps.drill.practice_hosts.tool.dialects import Ended
from steps.drill.practice_hosts.tool.session import Session
from steps.drill.practice_hosts.world import Facts

_ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Found:
    """`engine` and `history` are where the databases are; none before the first set-up."""

    restored: bool
    running: bool
    fqdn: str
    engine: Place | None = None
    history: Place | None = None

    @property
    def is_new(self) -> bool:
        """Nothing was ever set up here, nor restored."""
        return self.engine is None


def look(session: Session) -> Found:
    """Look. Raises Ended where the files name a database that is not that of an engine."""
    facts = session.world.read()
    server = facts["servers"][session.name]
    running = server["services"]["ovirt-engine"] == "active"
    conf = _ROOT / machine_files.DATABASE_CONF
    if not conf.is_file():
        return Found(False, running, session.name)
    engine = Place.configured(conf.read_text())
    content = _content(facts, session.name, engine)
    if content not in (machine_files.LIVE, machine_files.RESTORED):
        raise Ended("Cannot connect to Engine database using existing credentials:"
                    f" {engine.user}@{engine.host}:{engine.port}")  # fmt: skip
    restored = content == machine_files.RESTORED
    if restored:
        session.debug("The engine DB has been restored from a backup")
    history = _ROOT / machine_files.HISTORY_CONF
    return Found(
        restored, running, _fqdn() or session.name, engine,
        Place.configured(history.read_text()) if history.is_file() else None,
    )  # fmt: skip


def _content(facts: Facts, here: str, place: Place) -> str:
    if real_databases.has(place):
        try:
            return real_databases.content(place)
        except real_databases.Unanswered:
            return ""
    server = server_of(facts, here, place)
    if server is None or server["roles"].get(place.user) != place.password:
        return ""
    return str(server["databases"].get(place.name, {}).get("content", ""))


def _fqdn() -> str:
    path = _ROOT / machine_files.PROTOCOLS
    lines = path.read_text().splitlines() if path.is_file() else []
    return next((line.partition("=")[2] for line in lines if line.startswith("ENGINE_FQDN=")), "")
