"""The documents of one machine as trees, and its disks and cards matched across them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from steps.targets.directory import Entry
from steps.virtual_machine import normalise as n
from steps.virtual_machine import sources as s
from steps.virtual_machine.domain_xml import devices, disks
from steps.virtual_machine.field_table import MACHINE_ROWS, XML_ROWS
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
    names = _card_names(slots)
    for number, slot in enumerate(slots):
        entries = {x: places[x][i] for x, i in slot.index.items() if x in places}
        elements = {x: i for x, i in slot.index.items() if x in documents.trees}
        yield Device(CARD, names[number], entries, elements)


def _card_places(held: MachineEntries) -> list[str]:
    found = [at for at, _ in held.devices(_RDN[CARD])]
    return sorted(found, key=lambda at: (len(at), at))


def _card_mac(card: Element) -> str:
    found = card.find("mac")
    return n.mac(found.get("address", "")) if found is not None else ""


def _entry_mac(entry: Entry) -> str:
    return n.mac(entry.text("sstMacAddress") or "")


def _card_names(slots: list[_Slot]) -> list[str]:
    """What each is called: as in the backup, else as today, else by a number that is free."""
    firsts = [next(iter(slot.names.values()), "") for slot in slots]
    taken = {name for slot in slots for name in slot.names.values()}
    given: dict[str, None] = {}
    for number, first in enumerate(firsts):
        name = first
        while not name or name in given:
            name = "" if f"net{number}" in taken else f"net{number}"
            number += 1
        given[name] = None
    return list(given)


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
