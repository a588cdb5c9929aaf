"""The directory that keeps the machines: LDAP, or LDIF files for sites without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Attributes = Mapping[str, tuple[bytes, ...]]
"""Attribute values by name as the server spells it; look them up without regard to case."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as read, with the operational attributes that guard a change."""

    dn: str
    attributes: Attributes
    entry_csn: str = ""
    modified_by: str = ""
    modified_at: str = ""

    def values(self, name: str) -> tuple[bytes, ...]:
        """All values of an attribute, in any letter case."""
        wanted = name.lower()
        return next((v for k, v in self.attributes.items() if k.lower() == wanted), ())

    def text(self, name: str) -> str | None:
        """The first value as text, or None."""
        values = self.values(name)
        return values[0].decode("utf-8", "replace") if values else None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an attribute: `kind` is add, delete or replace."""

    kind: str
    attribute: str
    values: tuple[bytes, ...] = ()


class Directory(Protocol):
    """Search and guarded change. A lost race raises Refused and says who changed the entry."""

    @property
    def base(self) -> str:
        """The DN everything is below, for instance dc=stoney-cloud,dc=org."""

    def get(self, dn: str) -> Entry | None:
        """One entry, or None."""

    def children(self, dn: str) -> Sequence[Entry]:
        """Direct children."""

    def subtree(self, dn: str) -> Sequence[Entry]:
        """The entry and all below it, parents first; empty where there is none."""

    def search(self, base: str, filter_text: str) -> Sequence[Entry]:
        """Subtree search, paged. Build the filter with `directory_names.equals()`: it escapes."""

    def add(self, dn: str, attributes: Attributes) -> None:
        """Add an entry; Refused where there is one."""

    def modify(self, dn: str, changes: Sequence[Change], *, expected_csn: str) -> None:
        """Change it only if its entryCSN is still the expected one (compare-and-set)."""

    def transition(
        self, dn: str, attribute: str, expected: str, new: str, others: Sequence[Change] = ()
    ) -> None:
        """One modify: delete the expected value, add the new one, and the other changes."""

    def delete(self, dn: str, *, expected_csn: str = "") -> None:
        """Delete a leaf entry, guarded where a CSN is given; nothing there is fine."""

    def close(self) -> None:
        """Let go of the connection."""
