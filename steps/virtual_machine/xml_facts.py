"""The few things of a domain XML that the restore's own checks compare. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.errors import InvalidInput
from steps.virtual_machine.domain_xml import parse_domain
from steps.virtual_machine.normalise import memory_bytes

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


@dataclass(frozen=True, slots=True)
class XmlDisk:
    """One disk or cdrom: `source` is its file, empty where it has none or is no file."""

    target: str
    device: str
    source: str
    format: str
    backing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class XmlFacts:
    """What the restore looks at. Sizes in bytes."""

    name: str
    uuid: str
    memory: int
    vcpus: int
    emulator: str
    machine_type: str
    disks: tuple[XmlDisk, ...]
    bridges: tuple[str, ...]
    consoles: tuple[tuple[str, str, bool], ...]
    """(type, port, has a password) of every graphics device."""

    @property
    def images(self) -> tuple[XmlDisk, ...]:
        """The disks that have an image to restore: files of device `disk`, by target."""
        return tuple(disk for disk in self.disks if disk.device == "disk" and disk.source)


def xml_facts(xml: str, name: str) -> XmlFacts:
    """Read them; raises InvalidInput where the document `name` is not a sound domain XML."""
    root = parse_domain(xml, name)
    os_type = root.find("os/type")
    return XmlFacts(
        name=_text(root, "name"),
        uuid=_text(root, "uuid").lower(),
        memory=_memory(root, name),
        vcpus=_whole(_text(root, "vcpu") or "1", name),
        emulator=_text(root, "devices/emulator"),
        machine_type="" if os_type is None else os_type.get("machine", ""),
        disks=tuple(_disk(node) for node in root.findall("devices/disk")),
        bridges=tuple(
            node.get("bridge", "")
            for node in root.findall("devices/interface/source")
            if node.get("bridge")
        ),
        consoles=tuple(
            (node.get("type", ""), node.get("port", ""), bool(node.get("passwd")))
            for node in root.findall("devices/graphics")
        ),
    )


def differences(expected: XmlFacts, seen: XmlFacts) -> tuple[str, ...]:
    """How a machine differs from what its XML asked for, a line each."""
    lines = [
        f"{what} is {got}, expected was {wanted}"
        for what, wanted, got in (
            ("uuid", expected.uuid, seen.uuid),
            ("memory", expected.memory, seen.memory),
            ("number of processors", expected.vcpus, seen.vcpus),
        )
        if wanted != got
    ]
    return (*lines, *_disk_differences(_by_target(expected), _by_target(seen)))


def _by_target(facts: XmlFacts) -> dict[str, XmlDisk]:
    return {disk.target: disk for disk in facts.disks}


def _disk_differences(
    expected: Mapping[str, XmlDisk], seen: Mapping[str, XmlDisk]
) -> tuple[str, ...]:
    lines = []
    for target in sorted(expected.keys() | seen.keys()):
        wanted, got = expected.get(target), seen.get(target)
        if wanted is None or got is None:
            lines.append(f"disk {target} is {'missing' if got is None else 'one too many'}")
        elif wanted.source != got.source:
            lines.append(
                f"disk {target} is {got.source or 'empty'}, expected was {wanted.source or 'empty'}"
            )
        elif wanted.backing != got.backing:
            lines.append(
                f"disk {target} has {', '.join(got.backing) or 'nothing'} behind it,"
                f" expected was {', '.join(wanted.backing) or 'nothing'}"
            )
    return tuple(lines)


def _disk(node: Element) -> XmlDisk:
    target, source, driver = node.find("target"), node.find("source"), node.find("driver")
    return XmlDisk(
        target="" if target is None else target.get("dev", ""),
        device=node.get("device", "disk"),
        source="" if source is None else source.get("file", ""),
        format="" if driver is None else driver.get("type", ""),
        backing=tuple(found.get("file", "") for found in node.iterfind(".//backingStore/source")),
    )


def _memory(root: Element, name: str) -> int:
    node = root.find("memory")
    if node is None:
        return 0
    return _whole(memory_bytes(node.text or "", node.get("unit", "")), name)


def _whole(text: str, name: str) -> int:
    stripped = text.strip()
    if not stripped.isascii() or not stripped.isdigit() or len(stripped) > 20:
        raise InvalidInput(f"{name}: {stripped[:40]!r} is not a whole number.")
    return int(stripped)


def _text(root: Element, path: str) -> str:
    return (root.findtext(path) or "").strip()
