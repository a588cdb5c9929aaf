"""A real slapd with a small tree, and the same tree as LDIF files, for tests."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.secrets import Secret
from config.site import DirectoryAccess
from steps.drill.slapd import RunningSlapd, hashed_password, start_slapd, stop_slapd
from steps.ldif_text import dump_entries, parse_entries
from steps.targets.directory import Directory, Entry
from steps.targets.ldap_directory import LdapDirectory
from steps.targets.ldif_directory import LdifDirectory

BASE = "dc=stoney-cloud,dc=org"
SERVICES = f"ou=virtualization,ou=services,{BASE}"
MACHINES = f"ou=virtual machines,{SERVICES}"
MACHINE = "8f5a7e1c-2b61-4f0d-9d3e-5b1f1c1a0001"
MACHINE_DN = f"sstVirtualMachine={MACHINE},{MACHINES}"
LEAF_DN = f"ou=20121002T010000Z,ou=backup,{MACHINE_DN}"
LEASE_DN = (
    f"cn={MACHINE},ou=virtual machines,cn=10.1.0.0,cn=config-01,ou=dhcp,ou=networks,{SERVICES}"
)
COLLEAGUE = f"cn=colleague,{BASE}"
PASSWORD = Secret("only-for-this-test-7c1")
COLLEAGUE_PASSWORD = Secret("only-for-this-test-9d2")


def tree() -> tuple[Entry, ...]:
    """Containers, a backup plan, one machine with two disks, a card, a leaf, and its lease."""
    return parse_entries(_TREE.encode(), "tree")


def colleague() -> Entry:
    """The account of somebody else who changes entries."""
    return Entry(
        COLLEAGUE,
        {
            "objectClass": (b"organizationalRole", b"simpleSecurityObject"),
            "cn": (b"colleague",),
            "userPassword": (hashed_password(COLLEAGUE_PASSWORD),),
        },
    )


@dataclass(frozen=True, slots=True)
class World:
    """A directory, and the same one as somebody else sees and changes it."""

    directory: Directory
    other: Directory
    other_name: str
    """How messages name the somebody else."""


def manager_access(slapd: RunningSlapd) -> DirectoryAccess:
    return DirectoryAccess(base=BASE, url=slapd.url, bind_dn=slapd.bind_dn)


def ldap_world(slapd: RunningSlapd) -> World:
    other = DirectoryAccess(base=BASE, url=slapd.url, bind_dn=COLLEAGUE)
    return World(
        LdapDirectory(manager_access(slapd), PASSWORD),
        LdapDirectory(other, COLLEAGUE_PASSWORD),
        COLLEAGUE,
    )


def write_ldif_folder(folder: Path) -> Path:
    """The tree in three files: containers, leases, and the machine in its own."""
    folder.mkdir()
    files: dict[str, list[Entry]] = {"base.ldif": [], "dhcp.ldif": [], f"{MACHINE}.ldif": []}
    for entry in tree():
        is_machine = entry.dn.endswith(MACHINE_DN)
        lease = "ou=dhcp" in entry.dn
        name = f"{MACHINE}.ldif" if is_machine else "dhcp.ldif" if lease else "base.ldif"
        files[name].append(entry)
    for name, entries in files.items():
        (folder / name).write_text(f"# {name}\n\n{dump_entries(entries)}")
    return folder


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[RunningSlapd]:
    """A slapd of this test alone, with the tree and the colleague's account."""
    folder = tmp_path / "slapd"
    try:
        yield start_slapd(folder, BASE, PASSWORD, [*tree(), colleague()])
    finally:
        stop_slapd(folder)


@pytest.fixture(params=["ldap", "ldif"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Both kinds of directory with the same tree, each with a second writer."""
    if request.param == "ldif":
        folder = write_ldif_folder(tmp_path / "ldif")
        yield World(LdifDirectory(folder, BASE), LdifDirectory(folder, BASE), "(owner of ")
        return
    made = ldap_world(request.getfixturevalue("slapd"))
    yield made
    made.directory.close()
    made.other.close()


class Relay:
    """A relay to a server on this host whose behaviour a test can switch.

    `swallow_answers`: requests reach the server, its answers are dropped and the line is cut.
    `context`: speak TLS to the client.
    """

    def __init__(self, url: str, context: ssl.SSLContext | None = None) -> None:
        self._target = ("127.0.0.1", int(url.rstrip("/").rpartition(":")[2]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._context = context
        self._open: list[socket.socket] = []
        self.swallow_answers = False
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Drop every connection there is, as a server with an idle time-out does."""
        for side in self._open:
            _hang_up(side)

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            if self._context:
                client = self._context.wrap_socket(client, server_side=True)
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        self._open += [client, server]
        threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
        self._pump(server, client, True)

    def _pump(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        try:
            while data := source.recv(65536):
                if answers and self.swallow_answers:
                    break
                target.sendall(data)
        except OSError:
            pass
        _hang_up(source)
        _hang_up(target)


def _hang_up(side: socket.socket) -> None:
    try:
        side.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


_TREE = f"""\
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: stoney-cloud
o: stoney-cloud

dn: ou=services,{BASE}
objectClass: organizationalUnit
ou: services

dn: {SERVICES}
objectClass: organizationalUnit
ou: virtualization

dn: ou=configuration,{SERVICES}
objectClass: organizationalUnit
ou: configuration

dn: ou=backup,ou=configuration,{SERVICES}
objectClass: organizationalUnit
objectClass: sstVirtualizationBackupObjectClass
objectClass: sstCronObjectClass
ou: backup
sstCronMinute: 0
sstCronHour: 3
sstCronDay: *
sstCronMonth: *
sstCronDayOfWeek: *
sstCronActive: TRUE
sstBackupRootDirectory: file:///var/backup/virtualization
sstBackupRetainDirectory: file:///var/virtualization/retain
sstVirtualizationDiskImagePermission: 660
sstBackupNumberOfIterations: 1

dn: ou=networks,{SERVICES}
objectClass: organizationalUnit
ou: networks

dn: ou=dhcp,ou=networks,{SERVICES}
objectClass: organizationalUnit
ou: dhcp

dn: cn=config-01,ou=dhcp,ou=networks,{SERVICES}
objectClass: dhcpService
cn: config-01

dn: cn=10.1.0.0,cn=config-01,ou=dhcp,ou=networks,{SERVICES}
objectClass: dhcpSubnet
cn: 10.1.0.0
dhcpNetMask: 24

dn: ou=virtual machines,cn=10.1.0.0,cn=config-01,ou=dhcp,ou=networks,{SERVICES}
objectClass: organizationalUnit
ou: virtual machines

dn: {LEASE_DN}
objectClass: dhcpHost
cn: {MACHINE}
dhcpHWAddress: ethernet 52:54:00:0a:01:02
dhcpStatements: fixed-address 10.1.0.7

dn: {MACHINES}
objectClass: organizationalUnit
ou: virtual machines

dn: {MACHINE_DN}
objectClass: sstVirtualizationVirtualMachine
objectClass: sstSpice
objectClass: sstRelationship
sstVirtualMachine: {MACHINE}
sstDisplayName: web01
sstMemory: 67108864
sstVCPU: 1
sstNode: node-01.example.org
sstStatus: running
sstType: kvm
sstOSArchitecture: x86_64
sstOSMachine: pc
sstOSType: hvm
sstOSBootDevice: hd
sstClockOffset: utc
sstOnPowerOff: destroy
sstOnReboot: restart
sstOnCrash: destroy
sstVirtualMachinePool: 0f83f084-8080-413e-b558-b678e504836e
sstVirtualMachineType: persistent
sstSpicePort: 5900
sstSpicePassword:: AP9zZWNyZXT+
sstBelongsToCustomerUID: 4000000
sstBelongsToResellerUID: 4000001

dn: ou=devices,{MACHINE_DN}
objectClass: organizationalUnit
objectClass: sstVirtualizationVirtualMachineDevices
ou: devices
sstEmulator: /usr/bin/qemu-system-x86_64
sstMemBalloon: virtio

dn: sstDisk=vda,ou=devices,{MACHINE_DN}
objectClass: sstVirtualizationVirtualMachineDisk
sstDisk: vda
sstDevice: disk
sstType: file
sstTargetBus: virtio
sstSourceFile: /var/virtualization/vm-persistent/pool/one.qcow2
sstDriverType: qcow2

dn: sstInterface=net0,ou=devices,{MACHINE_DN}
objectClass: sstVirtualizationVirtualMachineInterface
sstInterface: net0
sstMacAddress: 52:54:00:0a:01:02
sstModelType: virtio
sstSourceBridge: vmbr0
sstType: bridge

dn: ou=backup,{MACHINE_DN}
objectClass: organizationalUnit
ou: backup

dn: {LEAF_DN}
objectClass: organizationalUnit
objectClass: sstProvisioning
ou: 20121002T010000Z
sstProvisioningExecutionDate: 0
sstProvisioningMode: finished
sstProvisioningReturnValue: 0
sstProvisioningState: 20121002T014513Z
"""
