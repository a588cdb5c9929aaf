"""Whether a value can be used on this host and beside the other machines. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import PurePosixPath

from steps.targets.directory import Entry
from steps.virtual_machine import normalise as n
from steps.virtual_machine.field_table import Check
from steps.virtual_machine.host_facts import OtherMachine
from steps.virtual_machine.machine_fields import Field
from steps.virtual_machine.situation import Situation

REMEDIES = {
    Check.BRIDGE: "Make the bridge on this host, or name one that exists.",
    Check.MAC: "Give the other machine another MAC, or restore with another one as a cold start.",
    Check.PORT: "Choose a port that no machine has.",
    Check.ADDRESS: "Choose an address that no machine has.",
    Check.IMAGE_PATH: "Choose a path of its own in an image directory of this host.",
    Check.MACHINE_TYPE: "Restore on a host that offers this machine type.",
    Check.LISTEN: "Name an address of this host.",
}


def unusable(field: Field, key: str | None, situation: Situation) -> str:
    """Why that value cannot be used for the field; empty where it can."""
    if key is None:
        return ""
    if field.row.paths and not is_text(field, key):
        return "It is no text that an XML can hold."
    judge = _JUDGES.get(field.row.check)
    return judge(field, key, situation) if judge else ""


def is_text(field: Field, key: str) -> bool:
    """Whether an XML can hold the value as the directory has it."""
    raw = [value for seen in field.seen.values() if seen.key == key for value in seen.raw]
    return n.fits_xml(key) and all(map(_bytes_fit, raw))


def entry_fits(entry: Entry) -> bool:
    """Whether an XML can hold every value of the entry."""
    return all(_bytes_fit(value) for values in entry.attributes.values() for value in values)


def _bytes_fit(value: bytes) -> bool:
    try:
        return n.fits_xml(value.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _bridge(_field: Field, key: str, situation: Situation) -> str:
    bridges = situation.facts.bridges
    if bridges is None or key in bridges:
        return ""
    have = f"it has {', '.join(bridges)}" if bridges else "it has none"
    return f"This host has no bridge {key!r} ({have})."


def _holder(situation: Situation, holds: Callable[[OtherMachine], bool]) -> OtherMachine | None:
    return next((other for other in situation.others if holds(other)), None)


def _mac(_field: Field, key: str, situation: Situation) -> str:
    holder = _holder(situation, lambda other: key in map(n.mac, other.macs))
    return f"The MAC {key} belongs to {holder}." if holder else ""


def _port(_field: Field, key: str, situation: Situation) -> str:
    holder = _holder(situation, lambda other: key in map(str, other.console_ports))
    return f"The console port {key} belongs to {holder}." if holder else ""


def _address(_field: Field, key: str, situation: Situation) -> str:
    wanted = set(key.split(","))
    holder = _holder(situation, lambda other: bool(wanted & set(map(n.address, other.ips))))
    return f"The address {key} belongs to {holder}." if holder else ""


def _image_path(field: Field, key: str, situation: Situation) -> str:
    holder = _holder(situation, lambda other: key in map(n.path, other.images))
    if holder:
        return f"The image {key} belongs to {holder}."
    return outside_directories(key, situation)


def outside_directories(path: str, situation: Situation) -> str:
    """Why a path is not below an image directory of this host; empty where it is, or unknown."""
    directories = situation.facts.image_directories
    if not directories:
        return ""
    if any(PurePosixPath(path).is_relative_to(n.path(known)) for known in directories):
        return ""
    return f"{path} is in no image directory of this host ({', '.join(directories)})."


def _machine_type(_field: Field, key: str, situation: Situation) -> str:
    types = situation.facts.machine_types
    if not types:
        return ""
    aliases = dict(situation.facts.machine_aliases)
    if key in types or key in aliases or key in aliases.values():
        return ""
    return f"This host does not offer the machine type {key}."


def _listen(_field: Field, key: str, situation: Situation) -> str:
    here = situation.facts.this_node_console_address
    if not here or key == n.address(here) or _anywhere(key):
        return ""
    return (
        f"{key} is not the console address of {situation.facts.this_node or 'this host'} ({here})."
    )


def _anywhere(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address == "localhost"
    return parsed.is_loopback or parsed.is_unspecified


_JUDGES: dict[Check, Callable[[Field, str, Situation], str]] = {
    Check.BRIDGE: _bridge,
    Check.MAC: _mac,
    Check.PORT: _port,
    Check.ADDRESS: _address,
    Check.IMAGE_PATH: _image_path,
    Check.MACHINE_TYPE: _machine_type,
    Check.LISTEN: _listen,
}


def taken_identity(situation: Situation) -> list[tuple[str, str]]:
    """(code, message) for another machine that has this one's name or UUID."""
    machine = situation.sources.machine
    found = []
    for other in situation.facts.other_machines:
        same_uuid = n.identity(other.uuid) in _keys(situation, "uuid") | {n.identity(machine)}
        same_name = n.identity(other.name) in _keys(situation, "name") | {n.identity(machine)}
        if same_name and not same_uuid:
            found.append(("name-taken", f"The name {machine} belongs to {other}."))
        elif same_uuid and not same_name and other.name:
            found.append(("uuid-taken", f"The UUID of {machine} belongs to {other}."))
    return found


def _keys(situation: Situation, name: str) -> set[str]:
    field = situation.fields.get(name)
    return {seen.key for seen in field.seen.values() if seen.key} if field else set()
