"""What engine-setup does after its preview: the engine runs on what is in its database."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import machine_files, startup
from steps.drill.practice_engine.backup_tool import real_databases
from steps.drill.practice_engine.backup_tool.place import Place
from steps.drill.practice_engine.setup_tool.found import Found
from steps.drill.practice_hosts import engine_machine
from steps.drill.practice_hosts.tool.dialects import Ended
from steps.drill.practice_hosts.tool.session import Session
from steps.drill.practice_hosts.world import Facts

FAILS: Final = "engine-setup-fails"
"""A fault: the schema cannot be refreshed."""
_ROOT: Final = Path("/")
_BEFORE: Final = (("Misc configuration (early)", 5.0), ("Package installation", 30.0))


def change(session: Session, found: Found) -> None:
    """Stages from the package installation on. Raises Ended."""
    session.changed = True
    if found.running:
        session.say("Stopping engine service")
        stop_engine(session)
    for stage, seconds in _BEFORE:
        session.begin(stage)
        session.pause(seconds)
    session.begin("Misc configuration")
    session.die_if("engine-setup-killed")
    for text, seconds in _texts(found):
        session.say(text)
        session.pause(seconds)
    if session.world.fault(FAILS):
        raise Ended("Engine schema refresh failed")
    if found.is_new:
        _write_files(session)
    session.begin("Transaction commit")
    session.begin("Closing up")
    session.say("Starting engine service")
    session.pause(10)
    _start(session, found)
    session.say("Starting dwh service")
    session.say("Restarting ovirt-vmconsole proxy service")
    _summary(session, found)


def _texts(found: Found) -> tuple[tuple[str, float], ...]:
    place = found.engine or Place("localhost", 5432, "engine", "engine", "")
    kept = (
        ("Upgrading CA", 3.0),
        (f"Backing up database {place.host}:{place.name} to"
         " '/var/lib/ovirt-engine/backups/engine-practice.dump'.", 20.0),
    )  # fmt: skip
    new = (("Creating PostgreSQL 'engine' database", 20.0), ("Creating CA: practice", 5.0))
    return (
        *(new if found.is_new else kept),
        ("Creating/refreshing Engine database schema", 60.0),
        ("Creating/refreshing DWH database schema", 20.0),
        ("Generating post install configuration file"
         " '/etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf'", 1.0),
    )  # fmt: skip


def stop_engine(session: Session) -> None:
    """Stop its service."""
    with session.world.change() as facts:
        facts["servers"][session.name]["services"]["ovirt-engine"] = "inactive"
        engine_machine.service_changed(facts, session.world.now(facts))


def _write_files(session: Session) -> None:
    fqdn = session.environment.text("OVESETUP_CONFIG/fqdn") or session.name
    machine_files.write_engine_files(_ROOT, "(the CA of an engine that was set up anew)\n", fqdn)


def _start(session: Session, found: Found) -> None:
    with session.world.change() as facts:
        server = facts["servers"][session.name]
        now = session.world.now(facts)
        version = engine_machine.package_version(facts, session.name, "ovirt-engine")
        facts["engine"].update(set_up=True, fqdn=found.fqdn)
        for service in ("httpd", "postgresql", "ovirt-engine", "ovirt-engine-dwhd"):
            server["services"][service] = "active"
        engine_machine.service_changed(facts, now)
        _databases_live(facts, found)
        startup.take_up(facts, now, server.pop("restored", None), str(version), new=found.is_new)


def _databases_live(facts: Facts, found: Found) -> None:
    """Local or not: what was restored is the running engine's now."""
    for place in (found.engine, found.history):
        if place is not None and real_databases.has(place):
            real_databases.take_up(place)
    for server in facts["servers"].values():
        for place in (found.engine, found.history):
            database = server["databases"].get(place.name) if place else None
            if database is not None and database.get("content") == machine_files.RESTORED:
                database["content"] = machine_files.LIVE
    if found.is_new:
        server = engine_machine.server_of(facts)
        if server is not None:
            machine_files.set_up(server)


def _summary(session: Session, found: Found) -> None:
    ca = _ROOT / machine_files.CA
    digest = hashlib.sha256(ca.read_bytes() if ca.is_file() else b"").hexdigest().upper()
    pairs = ":".join(digest[at : at + 2] for at in range(0, 40, 2))
    account = str(session.world.read()[db.KEY]["account"])
    session.dialect.note("\n--== SUMMARY ==--\n\n")
    session.dialect.note(f"Please use the user '{account}' and password specified in order to"
                         " login")  # fmt: skip
    session.dialect.note(f"Web access is enabled at:\n    https://{found.fqdn}:443/ovirt-engine")
    session.dialect.note(f"Internal CA {pairs}")
    session.dialect.note(f"SSH fingerprint: SHA256:{digest[:43]}")
    session.dialect.note("\n--== END OF SUMMARY ==--\n\n")
