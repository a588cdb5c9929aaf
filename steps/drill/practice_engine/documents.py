"""The practice engine's records as the XML of API version 4."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as xml

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine.database import Record
from steps.drill.practice_engine.host_rules import availability
from steps.drill.practice_hosts.engine_machine import WRONG_VERSION
from steps.drill.practice_hosts.world import Facts

ROOT = "/ovirt-engine/api"
PRODUCT = "Rekindle practice engine (simulated)"
Element = xml.Element


def element(
    name: str, *children: Element | None, text: object = None, **attributes: str
) -> Element:
    """An element; children that are None are left out."""
    made = xml.Element(name, attributes)
    if text is not None:
        made.text = _word(text)
    made.extend(child for child in children if child is not None)
    return made


def leaf(name: str, text: object) -> Element | None:
    """An element with a text; None where there is none."""
    return element(name, text=text) if text not in (None, "") else None


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def serialised(document: Element) -> bytes:
    """The bytes that are sent."""
    text: str = xml.tostring(document, encoding="unicode")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()


def collection(name: str, items: Iterable[Element]) -> Element:
    """A list, which may be empty."""
    return element(name, *items)


def fault(found: db.Fault) -> Element:
    """What a rule, or a missing object, is answered with."""
    return element("fault", leaf("detail", found.detail), leaf("reason", found.reason))


def failed_action(found: db.Fault) -> Element:
    """The same for an action."""
    return element("action", fault(found), leaf("status", "failed"))


def done_action(*results: Element) -> Element:
    """An action that was accepted."""
    return element("action", *results, leaf("status", "complete"))


def _linked(kind: str, record: Record, *children: Element | None, path: str) -> Element:
    return element(
        kind, leaf("name", record.get("name")), *children,
        href=f"{ROOT}/{path}/{record['id']}", id=record["id"],
    )  # fmt: skip


def _refer(name: str, id: str, path: str) -> Element | None:
    return element(name, href=f"{ROOT}/{path}/{id}", id=id) if id else None


def _level(text: str) -> Element:
    major, minor = text.split(".")
    return element("version", leaf("major", major), leaf("minor", minor))


def api(facts: Facts) -> Element:
    """The root."""
    database = facts[db.KEY]
    version = str(facts["faults"].get(WRONG_VERSION) or database["version"])
    numbers = [*version.partition("-")[0].split("."), "0", "0"]
    return element(
        "api",
        element(
            "product_info",
            leaf("name", PRODUCT),
            leaf("vendor", "Rekindle"),
            leaf("instance_id", database["instance"]),
            element(
                "version",
                leaf("build", numbers[2]),
                leaf("full_version", version),
                leaf("major", numbers[0]),
                leaf("minor", numbers[1]),
                leaf("revision", "0"),
            ),
        ),
    )


def host(facts: Facts, record: Record, *, all_content: bool) -> Element:
    """One host; its part in carrying the engine only where it has one, and when asked for all."""
    count = len(db.machines_on(facts[db.KEY], record["id"]))
    return _linked(
        "host", record,
        leaf("address", record["address"]),
        element("ssh", leaf("port", record.get("ssh_port", 22)), leaf("user", "root")),
        leaf("status", record["status"]),
        leaf("status_detail", record["detail"]),
        _refer("cluster", record["cluster"], "clusters"),
        element("spm", leaf("priority", 5), leaf("status", record["spm"])),
        element("hardware_information", leaf("uuid", record["uuid"])) if record["uuid"] else None,
        element("power_management", leaf("enabled", record["power_management"])),
        element("summary", leaf("active", count), leaf("migrating", 0), leaf("total", count)),
        _hosted_engine(facts, record) if all_content else None,
        path="hosts",
    )  # fmt: skip


def _hosted_engine(facts: Facts, record: Record) -> Element | None:
    part = availability(facts, record)
    if part is None or not part["joined"]:
        return None
    alive = db.is_alive(facts, record)
    return element(
        "hosted_engine",
        leaf("active", alive),
        leaf("configured", True),
        leaf("global_maintenance", bool(facts["maintenance"]["global"])),
        leaf("local_maintenance", bool(part["maintenance"])),
        leaf("score", part["score"] if alive else 0),
    )


def machine(record: Record, *, follow: Collection[str] = ()) -> Element:
    """One virtual machine, with its cards and what its guest reports where that is followed."""
    return _linked(
        "vm", record,
        cards(record) if "nics" in follow else None,
        _reported(record) if "reported_devices" in follow else None,
        leaf("status", record["status"]),
        leaf("origin", record["origin"]),
        _refer("cluster", record["cluster"], "clusters"),
        _refer("host", record["host"], "hosts"),
        element("high_availability", leaf("enabled", record["ha"]), leaf("priority", 1)),
        path="vms",
    )  # fmt: skip


def cards(record: Record) -> Element:
    """A machine's network cards."""
    return element("nics", *(
        element("nic", leaf("name", f"nic{number}"), element("mac", leaf("address", mac)))
        for number, mac in enumerate(record.get("macs", ()), start=1)
    ))  # fmt: skip


def _reported(record: Record) -> Element:
    """A guest tells nothing while it is off."""
    addresses = record.get("addresses", ()) if record["host"] else ()
    ips = [element("ip", leaf("address", address)) for address in addresses]
    return element(
        "reported_devices",
        element("reported_device", leaf("name", "eth0"), element("ips", *ips)) if ips else None,
    )


def storage_domain(record: Record, *, attached: bool) -> Element:
    """One storage domain: an attached one has its status only where its data centre is asked."""
    center = record["data_center"]
    path = f"datacenters/{center}/storagedomains" if attached else "storagedomains"
    centers = element("data_centers", element("data_center", id=center)) if center else None
    return _linked(
        "storage_domain", record,
        leaf("type", record["type"]),
        leaf("master", record["master"]),
        leaf("status", record["status"]) if attached or not center else None,
        element(
            "storage", leaf("address", record["address"]), leaf("path", record["path"]),
            leaf("type", record["storage"]),
        ),
        centers,
        path=path,
    )  # fmt: skip


def data_center(record: Record) -> Element:
    """One data centre."""
    version = _level(record["version"])
    return _linked(
        "data_center", record, leaf("status", record["status"]), version, path="datacenters"
    )


def cluster(record: Record) -> Element:
    """One cluster."""
    center = _refer("data_center", record["data_center"], "datacenters")
    return _linked("cluster", record, center, _level(record["version"]), path="clusters")


def event(record: Record, started: float, speed: float) -> Element:
    """One line of the event log; its time is the one on our clock."""
    when = datetime.fromtimestamp(started + record["at"] / speed, UTC)
    children: dict[str, Any] = {
        "correlation_id": record["mark"],
        "description": record["text"],
        "severity": record["severity"],
        "time": when.isoformat(timespec="milliseconds"),
        "code": 0,
    }
    return element(
        "event", *(leaf(name, value) for name, value in children.items()),
        href=f"{ROOT}/events/{record['id']}", id=record["id"],
    )  # fmt: skip
