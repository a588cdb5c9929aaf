"""Look whether engine and server are as they were before a backup that was refused.

`python -P -m steps.drill.engine_backup.untouched FOLDER`.
"""

from __future__ import annotations

from pathlib import Path

from config.site_file import load_site
from steps.drill.engine_backup.build import OLD
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.standing import EngineSite
from steps.drill.practice_hosts import first_world
from steps.drill.score import Check, as_data
from steps.targets.open import open_targets


def untouched(site: EngineSite) -> tuple[Check, ...]:
    """Every host in service, no other archive than last night's."""
    hosts = site.engine.world.read()[db.KEY]["hosts"]
    away = [host["name"] for host in hosts if host["status"] != "up"]
    folder, _, old = OLD.rpartition("/")
    targets = open_targets(load_site(site.file), {})
    try:
        names = targets.shell(first_world.BACKUP).list(folder)
    finally:
        targets.close()
    there = [name for name in names if not name.startswith(old)]
    return (
        Check("hosts out of service", not away, "none", ", ".join(away) or "none"),
        Check("new on the server", not there, "nothing", ", ".join(there) or "nothing"),
    )


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    run_child(lambda _say: as_data(untouched(EngineSite(Path(sys.argv[1])))))
