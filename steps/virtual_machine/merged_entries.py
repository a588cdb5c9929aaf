"""The directory entries a restore shall leave: today's, with every decision carried out. Pure.

What nobody decided stays as it is today; where the entry is gone, the backup's comes back. Never
in it: ou=backup, operational attributes, and a migration that is over.
"""

from __future__ import annotations

from collections.abc import Iterable

from steps.ldif_text import split_dn
from steps.targets.directory import Entry
from steps.virtual_machine import sources as s
from steps.virtual_machine.cases import Case
from steps.virtual_machine.codecs import FixedAddress, OtherStatements
from steps.virtual_machine.field_table import NAMING, OPERATIONAL
from steps.virtual_machine.machine_devices import Device
from steps.virtual_machine.machine_entry import LEASE, MachineEntries
from steps.virtual_machine.machine_fields import Field
from steps.virtual_machine.outcome import Outcome
from steps.virtual_machine.situation import Situation

_PARTIAL = (FixedAddress, OtherStatements)


class MergedEntries:
    """The entries while decisions are carried out, by normalised place."""

    def __init__(self, situation: Situation) -> None:
        directories = situation.documents.directories
        self.backup = directories.get(s.DIRECTORY_BACKUP, MachineEntries("", {}))
        self.now = directories.get(s.DIRECTORY_NOW, MachineEntries("", {}))
        self.gone = self.now.machine is None
        held = self.backup if self.gone else self.now
        self.dn = held.dn
        self.entries: dict[str, Entry] = {at: _plain(e) for at, e in held.by_place.items()}
        self.renamed: dict[str, str] = {}
        lease = self.now.lease or (self.backup.lease if self.gone else None)
        if lease is not None:
            self.entries[LEASE] = _plain(lease)

    def carry_out(self, case: Case, result: Outcome) -> None:
        """Write one decision."""
        if case.field is not None:
            self._field(case.field, result.directory)
        elif case.device is not None:
            self._device(case.device, result.directory is not None)
        elif case.entry_at is not None:
            self._presence(case.entry_at, result.directory is not None)

    def result(self) -> tuple[Entry, ...]:
        """Machine subtree, then the lease."""
        lease = self.entries.get(LEASE)
        tree = [entry for at, entry in self.entries.items() if at != LEASE]
        return (*tree, *([lease] if lease is not None else []))

    def _device(self, device: Device, wanted: bool) -> None:
        """Its entry of today goes, or the backup's comes: places may be another's by now."""
        today = device.entries.get(s.DIRECTORY_BACKUP if self.gone else s.DIRECTORY_NOW)
        then = device.entries.get(s.DIRECTORY_BACKUP)
        if not wanted and today is not None:
            self._presence(today, False)
        elif wanted and today is None and then is not None:
            if then in self.entries:
                self._come_renamed(then)
            else:
                self._presence(then, True)

    def _come_renamed(self, at: str) -> None:
        """The backup's card where another card of today has its name."""
        entry = self._rebased(_plain(self.backup.by_place[at]), at)
        rdn, place = split_dn(entry.dn)[0].partition("=")[0], at.partition(",")[2]
        number = 0
        while f"{rdn.lower()}=net{number},{place}" in self.entries:
            number += 1
        free = f"{rdn.lower()}=net{number},{place}"
        dn = ",".join([f"{rdn}=net{number}", *split_dn(entry.dn)[1:]])
        self.renamed[at] = free
        self.entries[free] = Entry(dn, entry.attributes)
        self._write(free, rdn, (f"net{number}".encode(),))

    def _presence(self, at: str, wanted: bool) -> None:
        if not wanted:
            for place in [p for p in self.entries if p == at or p.endswith(f",{at}")]:
                del self.entries[place]
        elif at not in self.entries:
            known = self.backup.lease if at == LEASE else self.backup.by_place.get(at)
            if known is not None:
                self.entries[at] = self._rebased(_plain(known), at)

    def _rebased(self, entry: Entry, at: str) -> Entry:
        """The backup's entry below the machine's DN of today."""
        if at == LEASE or not self.dn or self.dn == self.backup.dn:
            return entry
        return Entry(f"{self.backup.place_of(entry)},{self.dn}", entry.attributes)

    def _field(self, field: Field, key: str | None) -> None:
        if not any(source in field.seen for source in s.DIRECTORIES):
            return
        then = field.places.get(s.DIRECTORY_BACKUP)
        at = field.places.get(s.DIRECTORY_NOW, self.renamed.get(then or "", then))
        if at is None or at not in self.entries or _names_entry(field):
            return
        self._write(at, field.row.attributes[0], self._values(field, at, key))
        if field.with_lease and LEASE in self.entries and key is not None:
            self._write(LEASE, "dhcpHWAddress", self._lease_values(key))
        if field.row.id == "dhcp.fixed-address":
            self._move_lease(field, key)

    def _values(self, field: Field, at: str, key: str | None) -> tuple[bytes, ...]:
        """Today's spelling where it means the same, else the backup's, else our own."""
        present = self.entries[at].values(field.row.attributes[0])
        if isinstance(field.row.codec, _PARTIAL):
            return field.row.codec.to_ldap(key, present)
        for source in (s.DIRECTORY_NOW, s.DIRECTORY_BACKUP):
            seen = field.seen.get(source)
            if seen is not None and seen.key == key:
                return seen.raw
        return field.row.codec.to_ldap(key, present)

    def _lease_values(self, key: str) -> tuple[bytes, ...]:
        for held in (self.now, self.backup):
            values = held.lease.values("dhcpHWAddress") if held.lease else ()
            if values and values[0].decode("utf-8", "replace").lower().endswith(key):
                return values
        return (f"ethernet {key}".encode(),)

    def _move_lease(self, field: Field, key: str | None) -> None:
        """The entry stands below the subnet of its address."""
        backup, now = field.seen.get(s.DIRECTORY_BACKUP), field.seen.get(s.DIRECTORY_NOW)
        back = backup is not None and backup.key == key and (now is None or now.key != key)
        if back and self.backup.lease is not None:
            self.entries[LEASE] = Entry(self.backup.lease.dn, self.entries[LEASE].attributes)

    def _write(self, at: str, attribute: str, values: tuple[bytes, ...]) -> None:
        entry = self.entries[at]
        spelled = next((x for x in entry.attributes if x.lower() == attribute.lower()), attribute)
        attributes = dict(entry.attributes)
        if values:
            attributes[spelled] = values
        else:
            attributes.pop(spelled, None)
        self.entries[at] = Entry(entry.dn, attributes, entry.entry_csn)


def _names_entry(field: Field) -> bool:
    """Whether the entry is called by it: an entry cannot say another name than its DN."""
    return field.row.attributes[0].lower() in NAMING


def _plain(entry: Entry) -> Entry:
    """Without what the server writes by itself."""
    kept = {name: v for name, v in entry.attributes.items() if name.lower() not in OPERATIONAL}
    return Entry(entry.dn, kept, entry.entry_csn, entry.modified_by, entry.modified_at)


def merged_entries(
    situation: Situation, decided: Iterable[tuple[Case, Outcome]]
) -> tuple[Entry, ...]:
    """Machine subtree in the order of the directory, then the lease."""
    merged = MergedEntries(situation)
    for case, result in sorted(decided, key=_turn):
        merged.carry_out(case, result)
    return merged.result()


def _turn(decision: tuple[Case, Outcome]) -> tuple[bool, bool]:
    # Entries first: a decision on a value of an entry needs the entry to be there. Of those, what
    # goes first: what comes may need its place.
    case, result = decision
    return case.field is not None, result.directory is not None
