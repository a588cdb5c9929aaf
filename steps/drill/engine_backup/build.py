"""Bring its practice site up: `python -P -m steps.drill.engine_backup.build FOLDER`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from config.errors import Unreachable
from config.site_file import load_site
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.standing import FAILOVER, EngineSite, build_site, start_site
from steps.drill.practice_hosts import first_world
from steps.hosted_engine.archive.inspect import inspect
from steps.hosted_engine.backup.record import Record, Summary
from steps.targets.open import open_targets
from steps.targets.shell import Shell

Say = Callable[[str], None]
SPEED: Final = 20.0
OLD: Final = "/var/backup/ovirt-engine/engine-last-night.backup"
"""An archive from a night when nobody thought of a failover host."""
SECONDS: Final = 60.0


def build(folder: Path, say: Say) -> None:
    """Hosts, engine, machine and backup server; every host carries machines, and did last night.

    Raises InvalidInput, Refused, StepFailed.
    """
    started = time.monotonic()
    site = build_site(folder, speed=SPEED)
    with site.engine.world.change() as facts:
        hosts = {host["name"]: host["id"] for host in facts[db.KEY]["hosts"]}
        moved = next(one for one in facts[db.KEY]["machines"] if one["name"] == "vm_build")
        moved["host"] = hosts[FAILOVER.partition(".")[0]]
    start_site(site)
    _last_night(site)
    say("simulated: three engine hosts, the engine and its machine, a backup server; real: SSH")
    say(f"the practice site stands after {time.monotonic() - started:.1f} s")


def _last_night(site: EngineSite) -> None:
    """As somebody did it by hand, without a failover host."""
    targets = open_targets(load_site(site.file), {})
    try:
        machine = targets.shell(first_world.ENGINE)
        server = targets.shell(first_world.BACKUP)
        _until_it_answers(machine)
        name = "/root/engine-last-night.backup"
        machine.run(["engine-backup", "--mode=backup", f"--file={name}", "--log=/root/engine.log"])
        copy = site.folder / "last-night"
        machine.get(name, str(copy))
        server.make_directory(OLD.rpartition("/")[0], mode=0o700)
        digest = server.put(str(copy), OLD)
        _write_record(server, copy, digest)
        copy.unlink()
        machine.run(["rm", "-f", name, "/root/engine.log"])
    finally:
        targets.close()


def _write_record(server: Shell, archive: Path, digest: str) -> None:
    found = inspect(archive)
    file = OLD.rpartition("/")[2]
    summary = Summary(
        file, digest, archive.stat().st_size, found.backup_time or "", found.engine_fqdn or "",
        found.version or "", found.scopes, "", "last-night",
    )  # fmt: skip
    server.write(f"{OLD}.json", Record(summary, found).to_text().encode(), mode=0o600)


def _until_it_answers(machine: Shell) -> None:
    until = time.monotonic() + SECONDS
    while True:
        try:
            machine.run(["true"])
            return
        except Unreachable:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    run_child(lambda say: build(Path(sys.argv[1]), say))
