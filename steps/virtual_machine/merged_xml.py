"""The domain XML to restore with, and the one for the next boot. Pure.

Both start from the same document (with state: the XML inside the state file) and differ from it
only where something was decided, in the ends of backing chains, and in a password filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from steps.targets.directory import Entry
from steps.virtual_machine import sources as s
from steps.virtual_machine.cases import Case
from steps.virtual_machine.console_password import known_password
from steps.virtual_machine.domain_xml import (
    append,
    console,
    devices,
    drop_chain_ends,
    duplicate,
    insert_after,
    make_startable,
    remove,
    to_text,
    write,
)
from steps.virtual_machine.machine_devices import DISK, Device, Tree
from steps.virtual_machine.machine_fields import Field, scope_of
from steps.virtual_machine.outcome import Outcome
from steps.virtual_machine.situation import Situation
from steps.virtual_machine.xml_parts import Part, without_runtime

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

NOW, NEXT_BOOT = "now", "next boot"


def merged_xml(situation: Situation, decided: Iterable[tuple[Case, Outcome]], when: str) -> str:
    """The XML with every decision carried out; empty where there is no XML to start from."""
    base = situation.base
    if base is None:
        return ""
    tree = Tree.of(duplicate(situation.documents.xmls[base]))
    root = tree.root
    wanted = [(case, result.now if when == NOW else result.next_boot) for case, result in decided]
    for case, key in wanted:
        if case.field is not None:
            _write_field(case.field, key, tree, base, situation.documents.xmls)
    _fill_password(root, situation, dict(_password_of(wanted)))
    _change_devices(tree, base, wanted, situation)
    if situation.with_state and when == NOW:
        drop_chain_ends(root)
    else:
        make_startable(root)
    return to_text(root)


def _write_field(
    field: Field, key: str | None, tree: Tree, base: str, xmls: Mapping[str, Element]
) -> None:
    seen = field.seen.get(base)
    if seen is None or seen.key == key:
        return
    scope = scope_of(field.row, tree, base, field.device)
    if scope is None:
        return
    codec = field.row.codec
    if not isinstance(codec, Part):
        codec.to_xml(scope, field.row.paths, key)
        return
    source = next((x for x in s.XMLS if x in field.seen and field.seen[x].key == key), None)
    if source is not None:
        codec.transfer(scope, xmls[source])


def _password_of(wanted: Iterable[tuple[Case, str | None]]) -> Iterable[tuple[str, str]]:
    for case, key in wanted:
        if case.id == "spice-password" and key:
            yield "decided", key


def _fill_password(root: Element, situation: Situation, decided: Mapping[str, str]) -> None:
    """A dump without security information has lost it; libvirt would open the console to all."""
    graphics = console(root)
    if graphics is None:
        return
    password = decided.get("decided") or graphics.get("passwd") or known_password(situation)
    if password:
        graphics.set("passwd", password)


def _change_devices(
    tree: Tree,
    base: str,
    wanted: Iterable[tuple[Case, str | None]],
    situation: Situation,
) -> None:
    """Take out and add disks and cards. Found first: positions change with every one."""
    there = {
        case.id: case.device.element(tree, base) for case, _ in wanted if case.device is not None
    }
    for case, key in wanted:
        if case.device is None:
            continue
        element = there[case.id]
        if key is None and element is not None:
            remove(element)
        elif key is not None and element is None:
            _add(tree.root, _new_element(case.device, situation))


def _add(root: Element, element: Element | None) -> None:
    if element is None:
        return
    kin = devices(root, str(element.tag))
    parent = root.find("devices")
    if kin:
        insert_after(kin[-1], element)
    elif parent is not None:
        append(parent, element)


def _new_element(device: Device, situation: Situation) -> Element | None:
    """The device as another XML has it, else as its directory entry describes it."""
    for source in (s.XML_NOW, s.XML_BACKUP, s.XML_STATE):
        element = device.element(situation.documents.trees.get(source), source)
        if element is not None:
            return without_runtime(element)
    for source in (s.DIRECTORY_NOW, s.DIRECTORY_BACKUP):
        if source in device.entries:
            entry = situation.documents.entry(source, device.entries[source])
            if entry is not None:
                return _disk_of(entry) if device.kind == DISK else _card_of(entry)
    return None


def _disk_of(entry: Entry) -> Element:
    """As the generator writes a disk from its entry."""
    from lxml import etree

    disk = etree.Element("disk", type=entry.text("sstType") or "file")
    disk.set("device", entry.text("sstDevice") or "disk")
    _set(disk, "driver/@name", entry, "sstDriverName")
    _set(disk, "driver/@type", entry, "sstDriverType")
    _set(disk, "driver/@cache", entry, "sstDriverCache")
    _set(disk, "source/@file", entry, "sstSourceFile")
    _set(disk, "target/@dev", entry, "sstDisk")
    _set(disk, "target/@bus", entry, "sstTargetBus")
    if (entry.text("sstReadonly") or "").upper() == "TRUE":
        disk.append(etree.Element("readonly"))
    return disk


def _card_of(entry: Entry) -> Element:
    from lxml import etree

    card = etree.Element("interface", type=entry.text("sstType") or "bridge")
    _set(card, "mac/@address", entry, "sstMacAddress")
    _set(card, "source/@bridge", entry, "sstSourceBridge")
    _set(card, "model/@type", entry, "sstModelType")
    return card


def _set(element: Element, path: str, entry: Entry, attribute: str) -> None:
    value = entry.text(attribute)
    if value:
        write(element, path, value)
