"""What the practice engine knows: the part `database` of the world's facts.

The engine's knowledge and the world itself may differ: a host that is dead may be "up" here. What
takes time is written down as a change that falls due on the world's clock.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from steps.drill.practice_hosts import first_world
from steps.drill.practice_hosts.engine_machine import WRONG_VERSION
from steps.drill.practice_hosts.world import Facts

KEY = "database"
VERSION = "4.5.6-1.el8"
HOSTED_STORAGE = "hosted_storage"
Record = dict[str, Any]

SPM_NOT_RELEASED = "spm-not-released"
STAYS_NON_OPERATIONAL = "host-stays-non-operational"
STILL_ALIVE = "fenced-host-still-alive"
FAULTS = (SPM_NOT_RELEASED, STAYS_NON_OPERATIONAL, STILL_ALIVE, WRONG_VERSION)
"""What an administrator of a drill sets in the world's faults. The first three are set to the name
of a host, the last one to the version that the engine is to have."""


class Fault(Exception):
    """What the API answers instead: a status, and the engine's two sentences."""

    def __init__(self, status: int, detail: str, reason: str = "Operation Failed") -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail


def refused(detail: str) -> Fault:
    """A rule of the engine says no."""
    return Fault(409, f"[{detail}]")


def new_id() -> str:
    """An id as the engine makes them."""
    return str(uuid.uuid4())


def first_database(facts: Facts, hosts: tuple[str, ...] = ()) -> Record:
    """A data centre with these hosts of the world, two storage domains and some machines.

    The first host is the Storage Pool Manager and carries the engine; all take part in that.
    """
    center, cluster = new_id(), new_id()
    database: Record = {
        "version": VERSION,
        "instance": new_id(),
        "next_event": 1,
        "data_centers": [{"id": center, "name": "Default", "status": "up", "version": "4.7"}],
        "clusters": [{"id": cluster, "name": "Default", "data_center": center, "version": "4.7"}],
        "hosts": [_host(facts, name, cluster) for name in hosts],
        "machines": [],
        "storage": [
            domain_record(center, HOSTED_STORAGE, first_world.EXPORT, master=False),
            domain_record(center, "vm_data", "/vm_data", master=True),
        ],
        "events": [],
        "tokens": [],
    }
    if database["hosts"]:
        database["hosts"][0]["spm"] = "spm"
        _first_machines(database)
    return database


def _host(facts: Facts, name: str, cluster: str) -> Record:
    known = facts["hosts"][name]
    return host_record(name.partition(".")[0], name, cluster, known["uuid"], "up")


def host_record(name: str, address: str, cluster: str, hardware: str, status: str) -> Record:
    """A host as the engine keeps it."""
    return {
        "id": new_id(), "name": name, "address": address, "cluster": cluster, "uuid": hardware,
        "status": status, "detail": "", "spm": "none", "power_management": False,
        "fenced": False,
        "due": [],
    }  # fmt: skip


def machine_record(name: str, cluster: str, host: str = "", **more: Any) -> Record:
    """A virtual machine as the engine keeps it; it runs where a host is given."""
    return {
        "id": new_id(), "name": name, "cluster": cluster, "host": host, "origin": "ovirt",
        "status": "up" if host else "down", "ha": False, "pinned": False, "due": [], **more,
    }  # fmt: skip


def _first_machines(database: Record) -> None:
    first, *others = database["hosts"]
    last = others[-1] if others else first
    cluster = first["cluster"]
    database["machines"] = [
        machine_record("HostedEngine", cluster, first["id"], origin="managed_hosted_engine"),
        machine_record(
            "vm_web",
            cluster,
            last["id"],
            ha=True,
            macs=["00:1a:4a:16:01:51"],
            addresses=["192.0.2.51"],
        ),
        machine_record("vm_build", cluster, last["id"]),
        machine_record("vm_archive", cluster),
    ]


def domain_record(center: str, name: str, path: str, *, master: bool) -> Record:
    """A storage domain on the practice storage server, as the engine keeps it."""
    return {
        "id": new_id(), "name": name, "type": "data", "storage": "nfs", "path": path,
        "address": first_world.STORAGE, "status": "active", "master": master,
        "data_center": center, "due": [],
    }  # fmt: skip


def is_alive(facts: Facts, host: Record) -> bool:
    """Whether the host lives in the world, whatever the engine believes."""
    known = facts["hosts"].get(host["address"])
    return known is not None and not known.get("dead", False)


def shows_life(facts: Facts, host: Record) -> bool:
    """Whether it answers anybody: a host that was not rebooted is lost to the engine alone."""
    return is_alive(facts, host) or bool(facts["faults"].get(STILL_ALIVE) == host["name"])


def machines_that_run_on(facts: Facts, name: str) -> list[str]:
    """What the engine lost and still runs on that host of the world, as it was not rebooted."""
    database = facts.get(KEY, {"hosts": (), "machines": ()})
    lost = {
        host["id"]
        for host in database["hosts"]
        if host["address"] == name and facts["faults"].get(STILL_ALIVE) == host["name"]
    }
    return [machine["name"] for machine in database["machines"] if machine["host"] in lost]


def silent_addresses(facts: Facts) -> set[str]:
    """The addresses of the world's hosts that answer nobody."""
    living = {h["address"] for h in facts.get(KEY, {}).get("hosts", ()) if shows_life(facts, h)}
    return {
        known["address"]
        for name, known in facts["hosts"].items()
        if known.get("dead", False) and name not in living
    }


RUNNING = "running"
"""In the world: which machines run where (id to host), for a site whose engine knows it no more."""


def running(facts: Facts, address: str) -> set[str]:
    """The machines that run on a host of the world, whatever an engine believes."""
    return {id for id, where in facts.get(RUNNING, {}).items() if where == address}


def note_running(facts: Facts) -> None:
    """From now on the world knows which machines run on hosts that are alive."""
    hosts = {host["id"]: host for host in facts[KEY]["hosts"]}
    facts[RUNNING] = {
        machine["id"]: hosts[machine["host"]]["address"]
        for machine in facts[KEY]["machines"]
        if machine["host"] in hosts and is_alive(facts, hosts[machine["host"]])
    }


def later(record: Record, when: float, **changes: Any) -> None:
    """Have these fields of a record change at a time of the world's clock."""
    record["due"].append({"at": when, "changes": changes})


def settle(database: Record, now: float) -> None:
    """Make every change that has fallen due, the earliest first."""
    for record in everything(database):
        for change in sorted(record["due"], key=lambda change: float(change["at"])):
            if change["at"] <= now:
                record.update(change["changes"])
                record["due"].remove(change)


def settled(record: Record) -> None:
    """Whatever was to become of it becomes so no more."""
    record["due"].clear()


def everything(database: Record) -> Iterator[Record]:
    """All that changes with time."""
    for kind in ("hosts", "machines", "storage", "data_centers"):
        for record in database[kind]:
            record.setdefault("due", [])
            yield record


def find(database: Record, kind: str, id: str) -> Record:
    """The record of that id; a fault where there is none."""
    for record in database[kind]:
        if record["id"] == id:
            found: Record = record
            return found
    raise Fault(404, f"Entity not found: {id}")


def machines_on(database: Record, host: str) -> list[Record]:
    """The machines that the engine believes to be on that host."""
    return [machine for machine in database["machines"] if machine["host"] == host]


def center_of(database: Record, host: Record) -> Record:
    """The data centre of a host."""
    cluster = find(database, "clusters", host["cluster"])
    return find(database, "data_centers", cluster["data_center"])


def others_up(database: Record, host: Record) -> list[Record]:
    """Other hosts of its cluster that are up."""
    return [
        other
        for other in database["hosts"]
        if other["status"] == "up"
        and other["cluster"] == host["cluster"]
        and other["id"] != host["id"]
    ]


def note(
    database: Record, now: float, text: str, mark: str = "", *, severity: str = "normal"
) -> None:
    """One line in the event log."""
    number = database["next_event"]
    database["next_event"] = number + 1
    database["events"].append(
        {"id": str(number), "at": now, "text": text, "severity": severity, "mark": mark}
    )
    del database["events"][:-1000]
