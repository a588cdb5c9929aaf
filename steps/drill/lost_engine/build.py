"""A site whose engine is lost: `python -P -m steps.drill.lost_engine.build FOLDER`.

The backup is a real one: engine-backup made it on the engine's machine while the engine ran, and it
was copied to the backup server. Then the first host died, and the engine's machine with it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from config.site_file import load_site
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.standing import (
    FAILOVER,
    FIRST,
    NEW,
    THIRD,
    EngineSite,
    build_site,
    start_site,
)
from steps.drill.practice_hosts import engine_machine, first_world
from steps.targets.ssh import SshShell

HOSTS: Final = dict.fromkeys((FIRST, FAILOVER, THIRD), first_world.GUIDE) | {
    NEW: first_world.ANSIBLE
}
ARCHIVE: Final = "engine-of-last-night.backup"
FOLDER: Final = "/var/backup/ovirt-engine"
SPEED: Final = 120.0
_FAST: Final = 600.0
_MADE: Final = f"/var/lib/ovirt-engine-backup/{ARCHIVE}"

Say = Callable[[str], None]


def build(folder: Path, say: Say) -> None:
    """Lay the site out, back its engine up, and lose it. Raises InvalidInput, Refused."""
    started = time.monotonic()
    site = build_site(folder, HOSTS, _FAST)
    _before_the_backup(site)
    start_site(site)
    _back_up(site)
    say(f"the engine was backed up to {first_world.BACKUP}:{FOLDER}/{ARCHIVE}")
    _lose(site)
    say(f"{FIRST} is dead, and the engine's machine is lost with it")
    say(f"the practice site stands after {time.monotonic() - started:.1f} s")


def _before_the_backup(site: EngineSite) -> None:
    """The failover host was made free; a machine ran on the host that dies."""
    with site.hosts.world.change() as facts:
        database = facts[db.KEY]
        first, failover, _third = database["hosts"]
        failover["status"] = "maintenance"
        database["machines"].append(db.machine_record("vm_mail", first["cluster"], first["id"]))


def _back_up(site: EngineSite) -> None:
    shells = load_site(site.file).shells
    machine = SshShell(shells[first_world.ENGINE], first_world.ENGINE)
    server = SshShell(shells[first_world.BACKUP], first_world.BACKUP)
    command = ["engine-backup", "--mode=backup", f"--file={_MADE}", "--log=/var/log/backup.log"]
    with tempfile.TemporaryDirectory() as folder:
        copy = f"{folder}/{ARCHIVE}"
        try:
            machine.run(command)
            machine.get(_MADE, copy)
            server.put(copy, f"{FOLDER}/{ARCHIVE}")
        finally:
            machine.close()
            server.close()


def _lose(site: EngineSite) -> None:
    engine_machine.destroy(site.hosts.world)
    with site.hosts.world.change() as facts:
        facts["hosts"][FIRST]["dead"] = True
        db.note_running(facts)
        # The storage that the engine's machine lay on is gone as well: no agent can start it now.
        facts["hosts"][THIRD]["ha"].update(joined=False, score=0)
        # The failover host was installed anew since, as the guide wants it.
        host = facts["hosts"][FAILOVER]
        host["ha"].update(joined=False, score=0, maintenance=False)
        for service in ("ovirt-ha-agent", "ovirt-ha-broker", "vdsmd", "sanlock"):
            host["services"][service] = "inactive"
        now = site.hosts.world.now(facts)
        facts |= {"speed": SPEED, "started": time.time() - now / SPEED}
    configuration = site.hosts.root(FAILOVER) / "etc/ovirt-hosted-engine/hosted-engine.conf"
    configuration.unlink()


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    run_child(lambda say: build(Path(sys.argv[1]), say))
