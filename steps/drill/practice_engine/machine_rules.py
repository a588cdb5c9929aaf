"""What the practice engine does with virtual machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.database import Record, refused

if TYPE_CHECKING:
    from steps.drill.practice_engine.host_rules import Moment

ENGINE_ORIGIN = "managed_hosted_engine"
MIGRATION_SECONDS = 20.0
START_SECONDS = 15.0
SHUT_DOWN_SECONDS = 20.0
_LOOKED_AT = frozenset({"up", "non_operational", "preparing_for_maintenance"})
_LOST = frozenset({"unknown", "not_responding"})


def targets_of_engine(moment: Moment, host: Record) -> list[Record]:
    """Hosts that could take the engine's own machine: up, and part of what carries it now."""
    known = moment.facts["hosts"]
    return [
        other
        for other in db.others_up(moment.database, host)
        if known[other["address"]]["ha"]["joined"] and known[other["address"]]["ha"]["score"] > 0
    ]


def migrate_all(moment: Moment, host: Record) -> None:
    """Every machine that can goes to another host; what is pinned, or has nowhere to go, stays."""
    others, engine_takers = db.others_up(moment.database, host), targets_of_engine(moment, host)
    for number, machine in enumerate(db.machines_on(moment.database, host["id"])):
        if machine["status"] == "migrating":
            continue
        targets = engine_takers if machine["origin"] == ENGINE_ORIGIN else others
        if not targets or machine["pinned"]:
            _stuck(moment, machine)
            continue
        target = targets[number % len(targets)]
        machine["status"] = "migrating"
        arrival = {"status": "up", "host": target["id"], "arrived": True}
        db.later(machine, moment.now + MIGRATION_SECONDS, **arrival)
        moment.note(f"Migration started (VM: {machine['name']}, Destination: {target['name']}).")


def follow_engine_machine(moment: Moment) -> None:
    """The engine's own machine: where it migrated to, the world has it; else the world is right.

    The engine sees it on hosts only that it looks at: on none in maintenance or out of reach.
    """
    looked_at = [h for h in moment.database["hosts"] if h["status"] in _LOOKED_AT]
    hosts = {host["address"]: host["id"] for host in looked_at}
    world = moment.facts["engine"]
    for machine in moment.database["machines"]:
        if machine["origin"] != ENGINE_ORIGIN or machine["status"] == "migrating":
            continue
        if machine.pop("arrived", False):
            by_id = {id: address for address, id in hosts.items()}
            world["host"] = by_id.get(machine["host"], world["host"])
        elif world["host"] in hosts:
            machine.update(status="up", host=hosts[world["host"]])


def _stuck(moment: Moment, machine: Record) -> None:
    text = f"Failed to migrate VM {machine['name']}: no host can take it."
    if not any(event["text"] == text for event in moment.database["events"][-50:]):
        moment.note(text, "error")


def let_go(moment: Moment, machine: Record) -> None:
    """Its host was rebooted: it is down, and started again elsewhere if it is highly available."""
    db.settled(machine)
    machine.update(status="down", host="")
    moment.note(f"VM {machine['name']} is down, its Host was rebooted.", "warning")
    target = _target(moment, machine)
    if machine["ha"] and target is not None:
        _start_on(moment, machine, target)
        moment.note(f"Highly Available VM {machine['name']} is being restarted.", "warning")


def start(moment: Moment, machine: Record) -> None:
    """Only one that is down, on a host that is up."""
    if machine["status"] != "down":
        raise refused("Cannot run VM. VM is running.")
    target = _target(moment, machine)
    if target is None:
        raise refused(
            "Cannot run VM. There is no host that satisfies current scheduling constraints."
        )
    _start_on(moment, machine, target)
    moment.note(f"VM {machine['name']} was started by admin@internal.")


def _target(moment: Moment, machine: Record) -> Record | None:
    for host in moment.database["hosts"]:
        if host["status"] == "up" and host["cluster"] == machine["cluster"]:
            found: Record = host
            return found
    return None


def _start_on(moment: Moment, machine: Record, host: Record) -> None:
    where = moment.facts.get(db.RUNNING, {}).get(machine["id"], host["address"])
    if where != host["address"]:
        moment.facts.setdefault("damage", []).append(
            f"the disks of {machine['name']} were written by two hosts"
        )
    machine.update(status="wait_for_launch", host=host["id"])
    db.later(machine, moment.now + START_SECONDS / 3, status="powering_up")
    db.later(machine, moment.now + START_SECONDS, status="up")


def shut_down(moment: Moment, machine: Record) -> None:
    """The guest powers off in a while."""
    _need_running(machine, "Cannot shutdown VM.")
    db.settled(machine)
    moment.facts.get(db.RUNNING, {}).pop(machine["id"], None)
    machine["status"] = "powering_down"
    db.later(machine, moment.now + SHUT_DOWN_SECONDS, status="down", host="")
    moment.note(f"VM shutdown initiated by admin@internal on VM {machine['name']}.")


def stop(moment: Moment, machine: Record) -> None:
    """At once."""
    _need_running(machine, "Cannot stop VM.")
    db.settled(machine)
    moment.facts.get(db.RUNNING, {}).pop(machine["id"], None)
    machine.update(status="down", host="")
    moment.note(f"VM {machine['name']} powered off by admin@internal.")


def _need_running(machine: Record, no: str) -> None:
    if machine["status"] == "down":
        raise refused(f"{no} VM is not running.")
    if machine["status"] in _LOST:
        raise refused(f"{no} VM is in {machine['status']} status.")


def remove(moment: Moment, machine: Record) -> None:
    """Only one that is down."""
    if machine["status"] != "down":
        raise refused("Cannot remove VM. VM is running.")
    moment.database["machines"].remove(machine)
    moment.note(f"VM {machine['name']} was successfully removed.")
