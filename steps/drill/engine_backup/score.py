"""Look at the practice site after a backup of its engine, and say what came out right.

Nothing here trusts the run: the archive is fetched from the server and looked into, and the engine
is asked. `python -P -m steps.drill.engine_backup.score FOLDER RUN_DIRECTORY`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from config.site_file import load_site
from steps.drill.engine_backup.build import OLD
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.practice_engine.standing import EngineSite
from steps.drill.practice_hosts import first_world
from steps.drill.score import Check, as_data
from steps.hosted_engine.archive.inspect import inspect
from steps.run.directory import RunDirectory
from steps.targets import Targets
from steps.targets.open import open_targets

FOLDER: Final = OLD.rpartition("/")[0]
_SUMS: Final = f"cd {FOLDER} && sha256sum -c --strict SHA256SUMS"


def score(site: EngineSite, run: RunDirectory) -> tuple[Check, ...]:
    """Every check, in the order of the report."""
    targets = open_targets(load_site(site.file), {})
    try:
        return (
            *_archive(targets), *_hosts(site), *_left(targets), *_secrets(site.engine, run),
        )  # fmt: skip
    finally:
        targets.close()


def _archive(targets: Targets) -> Iterator[Check]:
    server = targets.shell(first_world.BACKUP)
    old = OLD.rpartition("/")[2]
    names = [n for n in server.list(FOLDER) if n.endswith(".backup") and n != old]
    yield _equal("new archives on the server", "1", str(len(names)))
    yield _equal("last night's archive", "still there", _there(old in server.list(FOLDER)))
    if len(names) != 1:
        return
    with tempfile.TemporaryDirectory(prefix="rekindle-") as folder:
        copy = Path(folder) / "archive"
        server.get(f"{FOLDER}/{names[0]}", str(copy))
        found = inspect(copy)
    ready = ", ".join(found.ready_failover_hosts or ()) or "none"
    yield Check("ready failover host in it", ready != "none", "one of the hosts", ready)
    yield _equal("fit for a restore", "yes", "yes" if found.fit_for_restore else "no")
    checked = server.run(["/bin/sh", "-c", _SUMS], check=False)
    yield _equal("sha256sum -c", "3 files OK", f"{checked.out.count(': OK')} files OK")
    modes = {f"{status.mode:o}" for name in names if (status := server.status(f"{FOLDER}/{name}"))}
    yield _equal("its mode", "600", ", ".join(sorted(modes)))


def _hosts(site: EngineSite) -> Iterator[Check]:
    database = site.engine.world.read()[db.KEY]
    for host in database["hosts"]:
        yield _equal(f"host {host['name']}", "up", host["status"])
    for machine in database["machines"]:
        if machine["name"] != "vm_archive":
            yield _equal(f"machine {machine['name']}", "up", machine["status"])


def _left(targets: Targets) -> Iterator[Check]:
    machine = targets.shell(first_world.ENGINE)
    found = machine.run(["find", "/var/lib/rekindle", "-type", "f"], check=False).out.split()
    yield _equal("left on the engine's machine", "nothing", ", ".join(found) or "nothing")


def _secrets(places: EnginePlaces, run: RunDirectory) -> Iterator[Check]:
    """Neither the engine's password nor an archive in the run's folder."""
    password = places.password_file.read_text().strip().encode()
    files = [path for path in sorted(run.path.rglob("*")) if path.is_file()]
    found = [path.name for path in files if password in path.read_bytes()]
    found += [path.name for path in files if path.name.endswith(".backup")]
    yield _equal("secrets in the run's folder", "none", ", ".join(found) or "none")


def _there(is_there: bool) -> str:
    return "still there" if is_there else "gone"


def _equal(name: str, expected: str, seen: str) -> Check:
    return Check(name, expected == seen, expected, seen)


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    folder, run = sys.argv[1:3]
    run_child(lambda _say: as_data(score(EngineSite(Path(folder)), RunDirectory(Path(run)))))
