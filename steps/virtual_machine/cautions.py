"""What the operator should know before deciding; none of it stops anything. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from steps.conflicts import Warning_
from steps.virtual_machine import sources as s
from steps.virtual_machine.cases import Case
from steps.virtual_machine.console_password import known_password
from steps.virtual_machine.cross_checks import unusable
from steps.virtual_machine.domain_xml import console
from steps.virtual_machine.field_table import Check
from steps.virtual_machine.machine_devices import DISK, Device
from steps.virtual_machine.obstacles import base_value
from steps.virtual_machine.patterns import drift, inconsistent_backup, inconsistent_xml
from steps.virtual_machine.read_fields import is_removable
from steps.virtual_machine.situation import Situation


def warnings(situation: Situation, cases: Sequence[Case]) -> tuple[Warning_, ...]:
    """What the operator should know; it stops nothing."""
    return (
        *_about_documents(situation),
        *_about_fields(situation),
        *_about_devices(situation, cases),
        *_about_host(situation),
    )


def _about_documents(situation: Situation) -> Iterator[Warning_]:
    sources, documents = situation.sources, situation.documents
    held = documents.directories
    now = held.get(s.DIRECTORY_NOW)
    if s.DIRECTORY_BACKUP not in held:
        yield Warning_("no-backup-ldif", "The backup has no LDIF: today's entry stays as it is.")
    if now is None or now.machine is None:
        yield Warning_("entry-gone", "The directory entry is gone: the backup's comes back.")
    if sources.xml_now is None:
        yield Warning_("not-defined", "The hypervisor does not know the machine.")
    if sources.xml_backup is None:
        yield Warning_("no-backup-xml", "The backup has no XML file.")
    for source, entries in held.items():
        for note in _together(entries.notes, s.DOCUMENT_TITLES[source]):
            yield Warning_("repeated-entry", note)


def _together(notes: Sequence[str], title: str) -> Sequence[str]:
    """A file written twice repeats every entry: that is said once."""
    if len(notes) < 3:
        return notes
    return [f"{title}: {len(notes)} entries stand twice, the same. It may have been written twice."]


def _about_fields(situation: Situation) -> Iterator[Warning_]:
    for field in situation.fields.values():
        secret = field.id == "spice-password"
        for code, found, words in (
            ("backup-inconsistent", inconsistent_backup(field), "the backup's LDIF and XML differ"),
            ("backup-inconsistent", inconsistent_xml(field), "the backup's XML and state differ"),
            ("drift", drift(field), "directory and hypervisor differ today"),
        ):
            if found is None or (field.row.mirror and found[1].key is None):
                continue
            one, other = (("(set)", "(set, differs)") if secret else
                          (found[0].text or "none", found[1].text or "none"))  # fmt: skip
            yield Warning_(code, f"{field.title}: {words}: {one} and {other}.")


def _about_devices(situation: Situation, cases: Sequence[Case]) -> Iterator[Warning_]:
    for case in cases:
        if case.device is not None and case.device.kind == DISK and case.added:
            yield Warning_(
                "disk-added",
                f"{case.device_name} is newer than the backup; without it its image stays behind.",
            )
    for device in situation.devices:
        yield from _disagreeing(device, situation)
        image = situation.set_image(device) if device.kind == DISK else None
        if image is not None and image.has_backing:
            yield Warning_(
                "image-has-backing",
                f"The image of {device.name} in the backup needs another image behind it.",
            )


def _disagreeing(device: Device, situation: Situation) -> Iterator[Warning_]:
    """A disk or card that only one of the backup's LDIF and XML knows."""
    has, held = device.sources(), situation.documents
    xml = s.XML_STATE if s.XML_STATE in held.xmls else s.XML_BACKUP
    if s.DIRECTORY_BACKUP not in held.directories or xml not in held.xmls:
        return
    if (s.DIRECTORY_BACKUP in has) != (xml in has) and not is_removable(device, held):
        where = "LDIF" if s.DIRECTORY_BACKUP in has else "XML"
        yield Warning_(
            "backup-inconsistent", f"{device.name} stands only in the {where} of the backup."
        )


def _about_host(situation: Situation) -> Iterator[Warning_]:
    facts, node = situation.facts, situation.fields.get("node")
    seen = node.seen.get(s.DIRECTORY_NOW) if node else None
    if facts.this_node and seen and seen.key and seen.key != facts.this_node.lower():
        yield Warning_(
            "other-node",
            f"The directory says the machine is on {seen.text}, this host is {facts.this_node}.",
        )
    moving = situation.fields.get("migration-node")
    where = moving.seen.get(s.DIRECTORY_NOW) if moving else None
    if where is not None and where.key:
        yield Warning_(
            "migrating",
            f"The directory says that the machine migrates to {where.text}: see that it runs there"
            " no more. Restored here as well, it would run twice.",
        )
    base = situation.documents.xmls.get(situation.base or "")
    if base is not None and console(base) is not None and not known_password(situation):
        yield Warning_("console-open", "The console has no password in any source.")
    for field in situation.fields.values():
        if field.row.check is Check.IMAGE_PATH and s.XML_NOW not in situation.documents.xmls:
            path = base_value(field, situation)
            reason = unusable(field, path, situation)
            if reason and "belongs to" not in reason:
                yield Warning_("image-directory", reason)
