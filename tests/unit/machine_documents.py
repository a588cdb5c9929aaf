"""A machine's documents as the real software writes them, for tests: LDIF, the XMLs, state file.

`Machine` is the machine at one moment; change it with `replace` and its helpers, then compare the
documents of two moments. The XMLs follow dumps of libvirt 9.0.0 word by word.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape

from steps.ldif_text import dump_entries
from steps.targets.directory import Entry
from steps.virtual_machine.host_facts import HostFacts, LiveImage, OtherMachine
from steps.virtual_machine.image_header import SetImage
from steps.virtual_machine.sources import Sources

NAME = "b6dc3d27-5981-4b18-8f3f-31ed3d21a3c6"
LEAF = "20261102T040000Z"
POOL = "0f83f084-8080-413e-b558-b678e504836e"
FOLDER = f"/var/virtualization/vm-persistent/{POOL}"
BASE = "ou=virtualization,ou=services,dc=stoney-cloud,dc=org"
MACHINE_DN = f"sstVirtualMachine={NAME},ou=virtual machines,{BASE}"
SUBNET = f"ou=virtual machines,cn=10.1.0.0,cn=config-01,ou=dhcp,ou=networks,{BASE}"
LEASE_DN = f"cn={NAME},{SUBNET}"
GIB = 1 << 30
CSN = "20261119101500.000001Z#000000#000#000000"
NOT_RUNNING = b"Machine is not runnung, no state file"


@dataclass(frozen=True)
class Disk:
    """One disk; sizes in bytes."""

    target: str
    image: str
    capacity: int = 10 * GIB
    format: str = "qcow2"
    bus: str = "virtio"
    folder: str = FOLDER
    cache: str = "none"

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.image}"


@dataclass(frozen=True)
class Card:
    """One network card."""

    name: str = "net0"
    mac: str = "52:54:00:0a:01:02"
    bridge: str = "vmbr0"
    model: str = "virtio"


VDA = Disk("vda", "8798561b-d5de-471b-a6fc-ec2b4831ed12.qcow2")
VDB = Disk("vdb", "5b0f6f0e-2a55-4a3c-9b59-2b7a43f6a2c4.qcow2", 20 * GIB)
VDC = Disk("vdc", "c2b9a7d4-7f34-4b47-8a59-90a0b6a1f3e5.qcow2", 5 * GIB)


@dataclass(frozen=True)
class Machine:
    """Everything the documents say, at one moment."""

    memory: int = 4 * GIB
    vcpus: int = 2
    machine_type: str = "pc-i440fx-7.2"
    features: tuple[str, ...] = ("acpi", "apic", "pae")
    boot: tuple[str, ...] = ("hd", "cdrom")
    clock: str = "utc"
    on_crash: str = "restart"
    console: str = "spice"
    port: int = 5903
    listen: str = "10.0.0.21"
    password: str | None = "geheim12Abcd"
    cpu_model: str = "qemu64"
    video: str = "qxl"
    heads: int = 1
    emulator: str = "/usr/bin/qemu-system-x86_64"
    memballoon: str = "virtio"
    disks: tuple[Disk, ...] = (VDA, VDB)
    cards: tuple[Card, ...] = (Card(),)
    node: str = "node-01.example.com"
    status: str = "running"
    description: str = "web front"
    display_name: str = "web01"
    address: str = "10.1.0.7"
    lease: bool = True
    extra: tuple[tuple[str, str], ...] = ()
    """Further attributes of the machine's entry."""
    extra_entries: tuple[Entry, ...] = ()
    channel: bool = True

    # --- directory -------------------------------------------------------------------------

    def entries(self) -> tuple[Entry, ...]:
        """Subtree in server order, then the DHCP entry."""
        devices = f"ou=devices,{MACHINE_DN}"
        return (
            self._machine_entry(),
            entry(devices, "organizationalUnit sstVirtualizationVirtualMachineDevices",
                  ou="devices", sstEmulator=self.emulator, sstMemBalloon=self.memballoon),
            *(self._disk_entry(disk, devices) for disk in self.disks),
            *(self._card_entry(card, devices) for card in self.cards),
            *self.extra_entries,
            *(self._lease_entry() if self.lease else ()),
        )  # fmt: skip

    def _machine_entry(self) -> Entry:
        password = {"sstSpicePassword": self.password} if self.password else {}
        return entry(
            MACHINE_DN, "sstVirtualizationVirtualMachine sstSpice sstRelationship labeledURIObject",
            sstVirtualMachine=NAME, sstDisplayName=self.display_name, sstType="kvm",
            description=self.description, sstMemory=str(self.memory), sstVCPU=str(self.vcpus),
            sstNode=self.node, sstStatus=self.status, sstOSArchitecture="x86_64",
            sstOSMachine="pc", sstOSType="hvm", sstOSBootDevice=self.boot,
            sstFeature=self.features, sstClockOffset=self.clock, sstOnPowerOff="destroy",
            sstOnReboot="restart", sstOnCrash=self.on_crash, sstSpicePort=str(self.port),
            sstVirtualMachinePool=POOL,
            sstBelongsToCustomerUID="4000000", sstBelongsToResellerUID="4000001",
            sstNetworkHostname="web01", labeledURI="ldap:///sstVirtualMachine=default",
            **password, **{"sstVirtualMachineType": "persistent", **dict(self.extra)},
        )  # fmt: skip

    def _disk_entry(self, disk: Disk, devices: str) -> Entry:
        return entry(
            f"sstDisk={disk.target},{devices}", "sstVirtualizationVirtualMachineDisk",
            sstDisk=disk.target, sstDevice="disk", sstType="file", sstTargetBus=disk.bus,
            sstSourceFile=disk.path, sstDriverName="qemu", sstDriverType=disk.format,
            sstDriverCache=disk.cache, sstVolumeName=disk.image.removesuffix(".qcow2"),
            sstVolumeCapacity=str(disk.capacity), sstVolumeAllocation="2147483648",
        )  # fmt: skip

    def _card_entry(self, card: Card, devices: str) -> Entry:
        return entry(
            f"sstInterface={card.name},{devices}", "sstVirtualizationVirtualMachineInterface",
            sstInterface=card.name, sstMacAddress=card.mac, sstModelType=card.model,
            sstSourceBridge=card.bridge, sstType="bridge",
        )  # fmt: skip

    def _lease_entry(self) -> tuple[Entry]:
        mac = self.cards[0].mac if self.cards else "52:54:00:00:00:00"
        return (
            entry(LEASE_DN, "dhcpHost", cn=NAME, dhcpHWAddress=f"ethernet {mac}",
                  dhcpStatements=f"fixed-address {self.address}"),
        )  # fmt: skip

    def ldif(self) -> bytes:
        """As the backup writes it."""
        return dump_entries(self.entries()).encode()

    def backup_ldif(self) -> bytes:
        """With the job's own entries, as they stand while the backup runs."""
        return dump_entries([*self.entries()[:-1], *job_entries(), self.entries()[-1]]).encode()

    def live_ldif(self) -> bytes:
        """As a search for everything answers, operational attributes included."""
        return dump_entries([with_operational(found) for found in self.entries()]).encode()

    # --- XML -------------------------------------------------------------------------------

    def state_xml(self) -> str:
        """What lies in the state file: with password, with the ends of the backing chains."""
        return self._xml(live=False, secure=True, chain_ends=True)

    def live_xml(self) -> str:
        """A plain dump of the running machine, as the recipe keeps it in the backup."""
        return self._xml(live=True, secure=False, chain_ends=True)

    def inactive_xml(self) -> str:
        """The persistent definition with security information."""
        return self._xml(live=False, secure=True, chain_ends=False)

    def _xml(self, *, live: bool, secure: bool, chain_ends: bool) -> str:
        run, listen = " id='7'" if live else "", self.listen
        label = _SECLABEL if live else ""
        boot = "".join(f"\n    <boot dev='{device}'/>" for device in self.boot)
        features = "".join(f"\n    <{name}/>" for name in self.features)
        disks = "".join(self._disk_xml(d, n, live, chain_ends) for n, d in enumerate(self.disks))
        cards = "".join(self._card_xml(c, n, live) for n, c in enumerate(self.cards))
        expanded = _CPU_EXPANDED if live else ""
        password = f" passwd={quoteattr(self.password)}" if secure and self.password else ""
        return f"""<domain type='kvm'{run}>
  <name>{NAME}</name>
  <uuid>{NAME}</uuid>
  <memory unit='KiB'>{self.memory // 1024}</memory>
  <currentMemory unit='KiB'>{self.memory // 1024}</currentMemory>
  <vcpu placement='static'>{self.vcpus}</vcpu>
  <sysinfo type='smbios'>
    <system>
      <entry name='manufacturer'>FOSS-Group</entry>
      <entry name='serial'>{NAME}</entry>
    </system>
  </sysinfo>
  <os>
    <type arch='x86_64' machine='{self.machine_type}'>hvm</type>{boot}
    <smbios mode='sysinfo'/>
  </os>
  <features>{features}
  </features>
  <cpu mode='custom' match='exact' check='{"full" if live else "none"}'>
    <model fallback='forbid'>{self.cpu_model}</model>
    <topology sockets='1' dies='1' cores='{self.vcpus}' threads='1'/>{expanded}
  </cpu>
  <clock offset='{self.clock}'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>{self.on_crash}</on_crash>
  <devices>
    <emulator>{self.emulator}</emulator>{disks}
    <disk type='file' device='cdrom'>
      <driver name='qemu'{"" if live else " type='raw'"}/>
      <target dev='hdc' bus='ide'/>
      <readonly/>{_alias("ide0-1-0", live)}
      <address type='drive' controller='0' bus='1' target='0' unit='0'/>
    </disk>
    <controller type='pci' index='0' model='pci-root'/>{cards}{_CHANNEL if self.channel else ""}
    <input type='tablet' bus='usb'/>
    <input type='mouse' bus='ps2'/>
    <graphics type='{self.console}' port='{self.port}' autoport='no' listen='{listen}'{password}>
      <listen type='address' address='{listen}'/>
    </graphics>
    <audio id='1' type='none'/>
    <video>
      <model type='{self.video}' vram='8192' heads='{self.heads}' primary='yes'/>{_alias("v", live)}
    </video>
    <memballoon model='{self.memballoon}'>{_alias("balloon0", live)}
      <address type='pci' domain='0x0000' bus='0x00' slot='0x06' function='0x0'/>
    </memballoon>
  </devices>{label}
</domain>
"""

    def _disk_xml(self, disk: Disk, number: int, live: bool, chain_ends: bool) -> str:
        index = f" index='{number + 2}'" if live else ""
        end = "\n      <backingStore/>" if chain_ends else ""
        return f"""
    <disk type='file' device='disk'>
      <driver name='qemu' type='{disk.format}' cache='{disk.cache}'/>
      <source file={quoteattr(disk.path)}{index}/>{end}
      <target dev='{disk.target}' bus='{disk.bus}'/>{_alias(f"virtio-disk{number}", live)}
      <address type='pci' domain='0x0000' bus='0x00' slot='{number + 7:#04x}' function='0x0'/>
    </disk>"""

    def _card_xml(self, card: Card, number: int, live: bool) -> str:
        target = f"\n      <target dev='vnet{number + 4}'/>" if live else ""
        return f"""
    <interface type='bridge'>
      <mac address='{card.mac}'/>
      <source bridge='{card.bridge}'/>{target}
      <model type='{card.model}'/>{_alias(f"net{number}", live)}
      <address type='pci' domain='0x0000' bus='0x00' slot='{number + 3:#04x}' function='0x0'/>
    </interface>"""

    # --- changes ---------------------------------------------------------------------------

    def with_card(self, **changes: str) -> Machine:
        """The first card changed."""
        return replace(self, cards=(replace(self.cards[0], **changes), *self.cards[1:]))

    def with_disk(self, target: str, **changes: object) -> Machine:
        """One disk changed."""
        changed = tuple(
            replace(disk, **changes) if disk.target == target else disk for disk in self.disks
        )
        return replace(self, disks=changed)


_SECLABEL = """
  <seclabel type='dynamic' model='dac' relabel='yes'>
    <label>+0:+0</label>
    <imagelabel>+0:+0</imagelabel>
  </seclabel>"""
_CPU_EXPANDED = """
    <feature policy='require' name='hypervisor'/>
    <feature policy='require' name='lahf_lm'/>"""
_CHANNEL = """
    <channel type='spicevmc'>
      <target type='virtio' name='com.redhat.spice.0'/>
    </channel>"""


def quoteattr(text: str) -> str:
    """As libvirt quotes."""
    return "'" + escape(text, {"'": "&apos;", '"': "&quot;"}) + "'"


def _alias(name: str, live: bool) -> str:
    return f"\n      <alias name='{name}'/>" if live else ""


def entry(dn: str, classes: str, **attributes: str | Iterable[str]) -> Entry:
    """An entry from texts."""
    values = {"objectClass": tuple(name.encode() for name in ("top", *classes.split()))}
    for name, value in attributes.items():
        several = [value] if isinstance(value, str) else list(value)
        values[name] = tuple(text.encode() for text in several)
    return Entry(dn, values)


def with_operational(found: Entry) -> Entry:
    """As read with its operational attributes."""
    more = {
        "entryCSN": (CSN.encode(),),
        "entryUUID": (b"9d5d1f7c-0000-103b-8000-0123456789ab",),
        "modifiersName": (b"cn=Manager,dc=stoney-cloud,dc=org",),
        "structuralObjectClass": (b"organizationalUnit",),
    }
    return Entry(found.dn, {**found.attributes, **more}, CSN)


def job_entries() -> tuple[Entry, ...]:
    """`ou=backup` with the running job's own leaf."""
    backup = f"ou=backup,{MACHINE_DN}"
    return (
        entry(backup, "organizationalUnit", ou="backup"),
        entry(f"ou={LEAF},{backup}", "organizationalUnit sstProvisioning", ou=LEAF,
              sstProvisioningExecutionDate="0", sstProvisioningMode="snapshotting",
              sstProvisioningReturnValue="0", sstProvisioningState="0"),
    )  # fmt: skip


def state_file(
    xml: str, *, magic: bytes = b"LibvirtQemudSave", running: bool = True, memory: int = 4096,
    order: str = "<", version: int = 2, reserve: int = 64 << 10,
) -> bytes:  # fmt: skip
    """A state file with that XML and `memory` bytes of memory image."""
    text = xml.encode() + b"\0"
    cookie = b"<cookie>\n</cookie>\n\0"
    data = (text + cookie).ljust(len(text) + len(cookie) + reserve, b"\0")
    header = struct.pack(f"{order}5I", version, len(data), running, 0, len(text))
    return magic + header + bytes(56) + data + b"M" * memory


def qcow2_header(virtual_size: int, *, backing: int = 0) -> bytes:
    """The head of a qcow2 image."""
    head = struct.pack(">4sIQIIQ", b"QFI\xfb", 3, backing, 0, 16, virtual_size)
    return head.ljust(512, b"\0")


THEN = Machine()
"""The machine when it was backed up."""


@dataclass(frozen=True)
class Scene:
    """A backup and today, ready to compare; change what a test is about with `replace`."""

    then: Machine = THEN
    now: Machine | None = THEN
    defined: Machine | None = THEN
    state: Machine | None = None
    """Where the state's XML is another than the backup's."""
    facts: HostFacts = field(default_factory=lambda: host_facts())
    images: tuple[SetImage, ...] | None = None

    def sources(self, **changes: object) -> Sources:
        """The five documents, the state real."""
        saved = self.state or self.then
        found = Sources(
            machine=NAME,
            leaf=LEAF,
            directory_backup=self.then.backup_ldif() if self.then.lease else self.then.ldif(),
            directory_now=self.now.live_ldif() if self.now else None,
            xml_backup=self.then.live_xml(),
            xml_state=saved.state_xml(),
            xml_now=self.defined.inactive_xml() if self.defined else None,
            state="real",
            images=self.images if self.images is not None else set_images(saved),
        )
        return replace(found, **changes)


def since(now: Machine, **more: object) -> Scene:
    """The standard backup, and today's machine in directory and hypervisor."""
    return Scene(now=now, defined=now, **more)


def set_images(machine: Machine) -> tuple[SetImage, ...]:
    """The image files a complete set of that machine has."""
    return tuple(SetImage(d.image, d.format, d.capacity) for d in machine.disks)


def host_facts(**changes: object) -> HostFacts:
    """A host that has everything the standard machine needs, and one other machine."""
    return replace(
        HostFacts(
            this_node="node-01.example.com",
            this_node_console_address="10.0.0.21",
            bridges=("vmbr0", "br-prod"),
            image_directories=(FOLDER,),
            live_images=tuple(LiveImage(d.path, d.format, d.capacity) for d in (VDA, VDB)),
            other_machines=(
                OtherMachine("a1b2c3d4-0000-4000-8000-000000000001", "mail01",
                             ("52:54:00:99:00:01",), ("10.1.0.99",), (5950,)),
            ),
            machine_types=("pc-i440fx-7.2", "pc-q35-7.2"),
            machine_aliases=(("pc", "pc-i440fx-7.2"), ("q35", "pc-q35-7.2")),
        ),
        **changes,
    )  # fmt: skip
