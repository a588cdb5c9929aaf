"""What an XML names and a host does not have: the things that libvirt's dry run never sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from steps.targets.hypervisor import Hypervisor
from steps.targets.shell import Shell
from steps.virtual_machine.restore_job import RestoreJob
from steps.virtual_machine.set_reader import bridges_of
from steps.virtual_machine.xml_facts import XmlFacts, xml_facts

_LISTENING = "0A"


def missing_on_host(
    shell: Shell, hypervisor: Hypervisor, job: RestoreJob, facts: XmlFacts
) -> tuple[str, ...]:
    """What is missing, in words; empty where the host has everything."""
    return tuple(
        [
            *_emulator(shell, facts),
            *_bridges(shell, job, facts),
            *_images(shell, job, facts),
            *_ports(shell, hypervisor, job, facts),
        ]
    )


def _emulator(shell: Shell, facts: XmlFacts) -> Iterator[str]:
    if facts.emulator and shell.status(facts.emulator) is None:
        yield f"no emulator {facts.emulator}"


def _bridges(shell: Shell, job: RestoreJob, facts: XmlFacts) -> Iterator[str]:
    node = job.site.node(job.node)
    there = (node.bridges if node else ()) or bridges_of(shell)
    for bridge in facts.bridges:
        if bridge not in there:
            yield f"no bridge {bridge}"


def _images(shell: Shell, job: RestoreJob, facts: XmlFacts) -> Iterator[str]:
    """Folders of the disks that come back, and every image that only stays."""
    restored = {disk.target for disk in job.disks}
    for disk in facts.disks:
        if not disk.source:
            continue
        path = disk.source
        if disk.target in restored:
            path = str(PurePosixPath(path).parent)
        if shell.status(path) is None:
            yield f"no {path} for {disk.target}"


def _ports(shell: Shell, hypervisor: Hypervisor, job: RestoreJob, facts: XmlFacts) -> Iterator[str]:
    taken = listening_ports(shell) - _own_ports(hypervisor, job)
    for kind, port, _ in facts.consoles:
        if port.isdigit() and int(port) in taken:
            yield f"{kind} port {port} is taken by another program"


def _own_ports(hypervisor: Hypervisor, job: RestoreJob) -> set[int]:
    """Ports the machine itself holds now; it lets go of them when it is shut down."""
    status = hypervisor.domain(job.machine)
    if status is None or not status.active:
        return set()
    own = xml_facts(hypervisor.xml(job.machine), "the running XML")
    return {int(port) for _, port, _ in own.consoles if port.isdigit()}


def listening_ports(shell: Shell) -> set[int]:
    """TCP ports somebody listens on at that host, as its kernel lists them."""
    ports: set[int] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        found = shell.run(["cat", table], check=False)
        ports |= parse_listening(found.out)
    return ports


def parse_listening(table: str) -> set[int]:
    """Local ports of the listening sockets in a /proc/net/tcp table."""
    ports = set()
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 3 and fields[3] == _LISTENING:
            ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports
