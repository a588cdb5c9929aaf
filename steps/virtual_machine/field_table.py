"""The one table of what a machine's entry and its domain XML say about the same thing.

A row names a field, where it stands in the directory and in the XML, how it is compared, and what
it means to a restore: frozen while memory is restored, host side, or directory only. The classes
follow measurements with libvirt 9 (see libvirt_words.py for its answers).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from steps.conflicts import Decision, FieldClass
from steps.virtual_machine import codecs as c
from steps.virtual_machine import normalise as n
from steps.virtual_machine import xml_parts as x

FROZEN, HOST, DIRECTORY = FieldClass.FROZEN, FieldClass.HOST, FieldClass.DIRECTORY_ONLY
BACKUP, LIVE = Decision.KEEP_BACKUP, Decision.TAKE_LIVE


class Scope(StrEnum):
    """Which entry and which part of the XML a row is about."""

    MACHINE = "machine"  # the machine's entry; /domain
    DEVICES = "devices"  # ou=devices; /domain
    SETTINGS = "settings"  # the entry below ou=settings that has the attribute; /domain
    CONSOLE = "console"  # the machine's entry; the graphics device
    DISK = "disk"  # sstDisk=...; its disk
    CARD = "card"  # sstInterface=...; its interface
    LEASE = "lease"  # the DHCP entry; nothing in the XML


class Rule(StrEnum):
    """Rows whose choices are not those of their class."""

    BY_CLASS = "by class"
    TODAY = "today"  # daemons write it; only today's value makes sense
    IDENTITY = "identity"  # what the machine is known by
    FORMAT = "format"  # a property of the image file, no matter of choice
    IMAGE = "image"  # describes the image that comes back
    SECRET = "secret"  # noqa: S105  (a kind of row: never shown, never typed)


class Check(StrEnum):
    """What a value must stand up to on this host and beside the other machines."""

    NONE = ""
    BRIDGE = "bridge"
    MAC = "mac"
    PORT = "port"
    ADDRESS = "address"
    IMAGE_PATH = "image path"
    MACHINE_TYPE = "machine type"
    LISTEN = "listen"


class Typed(StrEnum):
    """What a custom value looks like."""

    TEXT = "text"
    MEMORY = "memory"
    COUNT = "count"
    BOOLEAN = "boolean"
    MAC = "mac"
    ADDRESS = "address"
    PORT = "port"
    PATH = "path"
    WORD = "word"
    WORDS = "words"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One row of the table.

    `id` is stable; a device's rows are called `vda.source`, `net0.mac`. `absent` is what a missing
    value means. `mirror` marks fields that an XML may also carry but need not.
    """

    id: str
    title: str
    group: str
    scope: Scope
    attributes: tuple[str, ...]
    paths: tuple[str, ...]
    codec: c.Codec
    field_class: FieldClass
    rule: Rule = Rule.BY_CLASS
    suggested: Decision = BACKUP
    absent: str | None = None
    mirror: bool = False
    typed: Typed = Typed.TEXT
    check: Check = Check.NONE
    note: str = ""


def _row(
    name: str, title: str, group: str, scope: Scope, attribute: str, paths: str, codec: c.Codec,
    field_class: FieldClass, **more: object,
) -> FieldRow:  # fmt: skip
    attributes = tuple(attribute.split())
    return FieldRow(
        name, title, group, scope, attributes, tuple(paths.split()), codec, field_class,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


_M, _D, _S, _C = Scope.MACHINE, Scope.DEVICES, Scope.SETTINGS, Scope.CONSOLE
_DISK, _CARD, _LEASE = Scope.DISK, Scope.CARD, Scope.LEASE
_PLAIN, _WORD, _NUMBER = c.Codec(), c.Codec(n.word), c.Codec(n.integer)
_SERIAL = "sysinfo/system/entry[@name='serial']"

# fmt: off
MACHINE_ROWS: tuple[FieldRow, ...] = (
    # id, title, group, where, attribute, XPath below it, comparison, class
    _row("name", "name", "machine", _M, "sstVirtualMachine", "name",
         c.Codec(n.identity), FROZEN, rule=Rule.IDENTITY),
    _row("uuid", "UUID", "machine", _M, "", "uuid",
         c.Codec(n.identity), FROZEN, rule=Rule.IDENTITY),
    _row("serial", "serial number", "machine", _M, "", _SERIAL,
         c.Codec(n.identity), FROZEN, typed=Typed.NEVER),
    _row("type", "domain type", "machine", _M, "sstType", "@type",
         _WORD, FROZEN, typed=Typed.WORD),
    _row("memory", "memory", "machine", _M, "sstMemory", "memory currentMemory",
         c.Memory(), FROZEN, typed=Typed.MEMORY),
    _row("vcpu", "virtual CPUs", "machine", _M, "sstVCPU", "vcpu cpu/topology/@cores",
         c.Processors(), FROZEN, typed=Typed.COUNT),
    _row("architecture", "architecture", "machine", _M, "sstOSArchitecture", "os/type/@arch",
         _WORD, FROZEN, typed=Typed.WORD),
    _row("machine-type", "machine type", "machine", _M, "sstOSMachine", "os/type/@machine",
         _PLAIN, FROZEN, typed=Typed.WORD, check=Check.MACHINE_TYPE),
    _row("os-type", "OS type", "machine", _M, "sstOSType", "os/type",
         _WORD, FROZEN, typed=Typed.WORD),
    _row("boot", "boot devices", "machine", _M, "sstOSBootDevice", "os/boot/@dev",
         c.BootOrder(), HOST, mirror=True, typed=Typed.WORDS),
    _row("features", "features", "machine", _M, "sstFeature", "features",
         c.Features(), FROZEN, typed=Typed.WORDS),
    _row("clock", "clock offset", "machine", _M, "sstClockOffset", "clock/@offset",
         _WORD, HOST, absent="utc", typed=Typed.WORD),
    _row("timers", "clock timers", "machine", _M, "sstClockTimer", "clock/timer",
         c.Timers(), FROZEN, typed=Typed.NEVER),
    _row("on-poweroff", "on power off", "machine", _M, "sstOnPowerOff", "on_poweroff",
         _WORD, HOST, absent="destroy", typed=Typed.WORD),
    _row("on-reboot", "on reboot", "machine", _M, "sstOnReboot", "on_reboot",
         _WORD, HOST, absent="restart", typed=Typed.WORD),
    _row("on-crash", "on crash", "machine", _M, "sstOnCrash", "on_crash",
         _WORD, HOST, absent="destroy", typed=Typed.WORD),
    _row("screens", "screens", "machine", _M, "sstNumberOfScreens", "devices/video/model/@heads",
         c.Screens(), FROZEN, mirror=True, typed=Typed.COUNT),
    _row("usb", "USB redirection", "machine", _S, "sstAllowUSB",
         "devices/redirfilter/usbdev/@allow",
         c.Redirection(), FROZEN, mirror=True, typed=Typed.BOOLEAN),
    _row("sound", "sound card", "machine", _S, "sstAllowSound",
         "devices/sound[@model='ac97']",
         c.Sound(), FROZEN, mirror=True, typed=Typed.BOOLEAN),
    _row("emulator", "emulator", "machine", _D, "sstEmulator", "devices/emulator",
         c.Codec(n.path), HOST, suggested=LIVE, typed=Typed.PATH),
    _row("memballoon", "memory balloon", "machine", _D, "sstMemBalloon",
         "devices/memballoon/@model", _WORD, FROZEN, absent="virtio", typed=Typed.WORD),

    _row("spice-port", "console port", "console", _C, "sstSpicePort", "@port",
         c.ConsolePort(), HOST, suggested=LIVE, typed=Typed.PORT, check=Check.PORT),
    _row("spice-password", "console password", "console", _C, "sstSpicePassword", "@passwd",
         _PLAIN, HOST, suggested=LIVE, rule=Rule.SECRET, typed=Typed.NEVER),
    _row("console-address", "console address", "console", _C, "", "@listen listen/@address",
         c.Codec(n.address), HOST, suggested=LIVE, typed=Typed.ADDRESS, check=Check.LISTEN,
         note="Follows the node: consoles listen on the address of the node that runs them."),
    _row("console-type", "console type", "console", _C, "", "@type",
         _WORD, HOST, suggested=LIVE, typed=Typed.NEVER),

    _row("node", "node", "directory", _M, "sstNode", "", _WORD, DIRECTORY, rule=Rule.TODAY,
         note="Decides which daemon acts on the machine and where its retain directory lies."),
    _row("status", "status", "directory", _M, "sstStatus", "", _WORD, DIRECTORY,
         rule=Rule.TODAY),
    _row("migration-node", "migration node", "directory", _M, "sstMigrationNode", "", _WORD,
         DIRECTORY, rule=Rule.TODAY),
    _row("migration-port", "migration port", "directory", _M, "sstMigrationSpicePort", "",
         _NUMBER, DIRECTORY, rule=Rule.TODAY),
    _row("display-name", "display name", "directory", _M, "sstDisplayName", "", _PLAIN,
         DIRECTORY),
    _row("description", "description", "directory", _M, "description", "description", _PLAIN,
         DIRECTORY, mirror=True),
    _row("pool", "machine pool", "directory", _M, "sstVirtualMachinePool", "",
         c.Codec(n.identity), DIRECTORY),
    _row("machine-kind", "kind of machine", "directory", _M, "sstVirtualMachineType", "", _WORD,
         DIRECTORY, typed=Typed.WORD),
    _row("machine-subkind", "subkind of machine", "directory", _M, "sstVirtualMachineSubType", "",
         _PLAIN, DIRECTORY),
    _row("hostname", "host name", "directory", _M, "sstNetworkHostname", "", _WORD, DIRECTORY),
    _row("domain-name", "domain name", "directory", _M, "sstNetworkDomainName", "", _WORD,
         DIRECTORY),
    _row("customer", "customer", "directory", _M, "sstBelongsToCustomerUID", "", _PLAIN,
         DIRECTORY),
    _row("reseller", "reseller", "directory", _M, "sstBelongsToResellerUID", "", _PLAIN,
         DIRECTORY),
    _row("person", "person", "directory", _M, "sstBelongsToPersonUID", "", c.Bag(), DIRECTORY),
    _row("billing", "billing", "directory", _M, "sstBelongsToBillingUID", "", c.Bag(),
         DIRECTORY),
    _row("profile", "profile", "directory", _M, "labeledURI", "", c.Bag(), DIRECTORY),
)

DISK_ROWS: tuple[FieldRow, ...] = (
    _row("device", "kind of {}", "disk", _DISK, "sstDevice", "@device",
         _WORD, FROZEN, absent="disk", typed=Typed.WORD),
    _row("type", "storage of {}", "disk", _DISK, "sstType", "@type",
         _WORD, HOST, absent="file", typed=Typed.NEVER),
    _row("source", "image of {}", "disk", _DISK, "sstSourceFile", "source/@file source/@dev",
         c.Codec(n.path), HOST, suggested=LIVE, mirror=True, typed=Typed.PATH,
         check=Check.IMAGE_PATH,
         note="The backup's image comes back to this path; what lies there is renamed aside."),
    _row("source-protocol", "network storage of {}", "disk", _DISK, "sstSourceProtocol",
         "source/@protocol", _WORD, HOST, suggested=LIVE, typed=Typed.WORD),
    _row("source-name", "network image of {}", "disk", _DISK, "sstSourceName", "source/@name",
         _PLAIN, HOST, suggested=LIVE),
    _row("source-host", "storage host of {}", "disk", _DISK, "sstSourceHostName",
         "source/host/@name", _WORD, HOST, suggested=LIVE),
    _row("source-port", "storage port of {}", "disk", _DISK, "sstSourcePort",
         "source/host/@port", _NUMBER, HOST, suggested=LIVE, typed=Typed.COUNT),
    _row("bus", "bus of {}", "disk", _DISK, "sstTargetBus", "target/@bus",
         c.Bus(), FROZEN, typed=Typed.WORD),
    _row("driver-name", "driver of {}", "disk", _DISK, "sstDriverName", "driver/@name",
         _WORD, HOST, absent="qemu", typed=Typed.WORD),
    _row("driver-type", "image format of {}", "disk", _DISK, "sstDriverType", "driver/@type",
         _WORD, HOST, rule=Rule.FORMAT, typed=Typed.NEVER),
    _row("driver-cache", "cache of {}", "disk", _DISK, "sstDriverCache", "driver/@cache",
         _WORD, HOST, absent="default", typed=Typed.WORD),
    _row("readonly", "read-only {}", "disk", _DISK, "sstReadonly", "readonly",
         c.Present("cdrom"), FROZEN, absent=n.FALSE, typed=Typed.BOOLEAN),
    _row("serial", "serial number of {}", "disk", _DISK, "", "serial",
         _PLAIN, FROZEN, typed=Typed.NEVER),
    _row("volume-name", "volume name of {}", "disk", _DISK, "sstVolumeName", "", _PLAIN,
         DIRECTORY, suggested=LIVE),
    _row("capacity", "capacity of {}", "disk", _DISK, "sstVolumeCapacity", "", _NUMBER,
         DIRECTORY, rule=Rule.IMAGE, typed=Typed.NEVER),
    _row("allocation", "allocation of {}", "disk", _DISK, "sstVolumeAllocation", "", _NUMBER,
         DIRECTORY, rule=Rule.IMAGE, typed=Typed.NEVER),
)

CARD_ROWS: tuple[FieldRow, ...] = (
    _row("mac", "MAC of {}", "network", _CARD, "sstMacAddress", "mac/@address",
         c.Codec(n.mac), FROZEN, typed=Typed.MAC, check=Check.MAC),
    _row("model", "model of {}", "network", _CARD, "sstModelType", "model/@type",
         _WORD, FROZEN, typed=Typed.WORD),
    _row("bridge", "bridge of {}", "network", _CARD, "sstSourceBridge", "source/@bridge",
         _PLAIN, HOST, suggested=LIVE, check=Check.BRIDGE),
    _row("source-network", "libvirt network of {}", "network", _CARD, "", "source/@network",
         _PLAIN, HOST, suggested=LIVE),
    _row("type", "connection of {}", "network", _CARD, "sstType", "@type",
         _WORD, HOST, suggested=LIVE, typed=Typed.NEVER,
         note="QEMU refuses a memory state whose card changed between bridge and user."),
)

LEASE_ROWS: tuple[FieldRow, ...] = (
    _row("dhcp.hardware-address", "MAC in the lease", "network", _LEASE, "dhcpHWAddress", "",
         c.Codec(n.hardware_address, ldap="ethernet {}"), DIRECTORY, typed=Typed.MAC,
         check=Check.MAC),
    _row("dhcp.fixed-address", "fixed address", "network", _LEASE, "dhcpStatements", "",
         c.FixedAddress(), DIRECTORY, typed=Typed.ADDRESS, check=Check.ADDRESS,
         note="Its entry moves to the subnet that belongs to the address."),
    _row("dhcp.statements", "other lease settings", "network", _LEASE, "dhcpStatements", "",
         c.OtherStatements(), DIRECTORY, typed=Typed.NEVER),
)

XML_ROWS: tuple[FieldRow, ...] = (
    _row("cpu", "CPU model", "machine", _M, "", "cpu",
         x.Processor(), FROZEN, mirror=True, typed=Typed.NEVER),
    _row("video", "video card", "console", _M, "", "devices/video/model/@type",
         x.Video(), FROZEN, mirror=True, typed=Typed.NEVER),
    _row("title", "title in the XML", "machine", _M, "", "title",
         _PLAIN, HOST, mirror=True, suggested=LIVE),
    _row("firmware", "firmware", "machine", _M, "", "os/loader",
         c.Codec(n.path), FROZEN, mirror=True, typed=Typed.NEVER),
    _row("nvram", "firmware variables", "machine", _M, "", "os/nvram",
         c.Codec(n.path), HOST, mirror=True, suggested=LIVE, typed=Typed.PATH),
    *(
        _row(f"devices.{tag}", f"{tag} devices", "machine", _M, "", f"devices/{tag}",
             x.Devices(tag, *paths.split(), skip=x.is_ps2 if tag == "input" else None),
             FROZEN, mirror=True, typed=Typed.NEVER)
        for tag, paths in {
            "serial": "@type target/@type", "parallel": "@type", "input": "@type @bus",
            "channel": "@type target/@name", "redirdev": "@bus @type", "hostdev": "@mode @type",
            "filesystem": "source/@dir target/@dir", "watchdog": "@model", "tpm": "@model",
            "rng": "@model", "smartcard": "@mode", "shmem": "@name", "vsock": "@model",
            "hub": "@type",
        }.items()
    ),
)
# fmt: on

NAMING = frozenset({"sstdisk", "sstinterface", "sstvirtualmachine", "ou", "cn"})
"""Attributes that name an entry; they are keys, never rows of their own below the machine."""

OPERATIONAL = frozenset(
    {
        "entrycsn", "entryuuid", "entrydn", "createtimestamp", "creatorsname", "modifytimestamp",
        "modifiersname", "structuralobjectclass", "subschemasubentry", "hassubordinates",
        "contextcsn", "numsubordinates", "pwdchangedtime",
    }
)  # fmt: skip
"""Attributes the server writes; never compared, never restored."""


PRESENCE_ROW = FieldRow("presence", "", "", Scope.MACHINE, (), (), _PLAIN, FROZEN)
"""Whether a device is there at all."""


def unknown_row(attribute: str, row_id: str, title: str) -> FieldRow:
    """The row of an attribute this table does not name: directory only, compared as a set."""
    codec = c.Bag(n.word) if attribute.lower() == "objectclass" else c.Bag()
    return FieldRow(
        row_id, title, "directory", Scope.MACHINE, (attribute,), (), codec, DIRECTORY,
        typed=Typed.NEVER,
    )  # fmt: skip
