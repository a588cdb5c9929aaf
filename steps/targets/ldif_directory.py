"""The directory of a site without a server: a folder of LDIF files, see ldif_folder.py.

No schema is checked. entryCSN is a digest of the entry's content; who and when are the owner and
time of its file. Every call reads the files anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from config.errors import InvalidInput
from steps.ldif_text import below, normal_dn, split_dn
from steps.targets.attribute_changes import changed, check_naming
from steps.targets.directory import Attributes, Change, Entry
from steps.targets.directory_names import checked_text, parent
from steps.targets.ldap_filter import parse_filter, same_value
from steps.targets.ldif_folder import (
    Record,
    Records,
    add_record,
    load,
    locked,
    remove_record,
    replace_record,
)
from steps.targets.lost_race import (
    already_there,
    changed_meanwhile,
    csn_detail,
    has_children,
    parent_missing,
    value_detail,
)


class LdifDirectory:
    """Entries in LDIF files, see `Directory`. Writers hold a lock, readers need none."""

    def __init__(self, folder: Path, base: str) -> None:
        self._folder = folder
        self._base = base

    @property
    def base(self) -> str:
        """The DN everything is below."""
        return self._base

    def get(self, dn: str) -> Entry | None:
        """One entry, or None."""
        found = load(self._folder).get(_key(dn))
        return found.entry if found else None

    def children(self, dn: str) -> Sequence[Entry]:
        """Direct children."""
        depth = len(split_dn(dn)) + 1
        return tuple(e for e in self.subtree(dn) if len(split_dn(e.dn)) == depth)

    def subtree(self, dn: str) -> Sequence[Entry]:
        """The entry and all below it, parents first."""
        found = [
            r.entry for r in load(self._folder).values() if below(r.entry.dn, checked_text(dn))
        ]
        return tuple(sorted(found, key=lambda entry: len(split_dn(entry.dn))))

    def search(self, base: str, filter_text: str) -> Sequence[Entry]:
        """Subtree search; parents first."""
        matches = parse_filter(checked_text(filter_text))
        return tuple(entry for entry in self.subtree(base) if matches(entry))

    def add(self, dn: str, attributes: Attributes) -> None:
        """Add an entry; Refused where there is one or nothing above it.

        A container that has no entry of its own counts as there when other entries lie in it:
        files often begin with a machine's entry.
        """
        given = {name: values for name, values in attributes.items() if values}
        check_naming(checked_text(dn), given)
        self._check_base(dn)
        with locked(self._folder):
            records = load(self._folder)
            if (there := records.get(_key(dn))) is not None:
                raise already_there(dn, there.entry)
            if not _has_place(records, dn, self._base):
                raise parent_missing(dn, parent(dn))
            add_record(self._folder, records, Entry(dn, given))

    def modify(self, dn: str, changes: Sequence[Change], *, expected_csn: str) -> None:
        """Change it only if its content is still what it was (compare-and-set)."""
        if not changes:
            return
        with locked(self._folder):
            record = self._unchanged(dn, expected_csn)
            replace_record(record, changed(dn, record.entry.attributes, changes))

    def transition(
        self, dn: str, attribute: str, expected: str, new: str, others: Sequence[Change] = ()
    ) -> None:
        """In one write: delete the expected value, add the new one, and the other changes."""
        swap = (
            Change("delete", attribute, (expected.encode(),)),
            Change("add", attribute, (new.encode(),)),
        )
        with locked(self._folder):
            record = load(self._folder).get(_key(dn))
            values = record.entry.values(attribute) if record else ()
            if record is None or not any(same_value(v, expected.encode()) for v in values):
                now = record.entry if record else None
                raise changed_meanwhile(dn, now, value_detail(now, attribute, expected))
            replace_record(record, changed(dn, record.entry.attributes, (*swap, *others)))

    def delete(self, dn: str, *, expected_csn: str = "") -> None:
        """Delete a leaf entry, guarded where a CSN is given; nothing there is fine."""
        with locked(self._folder):
            records = load(self._folder)
            record = records.get(_key(dn))
            if record is None:
                return
            if expected_csn and record.entry.entry_csn != expected_csn:
                raise changed_meanwhile(dn, record.entry, csn_detail(record.entry, expected_csn))
            if _is_container(records, dn):
                raise has_children(dn)
            remove_record(record)

    def close(self) -> None:
        """Nothing is held open."""

    def _unchanged(self, dn: str, expected_csn: str) -> Record:
        if not expected_csn:
            raise InvalidInput(f"There is no entryCSN of {dn} to guard the change with.")
        record = load(self._folder).get(_key(dn))
        if record is None or record.entry.entry_csn != expected_csn:
            now = record.entry if record else None
            raise changed_meanwhile(dn, now, csn_detail(now, expected_csn))
        return record

    def _check_base(self, dn: str) -> None:
        if not below(dn, self._base):
            raise InvalidInput(
                f"{dn} is not below {self._base}, the base of this directory.",
                "Correct the name, or the site's base.",
            )


def _key(dn: str) -> str:
    return normal_dn(checked_text(dn))


def _has_place(records: Records, dn: str, base: str) -> bool:
    above = normal_dn(parent(dn))
    top = normal_dn(base)
    return above in records or _key(dn) == top or above == top or _is_container(records, above)


def _is_container(records: Records, dn: str) -> bool:
    inside = f",{_key(dn)}"
    return any(name.endswith(inside) for name in records)
