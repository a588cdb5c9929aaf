"""The XML of an isolated trial: the machine of a backup, cut off from everything but its disks.

What the guest sees stays as it was, because a memory state accepts nothing else; what the host
gives is replaced: disks by overlays, network cards by loose ones with their link down, serial ports
by files, consoles by sockets. Whatever is not known to be harmless is refused by name. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.errors import InvalidInput, Refused
from steps.virtual_machine.domain_xml import (
    drop_attribute,
    make_startable,
    parse_domain,
    remove,
    to_text,
)

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands in for the host. `overlays` are image paths by disk target.

    `loose_cards`: whether this process may make a tap device that is on no bridge; a card with a
    user-mode network takes its place otherwise, which a memory state of a bridged one refuses.
    `kvm` is False where the processor cannot be used for a guest here.
    """

    overlays: Mapping[str, str]
    folder: str
    loose_cards: bool = True
    kvm: bool = True


@dataclass(frozen=True, slots=True)
class Identity:
    """Name and uuid that a cold trial wears."""

    name: str
    uuid: str


@dataclass(frozen=True, slots=True)
class IsolatedXml:
    """The XML, and what was done that an operator should know of."""

    xml: str
    name: str
    notes: tuple[str, ...]


_HOST_TUNING = (
    "cputune", "numatune", "memtune", "blkiotune", "resource", "seclabel", "metadata",
)  # fmt: skip
_HARMLESS = frozenset(
    {
        "controller", "input", "sound", "memballoon", "watchdog", "panic", "hub", "vsock",
        "iommu", "redirfilter", "video",
    }
)  # fmt: skip
_DROPPED = frozenset({"emulator", "lease"})
_TOP_LEVEL = frozenset(
    {
        "name", "uuid", "genid", "title", "description", "memory", "currentMemory", "maxMemory",
        "vcpu", "vcpus", "iothreads", "iothreadids", "os", "sysinfo", "features", "cpu", "clock",
        "on_poweroff", "on_reboot", "on_crash", "pm", "devices", "memoryBacking",
    }
)  # fmt: skip


def isolated(
    xml: bytes | str, around: Surroundings, identity: Identity | None = None
) -> IsolatedXml:
    """The XML for a trial; with `identity` for a cold boot under another name.

    Raises Refused where the machine cannot be cut off, InvalidInput where the XML cannot be read.
    """
    root = parse_domain(xml, "The XML of the backup")
    if identity is not None:
        make_startable(root)
    work = _Isolation(root, around, cold=identity is not None)
    work.all()
    if identity is not None:
        work.rename(identity)
    return IsolatedXml(to_text(root), (root.findtext("name") or "").strip(), tuple(work.notes))


class _Isolation:
    """One XML on its way. `cold`: hardware may differ, so what cannot be had is left out."""

    def __init__(self, root: Element, around: Surroundings, *, cold: bool) -> None:
        self._root, self._around, self._cold = root, around, cold
        self.notes: list[str] = []
        self._ports = 0

    def all(self) -> None:
        """Every part of it."""
        self._top_level()
        self._firmware()
        devices = self._root.find("devices")
        if devices is None:
            raise InvalidInput("The XML of the backup has no devices.")
        treat: dict[str, Callable[[Element], None]] = {
            "disk": self._disk, "interface": self._card, "graphics": self._graphics,
            "serial": self._port, "console": self._port, "parallel": self._port,
            "channel": self._channel, "rng": self._rng, "audio": self._audio,
            "redirdev": self._redirection, "tpm": self._tpm, "memory": self._dimm,
        }  # fmt: skip
        for device in list(_elements(devices)):
            tag = str(device.tag)
            if tag in _DROPPED:
                remove(device)
            elif tag in treat:
                treat[tag](device)
            elif tag not in _HARMLESS or (tag == "input" and device.get("type") in _HOST_INPUTS):
                self._cannot(device, f"a <{tag}> of the host")

    def rename(self, identity: Identity) -> None:
        """Another name and uuid, wherever they stand."""
        for path, value in (("name", identity.name), ("uuid", identity.uuid)):
            found = self._root.find(path)
            node = _add(self._root, path) if found is None else found
            node.text = value
        for entry in self._root.iterfind("sysinfo/system/entry"):
            if entry.get("name") == "uuid":
                entry.text = identity.uuid

    def _cannot(self, device: Element, what: str) -> None:
        if not self._cold:
            raise Refused(
                f"This machine cannot be tried in isolation: it has {what}, which cannot be cut"
                " off, and its memory state wants it.",
                "Try it with a cold boot, which leaves that out.",
            )
        self.notes.append(f"left out: {what}")
        remove(device)

    def _top_level(self) -> None:
        for node in list(_elements(self._root)):
            tag = str(node.tag)
            if tag in _HOST_TUNING:
                remove(node)
            elif tag not in _TOP_LEVEL:
                # Options handed straight to QEMU, among others: they could name any file.
                raise Refused(
                    f"The XML of the backup has <{tag.rpartition('}')[2]}>: what that opens on this"
                    " host cannot be told, so it is not tried in isolation.",
                    "Try the restore of such a machine on a host set apart for it.",
                )
        # A guest that powers off or crashes shall be seen doing so.
        for name, value in (("on_poweroff", "destroy"), ("on_crash", "preserve")):
            for found in self._root.findall(name):
                found.text = value
        if self._root.get("type") == "kvm" and not self._around.kvm:
            self._without_kvm()

    def _without_kvm(self) -> None:
        if not self._cold:
            raise Refused(
                "The memory state is one of a machine that runs on the processor (KVM), and this"
                " host runs no guest that way.",
                "Run the check on a host with KVM, or try a cold boot.",
            )
        self.notes.append("boots by software emulation: this host runs no guest with KVM")
        self._root.set("type", "qemu")
        for node in self._root.findall("cpu"):
            remove(node)

    def _firmware(self) -> None:
        """QEMU writes to its variables: let libvirt make a copy from the template."""
        for store in self._root.findall("os/nvram"):
            if store.get("type") not in (None, "file"):
                self._cannot(store, "firmware variables on a network or a device")
                continue
            store.text = None
            for child in list(store):
                remove(child)

    def _disk(self, disk: Element) -> None:
        target = _attribute(disk, "target", "dev")
        kind = disk.get("device", "disk")
        for name in ("backingStore", "mirror", "iotune", "blockio", "auth", "privatelabel"):
            for node in disk.findall(name):
                remove(node)
        if kind in ("cdrom", "floppy"):
            self._empty(disk, target)
            return
        overlay = self._around.overlays.get(target)
        if overlay is None or kind != "disk" or disk.find("encryption") is not None:
            self._cannot(disk, f"{target or 'a disk'}, which is no image of the backup")
            return
        for node in [*disk.findall("source"), *disk.findall("driver")]:
            remove(node)
        _add(disk, "source", file=overlay)
        _add(disk, "driver", name="qemu", type="qcow2", cache="unsafe",
             error_policy="stop", rerror_policy="stop")  # fmt: skip
        disk.set("type", "file")
        drop_attribute(disk, "snapshot")

    def _empty(self, disk: Element, target: str) -> None:
        sources = disk.findall("source")
        for node in [*sources, *disk.findall("driver")]:
            remove(node)
        disk.set("type", "file")
        if sources:
            self.notes.append(f"{target} is empty: what was in it is not part of the backup")

    def _card(self, card: Element) -> None:
        kind = card.get("type", "")
        if kind in ("hostdev", "vhostuser", "vdpa"):
            self._cannot(card, f"a network card of the host ({kind})")
            return
        kept = {"mac", "model", "driver", "alias", "address", "mtu", "rom", "boot", "acpi"}
        for node in list(_elements(card)):
            if str(node.tag) not in kept:
                remove(node)
        loose = kind != "user" and self._around.loose_cards
        for driver in card.findall("driver"):
            # vhost is the host kernel's own; a loose card does without.
            drop_attribute(driver, "name")
        card.set("type", "ethernet" if loose else "user")
        drop_attribute(card, "trustGuestRxFilters")
        _add(card, "link", state="down")

    def _graphics(self, console: Element) -> None:
        kind = console.get("type", "")
        for node in list(console):
            remove(node)
        console.attrib.clear()
        if kind == "spice":
            console.set("type", "spice")
            _add(console, "listen", type="none")
            return
        console.set("type", "vnc")
        _add(console, "listen", type="socket")

    def _port(self, port: Element) -> None:
        """A serial or parallel port: what the guest says there is kept, nothing can be said."""
        _without_host_side(port)
        if port.tag == "console" and _attribute(port, "target", "type") in ("serial", ""):
            # libvirt's second name for the first serial port.
            remove(port)
            return
        port.set("type", "file")
        _add(port, "source", path=f"{self._around.folder}/{port.tag}-{self._ports}.log")
        self._ports += 1

    def _channel(self, channel: Element) -> None:
        if channel.get("type") in ("spicevmc", "spiceport") and self._has_spice():
            return
        _without_host_side(channel)
        # Without a path libvirt makes a socket of its own, where nobody listens.
        channel.set("type", "unix")
        _add(channel, "source", mode="bind")

    def _has_spice(self) -> bool:
        return any(g.get("type") == "spice" for g in self._root.iterfind("devices/graphics"))

    def _redirection(self, device: Element) -> None:
        if device.get("type") != "spicevmc" or not self._has_spice():
            self._cannot(device, "a redirected device of the host")

    def _rng(self, device: Element) -> None:
        for backend in device.findall("backend"):
            remove(backend)
        _add(device, "backend", model="random").text = "/dev/urandom"

    def _audio(self, device: Element) -> None:
        for node in list(device):
            remove(node)
        device.set("type", "none")
        for name in {str(name) for name in device.attrib} - {"id", "type"}:
            drop_attribute(device, name)

    def _tpm(self, device: Element) -> None:
        if _attribute(device, "backend", "type") != "emulator":
            self._cannot(device, "the host's TPM")

    def _dimm(self, device: Element) -> None:
        if device.get("model") != "dimm":
            self._cannot(device, f"memory of model {device.get('model')}")


_HOST_INPUTS = ("passthrough", "evdev")


def _elements(parent: Element) -> Iterator[Element]:
    return (child for child in parent if isinstance(child.tag, str))


def _attribute(element: Element, path: str, name: str) -> str:
    node = element.find(path)
    return "" if node is None else str(node.get(name, ""))


def _without_host_side(device: Element) -> None:
    for name in ("source", "protocol", "log"):
        for node in device.findall(name):
            remove(node)


def _add(parent: Element, tag: str, **attributes: str) -> Element:
    from lxml import etree

    return etree.SubElement(parent, tag, attributes)
