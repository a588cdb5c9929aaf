"""What the five sources say about each field of a machine: table rows bound to devices. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from steps.conflicts import LdapPlace
from steps.targets.directory import Entry
from steps.virtual_machine import normalise as n
from steps.virtual_machine import sources as s
from steps.virtual_machine.codecs import text_of
from steps.virtual_machine.domain_xml import console, devices, disks, place, split_path
from steps.virtual_machine.field_table import MACHINE_ROWS, XML_ROWS, FieldRow, Scope
from steps.virtual_machine.machine_entry import LEASE, MachineEntries

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

DISK, CARD = "disk", "card"
_ROW_NAMES = frozenset(row.id for row in (*MACHINE_ROWS, *XML_ROWS)) | {"dhcp"}
_RDN = {DISK: "sstDisk", CARD: "sstInterface"}


@dataclass(frozen=True, slots=True)
class Tree:
    """A domain XML with its disks and cards in order, as they stood when it was looked at."""

    root: Element
    disks: tuple[Element, ...]
    cards: tuple[Element, ...]

    @classmethod
    def of(cls, root: Element) -> Tree:
        """Look at a domain."""
        return cls(root, tuple(devices(root, "disk")), tuple(devices(root, "interface")))


@dataclass(frozen=True, slots=True)
class Documents:
    """The sources as read: a source that is not there is missing from its mapping."""

    directories: Mapping[str, MachineEntries]
    trees: Mapping[str, Tree]

    @property
    def xmls(self) -> Mapping[str, Element]:
        """The roots of the XMLs by source."""
        return {source: tree.root for source, tree in self.trees.items()}

    def entry(self, source: str, at: str) -> Entry | None:
        """The entry at a normalised place ("" machine, "DHCP" lease) in one directory source."""
        held = self.directories.get(source)
        if held is None:
            return None
        return held.lease if at == LEASE else held.by_place.get(at)


@dataclass(frozen=True, slots=True)
class Device:
    """One disk or network card and where each source has it.

    `entries`: normalised place by directory source; `elements`: position among its kind by XML
    source.
    """

    kind: str
    name: str
    entries: Mapping[str, str] = field(default_factory=dict)
    elements: Mapping[str, int] = field(default_factory=dict)

    def sources(self) -> tuple[str, ...]:
        """The sources that have it."""
        return tuple(source for source in s.SOURCES if source in {**self.entries, **self.elements})

    def element(self, tree: Tree | None, source: str) -> Element | None:
        """Its element in the tree of that XML source, or in a copy of it."""
        if tree is None or source not in self.elements:
            return None
        return (tree.disks if self.kind == DISK else tree.cards)[self.elements[source]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A value in one source: `key` to compare, `text` to show, `raw` as the directory has it."""

    key: str | None
    text: str | None
    raw: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the table for one machine or device, with what each source says.

    A source that cannot speak about it (no such document, no such device in it) is missing from
    `seen`; one that could but has nothing says key None. `places` are normalised.
    """

    id: str
    title: str
    row: FieldRow
    device: Device | None
    seen: Mapping[str, Seen]
    places: Mapping[str, str]
    with_lease: bool = False

    @property
    def device_name(self) -> str | None:
        """vda, net0 ... or None."""
        return self.device.name if self.device else None


def match_devices(documents: Documents) -> tuple[Device, ...]:
    """Disks by the name the guest sees; cards by MAC first, then by position.

    Names come from documents: they are made fit for a row's id, each its own.
    """
    taken: set[str] = set()
    found = (*_match_disks(documents), *_match_cards(documents))
    return tuple(replace(device, name=_own_name(device.name, taken)) for device in found)


def _own_name(name: str, taken: set[str]) -> str:
    fit = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:40] or "device"
    own, number = fit, 2
    while own in taken or own in _ROW_NAMES:
        own, number = f"{fit}-{number}", number + 1
    taken.add(own)
    return own


def _match_disks(documents: Documents) -> Iterator[Device]:
    entries: dict[str, dict[str, str]] = {}
    elements: dict[str, dict[str, int]] = {}
    for source, held in documents.directories.items():
        for at, entry in held.devices(_RDN[DISK]):
            entries.setdefault(entry.text("sstDisk") or at, {})[source] = at
    for source, tree in documents.trees.items():
        known = {element: name for name, element in disks(tree.root).items()}
        for index, element in enumerate(tree.disks):
            if element in known:
                elements.setdefault(known[element], {})[source] = index
    for name in sorted({*entries, *elements}, key=lambda name: (len(name), name)):
        yield Device(DISK, name, entries.get(name, {}), elements.get(name, {}))


@dataclass(slots=True)
class _Slot:
    """One card while it is being matched: per source its index, name and MAC."""

    index: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    macs: set[str] = field(default_factory=set)


def _match_cards(documents: Documents) -> Iterator[Device]:
    places = {source: _card_places(held) for source, held in documents.directories.items()}
    slots: list[_Slot] = []
    for source in (s.XML_STATE, s.XML_BACKUP, s.DIRECTORY_BACKUP, s.XML_NOW, s.DIRECTORY_NOW):
        if source in documents.trees:
            macs = [_card_mac(card) for card in documents.trees[source].cards]
            _fill(slots, source, macs, [""] * len(macs))
        elif source in places:
            held = documents.directories[source]
            macs = [_entry_mac(held.by_place[at]) for at in places[source]]
            names = [at.partition(",")[0].partition("=")[2] for at in places[source]]
            _fill(slots, source, macs, names)
    for number, slot in enumerate(slots):
        entries = {x: places[x][i] for x, i in slot.index.items() if x in places}
        elements = {x: i for x, i in slot.index.items() if x in documents.trees}
        yield Device(CARD, _card_name(slot, number, slots), entries, elements)


def _card_places(held: MachineEntries) -> list[str]:
    found = [at for at, _ in held.devices(_RDN[CARD])]
    return sorted(found, key=lambda at: (len(at), at))


def _card_mac(card: Element) -> str:
    found = card.find("mac")
    return n.mac(found.get("address", "")) if found is not None else ""


def _entry_mac(entry: Entry) -> str:
    return n.mac(entry.text("sstMacAddress") or "")


def _card_name(slot: _Slot, number: int, slots: list[_Slot]) -> str:
    if slot.names:
        return next(iter(slot.names.values()))
    taken = {name for other in slots for name in other.names.values()}
    name = f"net{number}"
    while name in taken:
        number += 1
        name = f"net{number}"
    return name


def _fill(slots: list[_Slot], source: str, macs: list[str], names: list[str]) -> None:
    """Give every card of a source its slot: the one with its MAC, else the one at its position."""
    left = []
    for index, mac in enumerate(macs):
        known = next((x for x in slots if mac in x.macs and source not in x.index and mac), None)
        if known is None:
            left.append(index)
        else:
            _put(known, source, index, mac, names[index])
    for index in left:
        free = index < len(slots) and source not in slots[index].index
        slot = slots[index] if free else _Slot()
        if not free:
            slots.append(slot)
        _put(slot, source, index, macs[index], names[index])


def _put(slot: _Slot, source: str, index: int, mac: str, name: str) -> None:
    slot.index[source] = index
    slot.macs.add(mac)
    if name:
        slot.names[source] = name


def bind(row: FieldRow, documents: Documents, device: Device | None = None) -> Field | None:
    """The table row with what each source says; None where no source speaks about it."""
    places = _places(row, documents, device)
    seen = {
        **_seen_in_directories(row, documents, places),
        **_seen_in_xmls(row, documents, device),
    }
    if not seen or all(found.key is None for found in seen.values()):
        return None
    name = device.name if device else ""
    return Field(
        id=f"{name}.{row.id}" if device else row.id,
        title=row.title.format(name),
        row=row,
        device=device,
        seen={source: seen[source] for source in s.SOURCES if source in seen},
        places=places,
    )


def ldap_of(field: Field, documents: Documents) -> tuple[LdapPlace, ...]:
    """Where the field stands in the directory, the lease's MAC beside its card's."""
    own = ldap_places(field.row.attributes[:1], documents, field.places)
    if not field.with_lease:
        return own
    leases = {x: LEASE for x in documents.directories if documents.entry(x, LEASE) is not None}
    return (*own, *ldap_places(("dhcpHWAddress",), documents, leases))


def xpath_of(field: Field, documents: Documents) -> tuple[str, ...]:
    """Where it stands in the XML that will be edited, else in the first that has it."""
    if not any(source in field.seen for source in s.XMLS):
        return ()
    return _xpaths(field.row, documents, field.device)


def _places(row: FieldRow, documents: Documents, device: Device | None) -> dict[str, str]:
    """Where each directory source would have it, for sources that have that entry."""
    found = {}
    for source, held in documents.directories.items():
        at = _place_in(row, held, source, device)
        if at is not None and documents.entry(source, at) is not None:
            found[source] = at
    if row.scope is Scope.SETTINGS and found:
        # The switch may hang at another entry below ou=settings in the other source.
        known = next(iter(found.values()))
        for source in documents.directories:
            if documents.entry(source, known) is not None:
                found.setdefault(source, known)
    return found


def _place_in(
    row: FieldRow, held: MachineEntries, source: str, device: Device | None
) -> str | None:
    if device is not None:
        return device.entries.get(source)
    if row.scope is Scope.LEASE:
        return LEASE
    if row.scope is Scope.DEVICES:
        return "ou=devices"
    if row.scope is Scope.SETTINGS:
        return held.having(row.attributes[0], "ou=settings")
    return ""


def _seen_in_directories(
    row: FieldRow, documents: Documents, places: Mapping[str, str]
) -> dict[str, Seen]:
    if not row.attributes:
        return {}
    found = {}
    for source, at in places.items():
        entry = documents.entry(source, at)
        assert entry is not None
        found[source] = _seen(row, entry.values(row.attributes[0]))
    if all(seen.key is None for seen in found.values()):
        return {}
    return {source: _with_absent(row, seen) for source, seen in found.items()}


def _seen(row: FieldRow, raw: tuple[bytes, ...]) -> Seen:
    key = row.codec.from_ldap(raw) if raw else None
    if key is None:
        return Seen(None, None, raw)
    readable = len(raw) == 1 and row.scope is not Scope.LEASE
    text = text_of(raw[0]) if readable else key.replace("\n", ", ")
    return Seen(key, text, raw)


def _with_absent(row: FieldRow, seen: Seen) -> Seen:
    if seen.key is None and row.absent is not None:
        return Seen(row.absent, seen.text, seen.raw)
    return seen


def _seen_in_xmls(row: FieldRow, documents: Documents, device: Device | None) -> dict[str, Seen]:
    if not row.paths:
        return {}
    found = {}
    for source, tree in documents.trees.items():
        scope = scope_of(row, tree, source, device)
        if scope is not None:
            key = row.codec.from_xml(scope, row.paths)
            found[source] = Seen(key, key)
    if row.mirror and all(seen.key is None for seen in found.values()):
        return {}
    return {source: _with_absent(row, seen) for source, seen in found.items()}


def scope_of(row: FieldRow, tree: Tree, source: str, device: Device | None) -> Element | None:
    """The part of that tree the row's paths start from; None where it is not there."""
    if device is not None:
        return device.element(tree, source)
    return console(tree.root) if row.scope is Scope.CONSOLE else tree.root


def ldap_places(
    attributes: Iterable[str], documents: Documents, places: Mapping[str, str]
) -> tuple[LdapPlace, ...]:
    """Places as the directory spells them, the live one before the backup's."""
    for source in (s.DIRECTORY_NOW, s.DIRECTORY_BACKUP):
        if source in places:
            held = documents.directories[source]
            entry = documents.entry(source, places[source])
            if entry is not None:
                return tuple(LdapPlace(held.place_of(entry), name) for name in attributes)
    return ()


_PREFERRED = (s.XML_STATE, s.XML_BACKUP, s.XML_NOW)


def _xpaths(row: FieldRow, documents: Documents, device: Device | None) -> tuple[str, ...]:
    trees = {x: documents.trees[x] for x in _PREFERRED if x in documents.trees}
    found = [scope_of(row, tree, source, device) for source, tree in trees.items()]
    scopes = [scope for scope in found if scope is not None]
    for scope in scopes:
        places = tuple(_existing(scope, row.paths))
        if places:
            return places
    return (_would_be(scopes[0], row.paths[0]),) if scopes and row.paths else ()


def _existing(scope: Element, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        where, attribute = split_path(path)
        for element in scope.findall(where) if where else [scope]:
            if not attribute or element.get(attribute) is not None:
                yield place(element, attribute)


def _would_be(scope: Element, path: str) -> str:
    return f"{place(scope)}/{path}"


def unclaimed(documents: Documents, claimed: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """(place, attribute) of everything in both directories that no table row is about."""
    backup = documents.directories.get(s.DIRECTORY_BACKUP)
    now = documents.directories.get(s.DIRECTORY_NOW)
    if backup is None or now is None:
        return
    both = [at for at in backup.by_place if at in now.by_place]
    if backup.lease is not None and now.lease is not None:
        both.append(LEASE)
    for at in both:
        yield from _unclaimed_at(documents, at, claimed.get(at, set()))


def _unclaimed_at(documents: Documents, at: str, claimed: set[str]) -> Iterator[tuple[str, str]]:
    spelled: dict[str, str] = {}
    for source in (s.DIRECTORY_NOW, s.DIRECTORY_BACKUP):
        entry = documents.entry(source, at)
        for name in entry.attributes if entry else ():
            spelled.setdefault(name.lower(), name)
    for lower, name in spelled.items():
        if lower not in claimed:
            yield at, name
