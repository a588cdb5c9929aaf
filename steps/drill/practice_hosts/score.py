"""Look at the practice hosts after a deployment, and say what came out right.

Nothing here trusts the run: it reads the world, the hosts' files, and what their programs say.
`python -P -m steps.drill.practice_hosts.score FOLDER RUN_DIRECTORY`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from config.questions import Given
from config.site_file import load_site
from steps.drill.practice_hosts.drill_system import SECRETS
from steps.drill.practice_hosts.engine_machine import is_healthy, is_up
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.world import Facts
from steps.drill.score import Check, as_data
from steps.run.directory import RunDirectory
from steps.targets.open import open_targets

CONFIGURATION = "etc/ovirt-hosted-engine/hosted-engine.conf"
ANSWERS = "etc/ovirt-hosted-engine/answers.conf"


def score(places: HostPlaces, run: RunDirectory) -> tuple[Check, ...]:
    """Every check, in the order of the report."""
    given = run.frozen().given
    facts = places.world.read()
    host = str(given["host"])
    return (
        *_engine(facts, given, places.world.now(facts)),
        *_host(facts, places, host),
        *_storage(facts, given),
        *_agents(places, host),
        *left_on(places, host),
        *secrets_in_files(places, run, SECRETS.values()),
    )


def _engine(facts: Facts, given: Given, now: float) -> Iterator[Check]:
    machine = facts["engine"]
    state = "running" if is_up(facts, now) else machine["state"]
    yield equal("engine's machine", "running", state)
    yield equal("where it runs", str(given["host"]), machine["host"] or "nowhere")
    yield equal("engine", "up", "up" if is_healthy(facts, now) else "not up")
    yield equal("its name", str(given["fqdn"]), machine["fqdn"])
    yield equal("its MAC address", str(given["mac"]).lower(), machine["mac"])


def _host(facts: Facts, places: HostPlaces, host: str) -> Iterator[Check]:
    file = places.root(host) / CONFIGURATION
    deployed = file.exists() and "vmid=" in file.read_text()
    yield equal("hosted-engine.conf", "names a machine", "names a machine" if deployed else "not")
    joined = facts["hosts"][host]["ha"]["joined"]
    yield equal("high availability", "joined", "joined" if joined else "not joined")
    left = facts["hosts"][host]["local_machine"]
    yield equal("bootstrap machine", "gone", "still there" if left else "gone")


def _storage(facts: Facts, given: Given) -> Iterator[Check]:
    path = str(given.get("storage_connection") or "").partition(":")[2]
    if path:
        used = facts["storage"]["exports"][path]["used"]
    else:
        luns = {lun["guid"]: lun["used"] for lun in facts["storage"]["luns"]}
        used = luns.get(str(given.get("lun")), False) or given.get("era") == "classic"
    yield equal("storage domain", "made", "made" if used else "not made")


def _agents(places: HostPlaces, host: str) -> Iterator[Check]:
    targets = open_targets(load_site(places.site_file), {})
    try:
        said = targets.shell(host).run(["hosted-engine", "--vm-status"], check=False).out
    finally:
        targets.close()
    good = '"vm": "up", "health": "good"' in said
    yield equal("hosted-engine --vm-status", "up and good", "up and good" if good else said[-200:])


def left_on(places: HostPlaces, host: str) -> Iterator[Check]:
    """Nothing of ours stays where we worked."""
    work = places.root(host) / "var/lib/rekindle"
    left = sorted(path.name for path in work.iterdir()) if work.exists() else []
    yield equal("left on the host", "nothing", ", ".join(left) or "nothing")


def secrets_in_files(
    places: HostPlaces, run: RunDirectory, secrets: Iterable[str]
) -> Iterator[Check]:
    """No password in the run's folder, nor in the files on the hosts."""
    folders = [run.path, *(places.root(name) / "etc" for name in places.ports()),
               *(places.root(name) / "var" for name in places.ports())]  # fmt: skip
    sought = [secret.encode() for secret in secrets]
    found = [
        path.name
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(secret in path.read_bytes() for secret in sought)
    ]
    yield equal("passwords in files", "none", ", ".join(found) or "none")


def equal(name: str, expected: str, seen: str) -> Check:
    """One check of two texts."""
    return Check(name, expected == seen, expected, seen)


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    folder, run = sys.argv[1:3]
    run_child(lambda _say: as_data(score(HostPlaces(Path(folder)), RunDirectory(Path(run)))))
