"""4.5's engine inside the bootstrap machine: restored out of a file, or new. Reference, 5.1."""

from __future__ import annotations

import tarfile
import tempfile
import time
from pathlib import Path
from typing import Final

from steps.drill.practice_engine import machine_files, startup
from steps.drill.practice_engine.backup_tool.restoring import restored_record
from steps.drill.practice_engine.backup_tool.unpacking import check_version, unpacked
from steps.drill.practice_engine.backup_tool.words import FATAL, Fatal
from steps.drill.practice_engine.database import HOSTED_STORAGE
from steps.drill.practice_engine.machine_disk import BROUGHT
from steps.drill.practice_engine.rows import Record
from steps.drill.practice_hosts.engine_machine import package_version, server_of
from steps.drill.practice_hosts.tool.session import Session
from steps.drill.practice_hosts.world import Facts

FENCE_DELAY: Final = 86400.0
_ENGINE_ORIGIN: Final = "managed_hosted_engine"


def restore(session: Session, file: Path) -> tuple[Record, int]:
    """What the engine will know, and how many hosts were taken out. Raises Fatal.

    The archive's files are kept for the machine that the tool makes at the end.
    """
    facts = session.world.read()
    with unpacked(file, tempfile.gettempdir()) as found:
        check_version(found, installed_version(facts).partition("-")[0])
        record = restored_record(found, facts)
        with tempfile.TemporaryDirectory() as folder:
            found.put_files(Path(folder))
            with tarfile.open(session.world.folder / BROUGHT, "w") as tar:
                tar.add(folder, ".")
    return record, _as_the_role_does(session, record)


def installed_version(facts: Facts) -> str:
    """The engine that the appliance brings."""
    server = server_of(facts)
    found = package_version(facts, server["name"], "ovirt-engine") if server else None
    return str(found)


def told(fatal: Fatal) -> dict[str, object]:
    """The failed task of the role, as ansible tells it."""
    words = "\n".join(f"{FATAL}{text}" for text in fatal.texts)
    return {"changed": True, "cmd": ["engine-backup", "--mode=restore"], "rc": 1,
            "stderr": words, "msg": "non-zero return code"}  # fmt: skip


def _as_the_role_does(session: Session, record: Record) -> int:
    """Hosts go by the portal's name or the hardware only, never by address."""
    name = session.environment.text("OVEHOSTED_ENGINE/appHostName").lower()
    hardware = str(session.host["uuid"]).lower()
    gone = [
        h for h in record["hosts"] if h["name"].lower() == name or h["uuid"].lower() == hardware
    ]
    ids = {host["id"] for host in gone}
    for machine in record["machines"]:
        if machine["host"] in ids:
            machine.update(status="down", host="")
    record["machines"] = [m for m in record["machines"] if m["origin"] != _ENGINE_ORIGIN]
    record["hosts"] = [host for host in record["hosts"] if host["id"] not in ids]
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    for domain in record["storage"]:
        if domain["name"] == HOSTED_STORAGE:
            domain["name"] = f"{HOSTED_STORAGE}_old_{stamp}"
    record["fence_delay"] = FENCE_DELAY
    return len(gone)


def take_up(session: Session, record: Record | None) -> None:
    """engine-setup in the bootstrap machine: the engine answers from now on."""
    with session.world.change() as facts:
        now, version = session.world.now(facts), installed_version(facts)
        startup.take_up(facts, now, record, version, new=record is None)
        # The role adds its host to a data centre whose manager may be gone, and means it.
        facts["database"]["missed"] = ""
        facts["engine"]["local"] = session.name


def on_its_own_disk(facts: Facts) -> None:
    """The machine that is left in the end: set up, with the bootstrap's databases."""
    server = server_of(facts)
    if server is not None:
        machine_files.set_up(server)
    facts["engine"]["local"] = ""
