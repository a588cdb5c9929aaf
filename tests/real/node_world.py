"""Several nodes on one directory: a private slapd with machines, and daemons as processes.

The work of these daemons is a toy: two steps a task, whose effects are files made with O_EXCL, so
that anything done twice is seen. Everything else is real: slapd, processes, connections, kills.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from config.secrets import Secret
from config.site import DirectoryAccess
from steps.drill.slapd import RunningSlapd, ensure_running, start_slapd, stop_slapd
from steps.ldif_text import parse_entries
from steps.targets.directory import Entry
from steps.targets.ldap_directory import LdapDirectory
from steps.virtual_machine.heartbeat import Heartbeat, heartbeats, nodes_dn
from steps.virtual_machine.job_leaf import JobLeaf, job_leaf
from tests.real.slapd_support import BASE, MACHINES, PASSWORD, SERVICES, tree

LEAF = "20121002T010000Z"
PROJECT = Path(__file__).resolve().parents[2]


def node_name(number: int) -> str:
    return f"node-{number:02d}.example.org"


def machine_name(number: int) -> str:
    return f"8f5a7e1c-2b61-4f0d-9d3e-5b1f1c1b{number:04d}"


def entries(nodes: int, machines: int, leaf_mode: str = "initialized") -> tuple[Entry, ...]:
    """The tree of slapd_support, with nodes, and machines spread over them; each with a leaf."""
    text = [f"dn: {nodes_dn(BASE)}\nobjectClass: organizationalUnit\nou: nodes\n"]
    for number in range(1, nodes + 1):
        name = node_name(number)
        text.append(
            f"dn: sstNode={name},{nodes_dn(BASE)}\nobjectClass: sstVirtualizationNode\n"
            f"sstNode: {name}\n"
        )
    for number in range(1, machines + 1):
        text.append(_machine(number, node_name((number - 1) % nodes + 1), leaf_mode))
    own = [e for e in tree() if not e.dn.endswith(MACHINES) or e.dn == MACHINES]
    return (*own, *parse_entries("\n".join(text).encode(), "nodes"))


def _machine(number: int, node: str, leaf_mode: str) -> str:
    name = machine_name(number)
    dn = f"sstVirtualMachine={name},{MACHINES}"
    leaf = (
        f"\ndn: ou={LEAF},ou=backup,{dn}\nobjectClass: organizationalUnit\n"
        f"objectClass: sstProvisioning\nou: {LEAF}\nsstProvisioningExecutionDate: 0\n"
        f"sstProvisioningMode: {leaf_mode}\nsstProvisioningReturnValue: 0\n"
        "sstProvisioningState: 20121002T010001Z\n"
    )
    return (
        f"dn: {dn}\nobjectClass: sstVirtualizationVirtualMachine\nsstVirtualMachine: {name}\n"
        f"sstDisplayName: vm{number:03d}\nsstMemory: 67108864\nsstVCPU: 1\nsstNode: {node}\n"
        "sstStatus: running\nsstType: kvm\nsstOSArchitecture: x86_64\nsstOSMachine: pc\n"
        "sstOSType: hvm\nsstOSBootDevice: hd\nsstClockOffset: utc\nsstOnPowerOff: destroy\n"
        "sstOnReboot: restart\nsstOnCrash: destroy\n"
        "sstVirtualMachinePool: 0f83f084-8080-413e-b558-b678e504836e\n\n"
        f"dn: ou=backup,{dn}\nobjectClass: organizationalUnit\nou: backup\n"
        + (leaf if leaf_mode else "")
    )


@dataclass
class NodeWorld:
    """The directory, the effects of the work, and the daemons that were started."""

    folder: Path
    slapd: RunningSlapd
    url: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.url = self.url or self.slapd.url
        self.effects.mkdir(exist_ok=True)
        self.directory = LdapDirectory(self.access, PASSWORD)

    @property
    def access(self) -> DirectoryAccess:
        return DirectoryAccess(base=BASE, url=self.slapd.url, bind_dn=self.slapd.bind_dn)

    @property
    def effects(self) -> Path:
        return self.folder / "effects"

    def machine_dn(self, number: int = 1) -> str:
        return f"sstVirtualMachine={machine_name(number)},{MACHINES}"

    def leaf_dn(self, number: int = 1, leaf: str = LEAF) -> str:
        return f"ou={leaf},ou=backup,{self.machine_dn(number)}"

    def leaf(self, number: int = 1, leaf: str = LEAF) -> JobLeaf:
        entry = self.directory.get(self.leaf_dn(number, leaf))
        assert entry is not None
        return job_leaf(entry)

    def beats(self) -> tuple[Heartbeat, ...]:
        return heartbeats(self.directory)

    def ldapmodify(self, ldif: str) -> None:
        """What an original tool or an operator writes: plain LDIF through ldapmodify."""
        command = ["ldapmodify", "-x", "-H", self.slapd.url, "-D", self.slapd.bind_dn]
        password = self.folder / "password"
        if not password.exists():
            password.write_text(PASSWORD.reveal())
            password.chmod(0o600)
        subprocess.run(
            [*command, "-y", str(password)], input=ldif.encode(), check=True, capture_output=True
        )

    def order(self, task: str, number: int = 1) -> None:
        """An order in the words of the guide: state 0, then the mode."""
        self.ldapmodify(
            f"dn: {self.leaf_dn(number)}\nchangetype: modify\nreplace: sstProvisioningState\n"
            "sstProvisioningState: 0\n-\nreplace: sstProvisioningMode\n"
            f"sstProvisioningMode: {task}\n"
        )

    def write(self, attribute: str, value: str, number: int = 1) -> None:
        """One attribute in a modify of its own."""
        self.ldapmodify(
            f"dn: {self.leaf_dn(number)}\nchangetype: modify\nreplace: {attribute}\n"
            f"{attribute}: {value}\n"
        )

    def daemon(
        self, node: int = 1, state: str = "", *, once: bool = False, **options: object
    ) -> subprocess.Popen[bytes]:
        """Start a daemon; `options` as tests/real/node_program.py takes them."""
        order: dict[str, object] = {
            "url": self.url, "bind_dn": self.slapd.bind_dn, "password": PASSWORD.reveal(),
            "node": node_name(node), "state": str(self.folder / (state or f"state-{node}")),
            "effects": str(self.effects), "once": once, **options,
        }  # fmt: skip
        log = (self.folder / f"daemon-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.real.node_program"],
            stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/",
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()
        self.processes.append(process)
        return process

    def said(self, number: int = -1) -> str:
        """What a daemon said so far."""
        index = number % len(self.processes)
        return (self.folder / f"daemon-{index}.log").read_text()

    def wait_for(self, holds: Callable[[], object], seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                logs = "\n".join(self.said(n) for n in range(len(self.processes)))
                raise AssertionError(f"it never held; the daemons said:\n{logs}\n{self.leaf()}")
            time.sleep(0.02)

    def wait_mode(self, mode: str, number: int = 1, seconds: float = 120.0) -> JobLeaf:
        found: list[JobLeaf] = []
        self.wait_for(lambda: found.append(self.leaf(number)) or found[-1].mode == mode, seconds)
        return found[-1]

    def wait_alive(self, daemons: int = 1) -> None:
        self.wait_for(lambda: len(self.beats()) >= daemons)

    def hold(self) -> None:
        """From now on no step comes to its end."""
        (self.effects / "hold").touch()

    def let_go(self) -> None:
        """They end now."""
        (self.effects / "hold").unlink()

    def done(self, number: int = 1) -> list[str]:
        """The effects on one machine, by name."""
        return sorted(
            f.name.partition("@")[2]
            for f in self.effects.iterdir()
            if f.name.startswith(machine_name(number) + "@")
        )

    @property
    def twice(self) -> list[str]:
        """Whatever was done a second time."""
        return sorted(f.name for f in self.effects.iterdir() if f.name.startswith("twice@"))

    def restart_slapd(self) -> None:
        stop_slapd(self.folder / "slapd")
        ensure_running(self.folder / "slapd")

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self.directory.close()


@contextmanager
def node_world(
    folder: Path, nodes: int = 1, machines: int = 1, leaf_mode: str = "initialized"
) -> Iterator[NodeWorld]:
    """A world of that size, taken down at the end."""
    slapd = start_slapd(folder / "slapd", BASE, PASSWORD, entries(nodes, machines, leaf_mode))
    world = NodeWorld(folder, slapd)
    try:
        yield world
    finally:
        world.end()
        stop_slapd(folder / "slapd")


def both(task: str) -> list[str]:
    """The effects of one whole task."""
    return [f"{LEAF}.{task}.1", f"{LEAF}.{task}.2"]


def secrets() -> Mapping[str, Secret]:
    return {"directory password": PASSWORD}


__all__ = ["SERVICES", "NodeWorld", "both", "machine_name", "node_name", "node_world", "secrets"]
