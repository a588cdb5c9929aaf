"""A real hypervisor: one embedded root a worker, machines without an operating system."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from steps.drill.embedded import emulator, end_guests, keep_capabilities, prepare_root
from steps.targets.libvirt_hypervisor import LibvirtHypervisor

MIB = 1 << 20
PASSWORD = "pw-known"
MARK = (0x494B4552, 0x454C444E)
"""What the polite guest's boot sector writes at MARK_ADDRESS when it listens."""
MARK_ADDRESS = 0x7E00

_POLITE_GUEST = bytes.fromhex(
    "31c0"  # xor ax,ax
    "8ed8"  # mov ds,ax
    "ba0206"  # mov dx,0x602       ACPI PM1 enable
    "b80001"  # mov ax,0x100       power button
    "ef"  # out dx,ax
    "66c706007e52454b49"  # mov dword [0x7e00],"REKI"
    "66c706047e4e444c45"  # mov dword [0x7e04],"NDLE"
    "ba0006"  # mov dx,0x600       ACPI PM1 status
    "ed"  # again: in ax,dx
    "f6c401"  # test ah,1          power button pressed?
    "74fa"  # jz again
    "ba0406"  # mov dx,0x604       ACPI PM1 control
    "b80020"  # mov ax,0x2000      sleep state S5
    "ef"  # out dx,ax
    "f4"  # hlt
)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as defined: name, its definition, its two images, and where it keeps files."""

    name: str
    uuid: str
    xml: str
    images: tuple[Path, Path]
    folder: Path


def make_machine(folder: Path, *, polite: bool = False, kind: str = "none") -> Machine:
    """Two qcow2 images and a definition. A polite guest powers off when asked to.

    `kind` is the source of its network card: none, or the name of a bridge.
    """
    folder.mkdir(parents=True)
    identity = str(uuid.uuid4())
    name = f"m-{identity[:8]}"
    images = (folder / "vda.qcow2", folder / "vdb.qcow2")
    for image in images:
        make_image(image, _POLITE_GUEST if polite and image == images[0] else b"")
    return Machine(name, identity, _definition(name, identity, images, kind), images, folder)


def make_image(image: Path, boot_code: bytes = b"", size: int = 32 * MIB) -> None:
    raw = image.with_suffix(".raw")
    sector = boot_code.ljust(510, b"\0") + b"\x55\xaa" if boot_code else b""
    raw.write_bytes(sector)
    with raw.open("r+b") as file:
        file.truncate(size)
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image)
    raw.unlink()


def run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def edited(xml: str, edit: Callable[[etree._Element], object]) -> str:
    """The XML after `edit` had its way with the root element."""
    root = etree.fromstring(xml)
    edit(root)
    return etree.tostring(root, encoding="unicode")


def header_only(state: Path, copy: Path) -> str:
    """A copy of a state file without its memory: 92 bytes and the XML part."""
    with state.open("rb") as file:
        head = file.read(92)
        (length,) = struct.unpack_from("<I", head, 20)
        copy.write_bytes(head + file.read(length))
    return str(copy)


def save(hypervisor: LibvirtHypervisor, name: str, state: Path) -> None:
    hypervisor._known(name).save(str(state))


def is_listening(hypervisor: LibvirtHypervisor, name: str) -> bool:
    """Whether the polite guest has come as far as listening to its power button."""
    import libvirt_qemu

    answer = libvirt_qemu.qemuMonitorCommand(
        hypervisor._known(name),
        f"xp /2wx {MARK_ADDRESS:#x}",
        libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP,
    )
    return all(f"{word:#010x}" in answer for word in MARK)


@pytest.fixture(scope="session")
def capabilities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all roots of this test run keep what libvirt finds out about QEMU."""
    return tmp_path_factory.getbasetemp() / "capabilities"


@pytest.fixture(scope="session")
def hypervisor(capabilities: Path) -> Iterator[LibvirtHypervisor]:
    """This worker's embedded hypervisor: libvirt allows one root a process."""
    root = Path(tempfile.mkdtemp(prefix="rk-"))
    try:
        made = LibvirtHypervisor(prepare_root(root, capabilities))
        made.abilities()
        keep_capabilities(root, capabilities)
        yield made
        for domain in made.domains():
            made.destroy(domain.name)
        made.close()
    finally:
        end_guests(root)
        shutil.rmtree(root)


@pytest.fixture
def machine(hypervisor: LibvirtHypervisor, tmp_path: Path) -> Iterator[Machine]:
    """A defined machine that is off; gone afterwards."""
    made = make_machine(tmp_path / "machine")
    hypervisor.define(made.xml)
    yield made
    clear_away(hypervisor, made.name)


def clear_away(hypervisor: LibvirtHypervisor, name: str) -> None:
    hypervisor.destroy(name)
    domain = hypervisor.domain(name)
    if domain is not None:
        if domain.managed_save:
            hypervisor._known(name).managedSaveRemove(0)
        hypervisor.undefine(name)


def disks_xml(images: Mapping[str, Path]) -> str:
    """The disks of a definition, by target."""
    return "".join(
        f"""
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{image}'/>
      <target dev='{target}' bus='virtio'/>
    </disk>"""
        for target, image in images.items()
    )


def console_xml(identity: str, password: str) -> str:
    """A VNC console with an address of its own: other roots look for a free port at that moment."""
    address = "127." + ".".join(str(byte % 254 + 1) for byte in uuid.UUID(identity).bytes[:3])
    return f"<graphics type='vnc' port='-1' autoport='yes' listen='{address}' passwd='{password}'/>"


def _definition(name: str, identity: str, images: tuple[Path, Path], kind: str) -> str:
    disks = disks_xml({image.stem: image for image in images})
    source = f"type='bridge'><source bridge='{kind}'/" if kind != "none" else "type='user'"
    return f"""<domain type='qemu'>
  <name>{name}</name>
  <uuid>{identity}</uuid>
  <description>as it was</description>
  <memory unit='KiB'>65536</memory>
  <currentMemory unit='KiB'>65536</currentMemory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features>
  <clock offset='utc'/>
  <on_reboot>restart</on_reboot>
  <devices>
    <emulator>{emulator()}</emulator>{disks}
    <interface {source}><mac address='52:54:00:11:22:c1'/><model type='virtio'/></interface>
    {console_xml(identity, PASSWORD)}
    <video><model type='vga'/></video>
    <memballoon model='none'/>
  </devices>
</domain>
"""
