"""From documents to fields: every table row bound, libvirt's noise taken out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from steps.virtual_machine import normalise as n
from steps.virtual_machine import sources as s
from steps.virtual_machine.field_table import (
    CARD_ROWS,
    DISK_ROWS,
    LEASE_ROWS,
    MACHINE_ROWS,
    NAMING,
    OPERATIONAL,
    XML_ROWS,
    FieldRow,
    Scope,
    unknown_row,
)
from steps.virtual_machine.host_facts import HostFacts
from steps.virtual_machine.machine_devices import CARD, DISK, Device, Documents
from steps.virtual_machine.machine_entry import LEASE
from steps.virtual_machine.machine_fields import Field, Seen, bind, unclaimed

_MAY_BE_SILENT = frozenset({"cpu", "spice-password", "console-address"})
"""Fields whose absence from an XML says nothing: it may have been left out of the dump."""

_REMOVABLE = ("cdrom", "floppy")


def read_fields(
    documents: Documents, devices: tuple[Device, ...], facts: HostFacts
) -> tuple[Field, ...]:
    """Every field of the machine, in the order of the table."""
    known = [*_known(documents, devices)]
    settled = [_settle(field, documents, facts) for field in known]
    fields = [field for field in settled if field is not None]
    fields = _join_lease(fields)
    return (*fields, *_unknown(fields, documents))


def _known(documents: Documents, devices: tuple[Device, ...]) -> Iterator[Field]:
    for row in (*MACHINE_ROWS, *XML_ROWS):
        yield from _bound(row, documents, None)
    for device in devices:
        for row in DISK_ROWS if device.kind == DISK else CARD_ROWS:
            yield from _bound(row, documents, device)
    for row in LEASE_ROWS:
        yield from _bound(row, documents, None)


def _bound(row: FieldRow, documents: Documents, device: Device | None) -> Iterator[Field]:
    found = bind(row, documents, device)
    if found is not None:
        yield found


def _settle(field: Field, documents: Documents, facts: HostFacts) -> Field | None:
    """Take out what is not a statement; None where nothing is left."""
    seen = dict(field.seen)
    if field.row.id in _MAY_BE_SILENT:
        seen = {x: found for x, found in seen.items() if found.key or x in s.DIRECTORIES}
    if field.row.id == "machine-type":
        seen = _without_aliases(seen, dict(facts.machine_aliases))
    if field.device is not None and is_removable(field.device, documents):
        seen = _removable(field, seen)
    if field.row.id == "bridge" and field.device is not None:
        seen = _own_bridge(field.device, documents, seen)
    if not any(found.key is not None for found in seen.values()):
        return None
    return replace(field, seen=seen)


def _without_aliases(seen: Mapping[str, Seen], aliases: Mapping[str, str]) -> dict[str, Seen]:
    """Machine types with every alias replaced by what it stood for in its own time."""
    then = _line_of(seen, s.XML_STATE, s.XML_BACKUP)
    now = _line_of(seen, s.XML_NOW)
    every = _line_of(seen, *s.XMLS)
    found = {}
    for source, said in seen.items():
        today = source in (s.DIRECTORY_NOW, s.XML_NOW)
        unchanged = source == s.DIRECTORY_NOW and said == seen.get(s.DIRECTORY_BACKUP)
        if today and not unchanged:
            known = [now, aliases, every]
        else:
            known = [now, then, aliases, every] if today else [then, every, aliases]
        found[source] = replace(said, key=_expanded(said.key, known))
    return found


def _line_of(seen: Mapping[str, Seen], *sources: str) -> dict[str, str]:
    """The full machine type by its line, as these sources have it."""
    found: dict[str, str] = {}
    for source in sources:
        key = seen[source].key if source in seen else None
        if key and not n.is_machine_alias(key):
            found.setdefault(n.family(key), key)
    return found


def _expanded(machine: str | None, known: list[Mapping[str, str]]) -> str | None:
    if machine is None:
        return None
    line = n.family(machine) if n.is_machine_alias(machine) else ""
    for table in known:
        full = table.get(machine) or (table.get(line) if line else None)
        if full:
            return full
    return machine


def is_removable(device: Device, documents: Documents) -> bool:
    """Whether it is a drive whose medium comes and goes."""
    for source, tree in documents.trees.items():
        element = device.element(tree, source)
        if element is not None:
            return element.get("device") in _REMOVABLE
    for source, at in device.entries.items():
        entry = documents.entry(source, at)
        if entry is not None:
            return n.word(entry.text("sstDevice") or "") in _REMOVABLE
    return False


def _removable(field: Field, seen: Mapping[str, Seen]) -> dict[str, Seen]:
    """A cdrom is read-only whatever is said, and libvirt names a format for an empty one."""
    if field.row.id == "readonly":
        return {x: replace(found, key=n.TRUE) for x, found in seen.items()}
    if field.row.id in ("driver-type", "driver-name"):
        return {x: found for x, found in seen.items() if x in s.DIRECTORIES}
    return dict(seen)


def _join_lease(fields: list[Field]) -> list[Field]:
    """The lease's MAC is the card's wherever they agree: then it is one field with two places."""
    lease = next((f for f in fields if f.row.id == "dhcp.hardware-address"), None)
    if lease is None:
        return fields
    cards = [f for f in fields if f.row.id == "mac" and f.device and f.device.kind == CARD]
    card = next((f for f in cards if _agree(f, lease)), None)
    if card is None:
        return fields
    joined = replace(card, with_lease=True)
    return [joined if f is card else f for f in fields if f is not lease]


def _agree(card: Field, lease: Field) -> bool:
    said = lease.seen.items()
    return all(x in card.seen and card.seen[x].key == found.key for x, found in said)


def _own_bridge(device: Device, documents: Documents, seen: Mapping[str, Seen]) -> dict[str, Seen]:
    """A card on a libvirt network has no bridge of its own; libvirt shows the network's."""
    there = {x: device.element(tree, x) for x, tree in documents.trees.items()}
    kinds = {x: card.get("type") for x, card in there.items() if card is not None}
    networked = {x for x, kind in kinds.items() if kind == "network"}
    if networked and networked == set(kinds):
        return {x: found for x, found in seen.items() if x in s.DIRECTORIES}
    return {x: Seen(None, None) if x in networked else found for x, found in seen.items()}


def _unknown(fields: list[Field], documents: Documents) -> Iterator[Field]:
    """Attributes that no table row is about."""
    claimed: dict[str, set[str]] = {}
    for row, places in _claims(documents):
        for at in places:
            claimed.setdefault(at, set()).update(name.lower() for name in row.attributes)
    for field in fields:
        for at in field.places.values():
            claimed.setdefault(at, set()).update(x.lower() for x in field.row.attributes)
    skipped = NAMING | OPERATIONAL
    for at, name in unclaimed(documents, {at: names | skipped for at, names in claimed.items()}):
        if name.lower() not in skipped:
            yield from _unknown_field(at, name, documents)


def _claims(documents: Documents) -> Iterator[tuple[FieldRow, set[str]]]:
    """Table rows and the places they are about, also where nothing stands there."""
    for row in MACHINE_ROWS:
        if row.scope in (Scope.MACHINE, Scope.CONSOLE):
            yield row, {""}
        elif row.scope is Scope.DEVICES:
            yield row, {"ou=devices"}
    for row in LEASE_ROWS:
        yield row, {LEASE}
    for held in documents.directories.values():
        for rows, attribute in ((DISK_ROWS, "sstDisk"), (CARD_ROWS, "sstInterface")):
            places = {at for at, _ in held.devices(attribute)}
            yield from ((row, places) for row in rows)


def _unknown_field(at: str, name: str, documents: Documents) -> Iterator[Field]:
    where = slug(at)
    row = unknown_row(name, f"{where}.{name}" if where else name, _title(at, name))
    places = {x: at for x in documents.directories if documents.entry(x, at) is not None}
    seen = {}
    for source in places:
        entry = documents.entry(source, at)
        raw = entry.values(name) if entry else ()
        key = row.codec.from_ldap(raw) if raw else None
        seen[source] = Seen(key, key.replace("\n", ", ") if key else None, raw)
    yield Field(row.id, row.title, row, None, seen, places)


def _title(at: str, name: str) -> str:
    return f"{name} of {at.partition(',')[0].partition('=')[2] or at}" if at else name


def slug(place: str) -> str:
    """A place as part of a row's id: no `=`, no spaces."""
    if place == LEASE:
        return "dhcp"
    return re.sub(r"[^a-z0-9-]+", "-", place.lower()).strip("-")
