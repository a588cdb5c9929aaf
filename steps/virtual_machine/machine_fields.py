"""What the five sources say about each field of a machine: table rows bound to devices. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steps.conflicts import LdapPlace
from steps.virtual_machine import sources as s
from steps.virtual_machine.codecs import text_of
from steps.virtual_machine.domain_xml import console, place, split_path
from steps.virtual_machine.field_table import FieldRow, Scope
from steps.virtual_machine.machine_devices import Device, Documents, Tree
from steps.virtual_machine.machine_entry import LEASE, MachineEntries

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


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
