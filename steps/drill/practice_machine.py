"""The practice machine as data: its domain XML, its directory entries, its boot sector.

It has no operating system. Its boot sector writes a mark, a boot identity taken from the
processor's time stamp, and a count of timer ticks into memory, so a restored memory state is told
from a fresh boot by reading sixteen bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from xml.sax.saxutils import quoteattr

from steps.drill.places import Places
from steps.targets.directory import Entry

MACHINE = "6f1d3c2e-51b7-4b9e-9d0a-0c5a5e1e7a01"
POOL = "2c7de1fa-7f9c-4d5a-8a6e-6f2f1b3c9d10"
STORAGE_POOL = "0f83f084-8080-413e-b558-b678e504836e"
DISPLAY_NAME = "web01"
PASSWORD_LENGTH = 8
"""All that VNC takes."""
SOMEBODY_ELSE = "cn=web-gui"
"""The account, below the base, that stands for everybody else who writes to the directory."""
MIB = 1 << 20

MEMORY_MARK = (0x494B4552, 0x454C444E)
"""What the boot sector writes at MEMORY_MARK_ADDRESS, then the boot identity, then the ticks."""
MEMORY_MARK_ADDRESS = 0x7E00

_BOOT_CODE = bytes.fromhex(
    "fa"  # cli
    "31c0"  # xor ax,ax
    "8ed8"  # mov ds,ax
    "0f31"  # rdtsc
    "66a3087e"  # mov [0x7e08],eax         boot identity
    "66c706007e52454b49"  # mov dword [0x7e00],"REKI"
    "66c706047e4e444c45"  # mov dword [0x7e04],"NDLE"
    "66c7060c7e00000000"  # mov dword [0x7e0c],0     ticks
    "fb"  # sti
    "f4"  # again: hlt
    "66ff060c7e"  # inc dword [0x7e0c]
    "ebf8"  # jmp again
)


def boot_sector() -> bytes:
    """The 512 bytes that a BIOS loads and runs."""
    return _BOOT_CODE.ljust(510, b"\0") + b"\x55\xaa"


@dataclass(frozen=True, slots=True)
class PracticeDisk:
    """One disk of the practice machine; `capacity` in bytes, `pattern` its filling byte."""

    target: str
    image: str
    capacity: int
    pattern: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything about the machine that the backup and today may disagree on."""

    memory: int
    bridge: str
    mac: str
    address: str
    console_port: int
    description: str
    disks: tuple[PracticeDisk, ...]
    machine: str = MACHINE
    title: str = DISPLAY_NAME


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the machine stands on at this place."""

    places: Places
    base: str
    node: str
    emulator: str
    graphics: str
    card: str
    password: str


FIRST_DISKS = (
    PracticeDisk("vda", "8798561b-d5de-471b-a6fc-ec2b4831ed12.qcow2", 64 * MIB, 0xA1),
    PracticeDisk("vdb", "5b0f6f0e-2a55-4a3c-9b59-2b7a43f6a2c4.qcow2", 32 * MIB, 0xA2),
)
ADDED_DISK = PracticeDisk("vdc", "c2b9a7d4-7f34-4b47-8a59-90a0b6a1f3e5.qcow2", 16 * MIB, 0xB3)


def at_backup(bridge: str, console_port: int) -> Shape:
    """The machine when it was backed up."""
    return Shape(
        memory=64 * MIB,
        bridge=bridge,
        mac="52:54:00:0a:01:02",
        address="10.1.0.7",
        console_port=console_port,
        description="web front",
        disks=FIRST_DISKS,
    )


def today(then: Shape, bridge: str, console_port: int) -> Shape:
    """The machine as it has become since: six differences, one of them an added disk."""
    return replace(
        then,
        memory=128 * MIB,
        bridge=bridge,
        mac="52:54:00:0b:01:02",
        console_port=console_port,
        description="web front, blue",
        disks=(*then.disks, ADDED_DISK),
    )


def domain_xml(shape: Shape, around: Surroundings) -> str:
    """The definition handed to libvirt, with the console password."""
    disks = "".join(_disk_xml(disk, around.places) for disk in shape.disks)
    return f"""<domain type='qemu'>
  <name>{shape.machine}</name>
  <uuid>{shape.machine}</uuid>
  <description>{shape.description}</description>
  <memory unit='KiB'>{shape.memory // 1024}</memory>
  <currentMemory unit='KiB'>{shape.memory // 1024}</currentMemory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/><pae/></features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>{around.emulator}</emulator>{disks}
    {_card_xml(shape, around)}
    {console_xml(shape, around)}
    <video><model type='vga'/></video>
    <memballoon model='virtio'/>
  </devices>
</domain>
"""


def console_xml(shape: Shape, around: Surroundings) -> str:
    """The console's element, with its password."""
    return (
        f"<graphics type='{around.graphics}' port='{shape.console_port}' autoport='no'"
        f" listen='127.0.0.1' passwd={quoteattr(around.password)}/>"
    )


def _disk_xml(disk: PracticeDisk, places: Places) -> str:
    return f"""
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file={quoteattr(str(places.live / disk.image))}/>
      <target dev='{disk.target}' bus='virtio'/>
    </disk>"""


def _card_xml(shape: Shape, around: Surroundings) -> str:
    source = f"<source bridge='{shape.bridge}'/>" if around.card == "bridge" else ""
    return (
        f"<interface type='{around.card}'><mac address='{shape.mac}'/>{source}"
        "<model type='virtio'/></interface>"
    )


def machine_dn(base: str, machine: str = MACHINE) -> str:
    """Where the machine's entry stands."""
    return f"sstVirtualMachine={machine},ou=virtual machines,{_services(base)}"


def lease_dn(base: str, machine: str = MACHINE) -> str:
    """Where the machine's DHCP entry stands."""
    return f"cn={machine},{_subnet(base)}"


def machine_entries(shape: Shape, around: Surroundings) -> tuple[Entry, ...]:
    """The machine's subtree and its DHCP entry, parents first."""
    dn = machine_dn(around.base, shape.machine)
    devices = f"ou=devices,{dn}"
    return (
        _machine_entry(dn, shape, around),
        _entry(devices, ["organizationalUnit", "sstVirtualizationVirtualMachineDevices"],
               ou="devices", sstEmulator=around.emulator, sstMemBalloon="virtio"),
        *(_disk_entry(devices, disk, around.places) for disk in shape.disks),
        _entry(f"sstInterface=net0,{devices}", ["sstVirtualizationVirtualMachineInterface"],
               sstInterface="net0", sstMacAddress=shape.mac, sstModelType="virtio",
               sstSourceBridge=shape.bridge, sstType="bridge"),
        _lease_entry(shape, around.base),
    )  # fmt: skip


def _machine_entry(dn: str, shape: Shape, around: Surroundings) -> Entry:
    classes = ["sstVirtualizationVirtualMachine", "sstSpice", "sstRelationship"]
    return _entry(
        dn, classes, sstVirtualMachine=shape.machine, sstDisplayName=shape.title,
        description=shape.description, sstVirtualMachineType="persistent",
        sstVirtualMachinePool=POOL, sstNode=around.node, sstStatus="running",
        sstType="qemu", sstMemory=str(shape.memory), sstVCPU="1", sstOSType="hvm",
        sstOSArchitecture="x86_64", sstOSMachine="q35", sstOSBootDevice="hd",
        sstFeature=["acpi", "apic", "pae"], sstClockOffset="utc", sstOnPowerOff="destroy",
        sstOnReboot="restart", sstOnCrash="destroy", sstSpicePort=str(shape.console_port),
        sstSpicePassword=around.password, sstBelongsToCustomerUID="4000000",
        sstBelongsToResellerUID="4000001", sstNetworkHostname=shape.title,
    )  # fmt: skip


def _disk_entry(devices: str, disk: PracticeDisk, places: Places) -> Entry:
    return _entry(
        f"sstDisk={disk.target},{devices}", ["sstVirtualizationVirtualMachineDisk"],
        sstDisk=disk.target, sstDevice="disk", sstType="file", sstTargetBus="virtio",
        sstSourceFile=str(places.live / disk.image), sstDriverName="qemu", sstDriverType="qcow2",
        sstVolumeName=disk.image, sstVolumeCapacity=str(disk.capacity),
    )  # fmt: skip


def _lease_entry(shape: Shape, base: str) -> Entry:
    return _entry(
        lease_dn(base, shape.machine), ["dhcpHost"], cn=shape.machine,
        dhcpHWAddress=f"ethernet {shape.mac}", dhcpStatements=f"fixed-address {shape.address}",
    )  # fmt: skip


def account_entry(base: str, hashed_password: bytes) -> Entry:
    """The account of somebody else."""
    account = _entry(f"{SOMEBODY_ELSE},{base}", ["person"], cn="web-gui", sn="web-gui")
    return replace(account, attributes={**account.attributes, "userPassword": (hashed_password,)})


def site_entries(base: str, node: str, owner: str, group: str, places: Places) -> tuple[Entry, ...]:
    """The tree around the machine: organisational units, pool, node, subnet, global backup plan."""
    services = _services(base)
    units = [f"ou=services,{base}", services]
    for name in ("configuration", "virtual machine pools", "storage pools", "nodes", "networks"):
        units.append(f"ou={name},{services}")
    units += [f"ou=virtual machines,{services}", f"ou=dhcp,ou=networks,{services}"]
    return (
        _entry(base, ["dcObject", "organization"], dc="practice", o="Practice site"),
        *(_unit(dn) for dn in units),
        _entry(_server(base), ["dhcpService"], cn="config-01"),
        _entry(_subnet_parent(base), ["dhcpSubnet"], cn="10.1.0.0", dhcpNetMask="24"),
        _unit(_subnet(base)),
        plan_entry(f"ou=backup,ou=configuration,{services}", owner, group, places),
    )


def plan_entry(dn: str, owner: str, group: str, places: Places, **more: str | list[str]) -> Entry:
    """A backup plan: the site's, or a machine's own, which counts whole."""
    classes = ["organizationalUnit", "sstVirtualizationBackupObjectClass"]
    return _entry(
        dn, classes, ou="backup", sstBackupNumberOfIterations="2",
        sstBackupRootDirectory=f"file://{places.backup}",
        sstBackupRetainDirectory=f"file://{places.retain}",
        sstVirtualizationDiskImageFormat="qcow2", sstVirtualizationDiskImageOwner=owner,
        sstVirtualizationDiskImageGroup=group, sstVirtualizationDiskImagePermission="660",
        sstVirtualizationDiskImageDirectoryOwner=owner,
        sstVirtualizationDiskImageDirectoryGroup=group,
        sstVirtualizationDiskImageDirectoryPermission="770", **more,
    )  # fmt: skip


def leaf_entries(
    base: str, leaf: str, state: str, *, mode: str, machine: str = MACHINE, returned: str = "0"
) -> tuple[Entry, ...]:
    """`ou=backup` and one iteration in that mode, below the machine."""
    parent = f"ou=backup,{machine_dn(base, machine)}"
    return (
        _unit(parent),
        _entry(f"ou={leaf},{parent}", ["organizationalUnit", "sstProvisioning"], ou=leaf,
               sstProvisioningExecutionDate="0", sstProvisioningMode=mode,
               sstProvisioningReturnValue=returned, sstProvisioningState=state),
    )  # fmt: skip


def _services(base: str) -> str:
    return f"ou=virtualization,ou=services,{base}"


def _server(base: str) -> str:
    return f"cn=config-01,ou=dhcp,ou=networks,{_services(base)}"


def _subnet_parent(base: str) -> str:
    return f"cn=10.1.0.0,{_server(base)}"


def _subnet(base: str) -> str:
    return f"ou=virtual machines,{_subnet_parent(base)}"


def _unit(dn: str) -> Entry:
    return _entry(dn, ["organizationalUnit"], ou=dn.split(",", 1)[0].partition("=")[2])


def _entry(dn: str, classes: list[str], **attributes: str | list[str]) -> Entry:
    values: dict[str, tuple[bytes, ...]] = {
        "objectClass": tuple(name.encode() for name in ("top", *classes))
    }
    for name, value in attributes.items():
        several = value if isinstance(value, list) else [value]
        values[name] = tuple(item.encode() for item in several)
    return Entry(dn, values)
