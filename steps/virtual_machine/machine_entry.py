"""A machine's LDIF taken apart: its subtree by relative DN, and its DHCP entry. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from config.errors import InvalidInput
from steps.ldif_text import below, normal_dn, parse_document, split_dn
from steps.targets.directory import Entry
from steps.virtual_machine.normalise import identity

MACHINE_ATTRIBUTE = "sstVirtualMachine"
LEASE = "DHCP"
"""What the DHCP entry is called wherever a place in the directory is shown."""


@dataclass(frozen=True, slots=True)
class MachineEntries:
    """One machine's entries.

    `by_place` has them by normalised DN below the machine's entry ("" is that entry itself), in
    the order of the file; `backups` counts entries of `ou=backup`, which are never compared.
    """

    dn: str
    by_place: dict[str, Entry]
    lease: Entry | None = None
    backups: int = 0
    others: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def machine(self) -> Entry | None:
        """The machine's own entry."""
        return self.by_place.get("")

    def place_of(self, entry: Entry) -> str:
        """The DN below the machine's entry, as the file spells it; "DHCP" for the lease."""
        if self.lease is not None and entry.dn == self.lease.dn:
            return LEASE
        depth = len(split_dn(entry.dn)) - len(split_dn(self.dn))
        return ",".join(split_dn(entry.dn)[:depth])

    def having(self, attribute: str, below_place: str) -> str | None:
        """The place of the entry at or below `below_place` that has that attribute."""
        for place, entry in self.by_place.items():
            inside = place == below_place or place.endswith("," + below_place)
            if inside and entry.values(attribute):
                return place
        return None

    def devices(self, attribute: str) -> Iterator[tuple[str, Entry]]:
        """Entries named by that attribute (sstDisk, sstInterface), with their places."""
        for place, entry in self.by_place.items():
            if place.startswith(attribute.lower() + "="):
                yield place, entry


def machine_entries(data: bytes, name: str, machine: str) -> MachineEntries:
    """Read the LDIF called `name`; raises InvalidInput, also where it is another machine's."""
    document = parse_document(data, name)
    split = split_entries(document.entries, name, machine)
    return MachineEntries(
        split.dn, split.by_place, split.lease, split.backups, split.others, document.notes
    )


def split_entries(entries: Sequence[Entry], name: str, machine: str) -> MachineEntries:
    """Sort entries into the machine's subtree, its lease, and what is neither."""
    dn = _machine_dn(entries, name, machine)
    by_place: dict[str, Entry] = {}
    outside: list[Entry] = []
    backups = 0
    for entry in entries:
        if not dn or not below(entry.dn, dn):
            outside.append(entry)
            continue
        place = normal_place(entry.dn, dn)
        if place == "ou=backup" or place.endswith(",ou=backup"):
            backups += 1
        else:
            by_place[place] = entry
    lease = _lease(outside, machine, name)
    return MachineEntries(dn, by_place, lease, backups, len(outside) - (lease is not None))


def normal_place(dn: str, machine_dn: str) -> str:
    """The DN below the machine's entry, normalised for comparing."""
    return normal_dn(dn)[: -len(normal_dn(machine_dn))].rstrip(",")


def _machine_dn(entries: Sequence[Entry], name: str, machine: str) -> str:
    prefix = MACHINE_ATTRIBUTE.lower() + "="
    found = [entry for entry in entries if normal_dn(entry.dn).startswith(prefix)]
    if not found:
        return ""
    for entry in found:
        if identity(normal_dn(split_dn(entry.dn)[0]).partition("=")[2]) == identity(
            machine.lower()
        ):
            return entry.dn
    raise InvalidInput(
        f"{name} holds {found[0].dn}, not the machine {machine}.",
        "Give the LDIF and the name of the same machine.",
    )


def _lease(outside: Sequence[Entry], machine: str, name: str) -> Entry | None:
    leases = [entry for entry in outside if _is_lease(entry)]
    mine = [entry for entry in leases if identity(entry.text("cn") or "") == identity(machine)]
    found = mine or leases
    if len(found) > 1:
        raise InvalidInput(
            f"{name} holds {len(found)} DHCP entries: {', '.join(e.dn for e in found[:4])}.",
            "Leave only the one that belongs to the machine.",
        )
    return found[0] if found else None


def _is_lease(entry: Entry) -> bool:
    classes = {value.lower() for value in entry.values("objectClass")}
    return b"dhcphost" in classes or bool(entry.values("dhcpHWAddress"))
