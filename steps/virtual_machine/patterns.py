"""From what five sources say to what it means: the backup's value, today's, and who disagrees.

A, C, D are the backup's LDIF, its XML and the XML in the state file; B, E are today's directory
and hypervisor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from steps.conflicts import FieldClass
from steps.virtual_machine import sources as s
from steps.virtual_machine.machine_fields import Field, Seen

_XML_FIRST = (s.XML_STATE, s.XML_BACKUP, s.DIRECTORY_BACKUP)
_DIRECTORY_FIRST = (s.DIRECTORY_BACKUP, s.XML_STATE, s.XML_BACKUP)


@dataclass(frozen=True, slots=True)
class Meaning:
    """`backup` and `now` are None where no source speaks; `differs` makes it a row."""

    backup: Seen | None
    now: Seen | None
    differs: bool


def meaning(field: Field) -> Meaning:
    """What a field's sources add up to.

    The XML wins over the directory for the backup, because it is what ran; the directory wins for
    today, because the machine will be defined from it, unless only the hypervisor has moved on.
    """
    backup = _backup(field)
    now = _now(field, backup)
    differs = _pattern(field) and backup is not None and now is not None and backup.key != now.key
    return Meaning(backup, now, differs)


def _backup(field: Field) -> Seen | None:
    directory = field.row.field_class is FieldClass.DIRECTORY_ONLY
    order = _DIRECTORY_FIRST if directory else _XML_FIRST
    return next((field.seen[source] for source in order if source in field.seen), None)


def _now(field: Field, backup: Seen | None) -> Seen | None:
    directory, xml = field.seen.get(s.DIRECTORY_NOW), field.seen.get(s.XML_NOW)
    if directory is None or xml is None or directory.key == xml.key:
        return directory or xml
    only_xml_moved = backup is not None and directory.key == backup.key
    return xml if only_xml_moved else directory


def _pattern(field: Field) -> bool:
    """Whether backup and today differ within the directory or within the XML.

    A=B and C=D=E is no conflict, also where A differs from C; only where one of these pairs is
    incomplete does the directory stand against the XML.
    """
    pairs = list(_pairs(field))
    return any(one.key != other.key for one, other in pairs) or len(pairs) < 2


def _pairs(field: Field) -> Iterator[tuple[Seen, Seen]]:
    seen = field.seen
    if s.DIRECTORY_BACKUP in seen and s.DIRECTORY_NOW in seen:
        yield seen[s.DIRECTORY_BACKUP], seen[s.DIRECTORY_NOW]
    then = seen.get(s.XML_STATE) or seen.get(s.XML_BACKUP)
    if then is not None and s.XML_NOW in seen:
        yield then, seen[s.XML_NOW]


def standing(field: Field, *, comes_and_goes: bool) -> Meaning:
    """The same for whether a device is there at all.

    Directory and XML are held against each other only where neither can be held against itself:
    a cdrom drive may well stand in the XML alone.
    """
    meant = meaning(field)
    pairs = list(_pairs(field))
    changed = any(one.key != other.key for one, other in pairs)
    return replace(meant, differs=meant.differs and (changed or not (pairs or comes_and_goes)))


def is_noise(field: Field) -> bool:
    """Whether the sources spell one value in different ways."""
    texts = {seen.text for seen in field.seen.values()}
    return len(texts) > 1 and len({seen.key for seen in field.seen.values()}) == 1


def inconsistent_backup(field: Field) -> tuple[Seen, Seen] | None:
    """The backup's directory and XML value where they disagree."""
    xml = field.seen.get(s.XML_STATE) or field.seen.get(s.XML_BACKUP)
    return _apart(field.seen.get(s.DIRECTORY_BACKUP), xml)


def drift(field: Field) -> tuple[Seen, Seen] | None:
    """Today's directory and hypervisor value where they disagree."""
    return _apart(field.seen.get(s.DIRECTORY_NOW), field.seen.get(s.XML_NOW))


def inconsistent_xml(field: Field) -> tuple[Seen, Seen] | None:
    """The state's and the backup XML's value where they disagree."""
    return _apart(field.seen.get(s.XML_STATE), field.seen.get(s.XML_BACKUP))


def _apart(one: Seen | None, other: Seen | None) -> tuple[Seen, Seen] | None:
    if one is None or other is None or one.key == other.key:
        return None
    return one, other
