"""Look at the world after an engine was restored, and say what came out right.

Nothing here trusts the run. `python -P -m steps.drill.lost_engine.score FOLDER RUN_DIRECTORY`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.questions import Given
from steps.drill.lost_engine.drill_system import ROOT_PASSWORD
from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.practice_engine.standing import FIRST, THIRD
from steps.drill.practice_hosts import first_world
from steps.drill.practice_hosts.engine_machine import is_healthy, is_up
from steps.drill.practice_hosts.places import HostPlaces
from steps.drill.practice_hosts.score import equal, left_on, secrets_in_files
from steps.drill.practice_hosts.world import Facts
from steps.drill.score import Check, as_data
from steps.run.directory import RunDirectory

ON_THIRD = ("vm_build", "vm_web")
LOST = "vm_mail"


def score(places: HostPlaces, run: RunDirectory) -> tuple[Check, ...]:
    """Every check, in the order of the report."""
    given = run.frozen().given
    with places.world.change() as facts:
        db.settle(facts[db.KEY], places.world.now(facts))
    host = str(given["host"])
    password = EnginePlaces(places.folder).password_file.read_text().strip()
    return (
        *_engine(facts, given, places.world.now(facts)),
        *_hosts(facts, host),
        *_machines(facts),
        *_storage(facts),
        *left_on(places, host),
        *left_on(places, first_world.ENGINE),
        *secrets_in_files(places, run, (password, ROOT_PASSWORD)),
    )


def _engine(facts: Facts, given: Given, now: float) -> Iterator[Check]:
    machine = facts["engine"]
    yield equal("engine's machine", "running", "running" if is_up(facts, now) else "not running")
    yield equal("where it runs", str(given["host"]), machine["host"] or "nowhere")
    yield equal("engine", "up", "up" if is_healthy(facts, now) else "not up")
    known = {host["address"] for host in facts[db.KEY]["hosts"]}
    yield equal("its database", "the backup's", "the backup's" if THIRD in known else "another")


def _hosts(facts: Facts, host: str) -> Iterator[Check]:
    hosts = {record["address"]: record for record in facts[db.KEY]["hosts"]}
    ours, third, dead = (hosts.get(name, {"status": "not there"}) for name in (host, THIRD, FIRST))
    yield equal("the new host in the engine", "up", ours["status"])
    yield equal("host-03 in the engine", "up", third["status"])
    gone = dead["status"] in ("non_responsive", "connecting", "not there", "maintenance", "down")
    yield equal("host-01 in the engine", "not in service",
                "not in service" if gone else dead["status"])  # fmt: skip
    joined = facts["hosts"][host]["ha"]["joined"]
    yield equal("high availability", "joined", "joined" if joined else "not joined")
    manager = [name for name, record in hosts.items() if record.get("spm") == "spm"]
    alive = bool(manager) and not facts["hosts"][manager[0]].get("dead")
    yield equal("Storage Pool Manager", "a living host", "a living host" if alive else "none")


def _machines(facts: Facts) -> Iterator[Check]:
    third = next((h["id"] for h in facts[db.KEY]["hosts"] if h["address"] == THIRD), "")
    machines = {machine["name"]: machine for machine in facts[db.KEY]["machines"]}
    for name in ON_THIRD:
        machine = machines.get(name, {"status": "not there", "host": ""})
        seen = f"{machine['status']} on {'host-03' if machine['host'] == third else 'another'}"
        yield equal(name, "up on host-03", seen)
    yield equal(LOST, "down", machines.get(LOST, {"status": "not there"})["status"])
    damage = facts.get("damage", [])
    yield equal("machines that ran twice", "none", "; ".join(damage) or "none")


def _storage(facts: Facts) -> Iterator[Check]:
    states = {center["name"]: center["status"] for center in facts[db.KEY]["data_centers"]}
    yield equal("data centre", "up", ", ".join(states.values()))
    used = facts["storage"]["exports"][first_world.OTHER_EXPORT]["used"]
    yield equal("new storage domain", "made", "made" if used else "not made")


if __name__ == "__main__":
    import sys

    from steps.drill.child import run_child

    folder, run = sys.argv[1:3]
    run_child(lambda _say: as_data(score(HostPlaces(Path(folder)), RunDirectory(Path(run)))))
