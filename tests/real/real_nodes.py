"""Nodes with real machines: a root of the embedded hypervisor each, whose guests outlive processes.

`python -m tests.real.real_nodes` makes the machines of one node, in a process of its own because an
embedded root belongs to one process at a time; afterwards `rekindle node` opens it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from config.secrets import Secret, SecretReference
from config.site import DirectoryAccess, HypervisorNode, MachineStorage, ShellAccess, Site
from config.site_file import save_site
from steps.drill import practice_machine as practice
from steps.drill.embedded import end_guests, keep_capabilities, prepare_root
from steps.drill.places import Places
from steps.drill.slapd import RunningSlapd, start_slapd, stop_slapd
from steps.targets.directory import Entry
from steps.targets.ldap_directory import LdapDirectory
from steps.targets.libvirt_hypervisor import LibvirtHypervisor
from steps.virtual_machine.coordination.orders import Commanded
from steps.virtual_machine.heartbeat import node_dn, nodes_dn
from tests.real.backup_world import THEN, machine_entries, write_pattern
from tests.real.hypervisor_support import Machine, make_image, make_machine
from tests.unit.restore_world import BASE, GROUP, OWNER

_IDLE_GUEST = bytes.fromhex("faf4ebfc")
"""cli, hlt, and again."""
SHARED_MAC = b"52:54:00:11:22:c1"
"""What every machine of hypervisor_support has."""
PASSWORD = Secret("only-for-this-test-4e8")
PROJECT = Path(__file__).resolve().parents[2]


def node_name(number: int) -> str:
    return f"node-{number:02d}.example.org"


@dataclass
class RealNodes:
    """A directory, nodes with running machines, and the daemons started on them."""

    folder: Path
    slapd: RunningSlapd
    roots: list[Path]
    machines: list[list[Machine]]
    daemons: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory = LdapDirectory(self.access, PASSWORD)

    @property
    def access(self) -> DirectoryAccess:
        return DirectoryAccess(base=BASE, url=self.slapd.url, bind_dn=self.slapd.bind_dn)

    @property
    def url(self) -> str:
        return self.slapd.url

    @property
    def places(self) -> Places:
        return Places(self.folder / "site")

    @property
    def site_file(self) -> Path:
        return self.folder / "site.yaml"

    def write_site(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(PASSWORD.reveal())
        secret.chmod(0o600)
        nodes = tuple(
            HypervisorNode(node_name(n), f"qemu:///embed?root={root}", ShellAccess(), "127.0.0.1")
            for n, root in enumerate(self.roots, 1)
        )
        access = replace(self.access, password=SecretReference("file", str(secret)))
        places = self.places
        storage = MachineStorage(str(places.storage), str(places.backup), str(places.retain))
        save_site(self.site_file, Site("test", nodes, access, storage))

    def daemon(self, node: int, *options: str) -> subprocess.Popen[bytes]:
        """`rekindle node`, as systemd starts it."""
        log = (self.folder / f"node-{node}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tui.main", "node", "--site", str(self.site_file),
             "--node", node_name(node), "--state", str(self.folder / f"state-{node}"), *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )  # fmt: skip
        self.daemons[node] = process
        return process

    def said(self, node: int) -> str:
        return (self.folder / f"node-{node}.log").read_text()

    def commanded(self, leaf: str) -> tuple[Commanded, ...]:
        return tuple(
            Commanded(BASE, machine.name, machine.name, node_name(number), leaf)
            for number, machines in enumerate(self.machines, 1)
            for machine in machines
        )

    def backup_of(self, machine: Machine, leaf: str) -> Path:
        below = machine.folder.relative_to(self.places.storage)
        return self.places.backup / below / machine.name / leaf

    def end(self) -> None:
        for process in self.daemons.values():
            if process.poll() is None:
                process.terminate()
            process.wait(240)
        self.directory.close()


@contextmanager
def real_nodes(
    folder: Path, capabilities: Path, nodes: int, each: int, memory: int = 0
) -> Iterator[RealNodes]:
    """So many nodes with so many running machines each; gone at the end.

    With `memory` (MiB) the machines are as small as they can be, and their guests do nothing: many
    of them fit on one host.
    """
    roots = [Path(tempfile.mkdtemp(prefix="rk-")) for _ in range(nodes)]
    places = Places(folder / "site")
    try:
        for path in (places.storage, places.retain, places.backup):
            path.mkdir(parents=True)
        machines = [_made(root, capabilities, places.storage, each, memory) for root in roots]
        slapd = start_slapd(folder / "slapd", BASE, PASSWORD, _entries(places, machines))
        world = RealNodes(folder, slapd, roots, machines)
        world.write_site()
        try:
            yield world
        finally:
            world.end()
    finally:
        if (folder / "slapd").exists():
            stop_slapd(folder / "slapd")
        for root in roots:
            end_guests(root)
            shutil.rmtree(root, ignore_errors=True)


def _made(root: Path, capabilities: Path, storage: Path, each: int, memory: int) -> list[Machine]:
    command = [sys.executable, "-P", "-m", "tests.real.real_nodes", str(root), str(capabilities)]
    done = subprocess.run(
        [*command, str(storage), str(each), str(memory)],
        cwd="/", check=True, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    return [
        Machine(m["name"], m["uuid"], m["xml"], (Path(m["vda"]), Path(m["vdb"])), Path(m["folder"]))
        for m in json.loads(done.stdout)
    ]


def _entries(places: Places, machines: list[list[Machine]]) -> list[Entry]:
    found = list(practice.site_entries(BASE, node_name(1), OWNER, GROUP, places))
    known = {entry.dn for entry in found}
    if nodes_dn(BASE) not in known:
        found.append(
            Entry(nodes_dn(BASE), {"objectClass": (b"organizationalUnit",), "ou": (b"nodes",)})
        )
    for number, own in enumerate(machines, 1):
        name = node_name(number)
        if node_dn(BASE, name) not in known:
            classes = (b"sstVirtualizationNode",)
            found.append(
                Entry(node_dn(BASE, name), {"objectClass": classes, "sstNode": (name.encode(),)})
            )
        for machine in own:
            top, *below = machine_entries(machine)
            attributes = {**top.attributes, "sstNode": (name.encode(),)}
            *devices, lease = below
            address = f"fixed-address 10.1.{number}.{len(found) % 250 + 1}".encode()
            leased = replace(lease, attributes={**lease.attributes, "dhcpStatements": (address,)})
            own_card = [_with_card(entry, machine) for entry in (*devices, leased)]
            found += [replace(top, attributes=attributes), *own_card]
    return found


def mac_of(machine: Machine) -> str:
    """A network address of its own: two machines with one would be a conflict of a restore."""
    return "52:54:00:" + ":".join(f"{byte:02x}" for byte in uuid.UUID(machine.uuid).bytes[:3])


def _with_card(entry: Entry, machine: Machine) -> Entry:
    own = mac_of(machine).encode()
    return replace(entry, attributes={
        name: tuple(value.replace(SHARED_MAC, own) for value in values)
        for name, values in entry.attributes.items()
    })  # fmt: skip


def main() -> None:
    """Make the machines of one node and tell of them as JSON."""
    root, capabilities, storage = (Path(word) for word in sys.argv[1:4])
    hypervisor = LibvirtHypervisor(prepare_root(root, capabilities))
    hypervisor.abilities()
    keep_capabilities(root, capabilities)
    made = []
    memory = int(sys.argv[5])
    for _ in range(int(sys.argv[4])):
        folder = storage / "vm-persistent" / str(uuid.uuid4())
        machine = make_machine(folder, polite=not memory)
        machine = replace(machine, xml=machine.xml.replace(SHARED_MAC.decode(), mac_of(machine)))
        if memory:
            machine = replace(machine, xml=machine.xml.replace("65536", str(memory << 10)))
            make_image(machine.images[0], _IDLE_GUEST)
        for image in machine.images:
            write_pattern(image, THEN)
        hypervisor.define(machine.xml)
        hypervisor.start(machine.name)
        vda, vdb = map(str, machine.images)
        made.append({"name": machine.name, "uuid": machine.uuid, "xml": machine.xml, "vda": vda,
                     "vdb": vdb, "folder": str(machine.folder)})  # fmt: skip
    hypervisor.close()
    print(json.dumps(made))


if __name__ == "__main__":
    main()
