"""A real Linux guest (software emulation): counts ticks, writes them to two disks, tells of them.

Its kernel and busybox are Debian's, fetched by scripts/test-guest.sh; see initramfs.py for what
runs in it. What a tick says proves memory and disks at once: the same boot id means that memory was
restored and not booted anew, the ticks read back mean that the disks belong to that memory.
"""

from __future__ import annotations

import re
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from steps.drill.embedded import emulator
from tests.real.hypervisor_support import MIB, console_xml, disks_xml, run
from tests.real.initramfs import MARK_OFFSET, SECTOR, TICK_OFFSET, initramfs

GUEST = Path(__file__).parents[2] / ".cache" / "guest"
TARGETS = ("vda", "vdb")
PASSWORD = "pw-linux"
MEMORY_MIB = 128

_TICK = re.compile(r"^TICK (\d+) ([0-9a-f-]{36}) ([0-9a-f:]{17}) (\S+) (\S+) (\S+) (\S+)\r?$", re.M)
_ON_DISK = re.compile(rb"TICK (\d+) ([0-9a-f-]{36})\n")


@dataclass(frozen=True, slots=True)
class Tick:
    """One line of the guest. `before`: what both disks held when it was counted, None for a tick
    of another boot or none at all; `marks`: the texts that were on the disks before it ran."""

    number: int
    boot_id: str
    mac: str
    before: tuple[int | None, int | None]
    marks: tuple[str, str]

    @property
    def consistent(self) -> bool:
        """Whether memory and both disks belong together."""
        wanted = self.number - 1 or None
        return self.before == (wanted, wanted) and self.marks == TARGETS


@dataclass(frozen=True, slots=True)
class LinuxMachine:
    """The machine as defined. `console` is its serial port's file, begun anew at each start."""

    name: str
    uuid: str
    mac: str
    xml: str
    images: tuple[Path, Path]
    console: Path

    def ticks(self, console: Path | None = None) -> tuple[Tick, ...]:
        """Every tick it has told of since QEMU was started last."""
        return read_ticks(console or self.console)

    def wait_for_tick(self, number: int, limit: float = 120.0, console: Path | None = None) -> Tick:
        """The first tick told of that is `number` or later; fails after `limit` seconds."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            found = [tick for tick in self.ticks(console) if tick.number >= number]
            if found:
                return found[0]
            time.sleep(0.1)
        told = console or self.console
        text = told.read_text(errors="replace")[-1500:] if told.exists() else "nothing"
        raise AssertionError(f"no tick {number} in {limit} s; the guest said: {text}")

    @property
    def boot_id(self) -> str:
        """The boot of the last tick."""
        return self.ticks()[-1].boot_id


def make_linux_machine(
    folder: Path,
    *,
    name: str = "",
    images: tuple[Path, Path] | None = None,
    card: str = "<interface type='user'>",
    graphics: str = "",
) -> LinuxMachine:
    """Two qcow2 images and a definition; `folder` is for its kernel and its console.

    `images` may lie elsewhere; their names must differ. `card` and `graphics` are the beginning of
    its network card's and the whole of its console's XML.
    """
    identity = name or str(uuid.uuid4())
    folder.mkdir(parents=True, exist_ok=True)
    disks = images or (folder / "vda.qcow2", folder / "vdb.qcow2")
    for target, image in zip(TARGETS, disks, strict=True):
        make_linux_disk(image, target)
    kernel, archive, console = folder / "vmlinuz", folder / "initramfs", folder / "console.log"
    _require_guest()
    kernel.write_bytes((GUEST / "vmlinuz").read_bytes())
    archive.write_bytes(initramfs(GUEST))
    mac = mac_of(identity)
    xml = _definition(identity, disks, kernel, archive, console, card, mac, graphics)
    return LinuxMachine(identity, identity, mac, xml, disks, console)


def mac_of(name: str) -> str:
    """The address of its network card: its own, and the same whenever it is made."""
    return "52:54:00:" + ":".join(f"{byte:02x}" for byte in uuid.UUID(name).bytes[:3])


def make_linux_disk(image: Path, target: str, size: int = 64 * MIB) -> None:
    """An empty disk but for its mark."""
    raw = image.with_suffix(".raw")
    with raw.open("wb") as file:
        file.truncate(size)
        file.seek(MARK_OFFSET)
        file.write(f"{target}\n".encode())
        file.seek(TICK_OFFSET + SECTOR)
        file.write(b"\0")
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image)
    raw.unlink()


def read_ticks(console: Path) -> tuple[Tick, ...]:
    """The ticks in a serial port's file; a line that is not whole yet is left out."""
    text = console.read_text(errors="replace") if console.exists() else ""
    found = []
    for number, boot, mac, vda, vdb, *marks in _TICK.findall(text):
        before = tuple(int(seen) if seen.isdigit() else None for seen in (vda, vdb))
        found.append(Tick(int(number), boot, mac, before, tuple(marks)))  # type: ignore[arg-type]
    return tuple(found)


def read_tick(image: Path) -> tuple[int, str] | None:
    """Tick and boot id that an image holds, also one in use; None where it holds none."""
    where = "driver=qcow2,file.filename=" + str(image).replace(",", ",,")
    command = [
        "qemu-io",
        "-U",
        "-r",
        "-c",
        f"read -v {TICK_OFFSET} {SECTOR}",
        "--image-opts",
        where,
    ]
    seen = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = re.findall(r"^[0-9a-f]{8}:  ((?:[0-9a-f]{2} ){16})", seen, re.M)
    found = _ON_DISK.match(bytes.fromhex("".join(lines)))
    return (int(found[1]), found[2].decode()) if found else None


def _require_guest() -> None:
    if not (GUEST / "modules").exists():
        raise AssertionError("there is no Linux for the guest: run scripts/test-guest.sh first")


def _definition(
    name: str,
    images: tuple[Path, Path],
    kernel: Path,
    archive: Path,
    console: Path,
    card: str,
    mac: str,
    graphics: str,
) -> str:
    disks = disks_xml(dict(zip(TARGETS, images, strict=True)))
    return f"""<domain type='qemu'>
  <name>{name}</name>
  <uuid>{name}</uuid>
  <memory unit='KiB'>{MEMORY_MIB * 1024}</memory>
  <currentMemory unit='KiB'>{MEMORY_MIB * 1024}</currentMemory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{archive}</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 rdinit=/init</cmdline>
    <boot dev='hd'/>
  </os>
  <features><acpi/><apic/><pae/></features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>{emulator()}</emulator>{disks}
    {card}<mac address='{mac}'/><model type='virtio'/></interface>
    <serial type='file'><source path='{console}'/><target port='0'/></serial>
    {graphics or console_xml(name, PASSWORD)}
    <video><model type='vga'/></video>
    <memballoon model='virtio'/>
  </devices>
</domain>
"""
