"""A directory in memory, for tests that change one thousands of times. Guards as slapd does."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from config.errors import Refused
from steps.ldif_text import below, normal_dn
from steps.targets.attribute_changes import changed
from steps.targets.directory import Attributes, Change, Entry
from steps.targets.directory_names import parent
from steps.targets.ldap_filter import parse_filter, same_value


class MemoryDirectory:
    """Entries by normalised DN."""

    def __init__(self, base: str, entries: Iterable[Entry]) -> None:
        self.base = base
        self._numbers = itertools.count(1)
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            self._keep(entry.dn, entry.attributes)

    def get(self, dn: str) -> Entry | None:
        return self._entries.get(normal_dn(dn))

    def children(self, dn: str) -> Sequence[Entry]:
        wanted = normal_dn(dn)
        return [e for e in self._entries.values() if normal_dn(parent(e.dn)) == wanted]

    def subtree(self, dn: str) -> Sequence[Entry]:
        found = [entry for entry in self._entries.values() if below(entry.dn, dn)]
        return sorted(found, key=lambda entry: entry.dn.count(","))

    def search(self, base: str, filter_text: str) -> Sequence[Entry]:
        matches = parse_filter(filter_text)
        return [entry for entry in self.subtree(base) if matches(entry)]

    def add(self, dn: str, attributes: Attributes) -> None:
        if normal_dn(dn) in self._entries:
            raise Refused(f"{dn} exists already.")
        self._keep(dn, attributes)

    def modify(self, dn: str, changes: Sequence[Change], *, expected_csn: str) -> None:
        entry = self._known(dn)
        if entry.entry_csn != expected_csn:
            raise Refused(f"{dn} was changed by somebody else.")
        self._keep(dn, changed(dn, entry.attributes, changes))

    def transition(
        self, dn: str, attribute: str, expected: str, new: str, others: Sequence[Change] = ()
    ) -> None:
        entry = self._known(dn)
        if not any(same_value(value, expected.encode()) for value in entry.values(attribute)):
            raise Refused(f"{attribute} of {dn} is {entry.text(attribute)}, not {expected}.")
        swap = (
            Change("delete", attribute, (expected.encode(),)),
            Change("add", attribute, (new.encode(),)),
        )
        self._keep(dn, changed(dn, entry.attributes, (*swap, *others)))

    def delete(self, dn: str, *, expected_csn: str = "") -> None:
        entry = self.get(dn)
        if entry is None:
            return
        if self.children(dn) or (expected_csn and entry.entry_csn != expected_csn):
            raise Refused(f"{dn} has children, or was changed.")
        del self._entries[normal_dn(dn)]

    def close(self) -> None:
        pass

    def _known(self, dn: str) -> Entry:
        entry = self.get(dn)
        if entry is None:
            raise Refused(f"{dn} is not there.")
        return entry

    def _keep(self, dn: str, attributes: Attributes) -> None:
        csn = f"{next(self._numbers):06d}"
        self._entries[normal_dn(dn)] = Entry(
            dn, dict(attributes), csn, "cn=test", "20260101000000Z"
        )
