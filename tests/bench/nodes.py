"""Machines over four nodes, ordered by one control instance through a real directory.

First a hundred with the toy work of tests/real/node_program.py, which takes 0.2 s a task and
touches no hypervisor: slapd, the four daemons, the control instance and every write are real, so
this is what the coordination costs. Then real machines without an operating system, in an embedded
hypervisor a node, backed up by `rekindle node` as systemd starts it: all of it on this one host.
How many they are says REKINDLE_BENCH_MACHINES; 0 leaves them out.
"""

import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from steps.virtual_machine.coordination.observer import Observer
from steps.virtual_machine.coordination.steps import CommandedJob
from steps.virtual_machine.coordination.table import table_of
from steps.virtual_machine.heartbeat import heartbeats
from steps.virtual_machine.job_leaf import job_leaf
from tests.bench.claim import Claim
from tests.real.control_support import NEW_LEAF, Control, commanded, control
from tests.real.node_world import NodeWorld, node_world
from tests.real.real_nodes import PASSWORD as REAL_PASSWORD
from tests.real.real_nodes import RealNodes, real_nodes

MACHINES, NODES, AT_ONCE = 100, 4, 4
_ROOMY = "/var/tmp"
TURNS = 2
"""Of 0.05 s, in each of the two steps of a task."""
LEAST = 3 * MACHINES / NODES / AT_ONCE * TURNS * 2 * 0.05
"""Seconds that the work itself takes: three tasks, so many machines a node, so many at once."""


def measure(rounds: int) -> list[Claim]:
    """One round is a night; more would say the same again."""
    with tempfile.TemporaryDirectory() as folder, node_world(
        Path(folder), NODES, MACHINES, "finished"
    ) as world:  # fmt: skip
        for node in range(1, NODES + 1):
            world.daemon(node=node, turns=TURNS, at_once=AT_ONCE, beat=10.0, look=5.0, calm=30.0)
        world.wait_alive(NODES)
        claims = _night(world)
    machines = int(os.environ.get("REKINDLE_BENCH_MACHINES", str(MACHINES)))
    return claims + (_real(machines) if machines else [])


def _real(machines: int) -> list[Claim]:
    """A night of real machines, 16 MiB each."""
    with tempfile.TemporaryDirectory(dir=_ROOMY) as folder, real_nodes(
        Path(folder), Path(folder, "capabilities"), NODES, machines // NODES, memory=16
    ) as nodes:  # fmt: skip
        for node in range(1, NODES + 1):
            nodes.daemon(node)
        _wait_alive(nodes)
        return _real_night(nodes, machines)


def _wait_alive(nodes: RealNodes, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while len(heartbeats(nodes.directory)) < NODES:
        assert time.monotonic() < end, nodes.said(1)
        time.sleep(0.2)


def _real_night(nodes: RealNodes, machines: int) -> list[Claim]:
    job = CommandedJob(nodes.commanded(NEW_LEAF), look_seconds=1.0, patience_seconds=600)
    began, cpu = time.monotonic(), time.process_time()
    night = Control(nodes, "bench", job, password=REAL_PASSWORD).start().join(3600)
    total, used = time.monotonic() - began, time.process_time() - cpu
    assert night.failed == {}, night.failed
    table = table_of(Observer().look(nodes.directory))
    for one in (machine for node in nodes.machines for machine in node):
        kept = nodes.backup_of(one, NEW_LEAF)
        subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=kept, check=True)
    times = [
        dict(job_leaf(entry).times)
        for one in nodes.commanded(NEW_LEAF)
        if (entry := nodes.directory.get(one.leaf_dn)) is not None
    ]
    shown = f"{machines} real machines of 16 MiB under TCG, {NODES} nodes, {os.cpu_count()} cores"
    tasks = ", ".join(
        f"{task} {median(t[task] for t in times):.1f} s" for task in ("snapshot", "merge", "retain")
    )
    return [
        Claim("spread of the real snapshots", table.spread or 0.0, 0.6 * machines, "s", shown),
        Claim("a real night", total, 2.0 * machines, "s", f"medians a machine: {tasks}"),
        Claim("processor time of its control instance", used, 0.05 * total + 5, "s",
              f"{100 * used / total:.1f} % of one core over {total:.0f} s"),
    ]  # fmt: skip


def _night(world: NodeWorld) -> list[Claim]:
    began, cpu = time.monotonic(), time.process_time()
    night = control(world, "bench", commanded(range(1, MACHINES + 1), NODES), look_seconds=1.0)
    spread: list[float] = []
    watching = threading.Thread(target=_watch, args=(world, spread, night))
    watching.start()
    night.start().join(600)
    total, used = time.monotonic() - began, time.process_time() - cpu
    watching.join()
    assert night.failed == {}, night.failed
    assert world.twice == []
    done = sum(world.leaf(n, NEW_LEAF).mode == "finished" for n in range(1, MACHINES + 1))
    assert done == MACHINES
    shown = f"{MACHINES} machines, {NODES} nodes, {AT_ONCE} at once a node; toy work, {LEAST:.1f} s"
    third = LEAST / 3
    return [
        Claim("spread of the snapshots", spread[-1], 3 * third + 3, "s",
              f"{shown}; {third:.1f} s of it is the work"),
        Claim("a night of snapshot, merge, retain", total, 3 * LEAST + 15, "s", shown),
        Claim("processor time of the control instance", used, 0.25 * total + 2, "s",
              f"over {total:.1f} s, a table of its own every 2 s included"),
    ]  # fmt: skip


def _watch(world: NodeWorld, spread: list[float], night: object) -> None:
    """What `rekindle machines` would show meanwhile."""
    from steps.targets.ldap_directory import LdapDirectory
    from tests.real.slapd_support import PASSWORD

    directory, observer = LdapDirectory(world.access, PASSWORD), Observer()
    while not spread or night.is_going:
        table = table_of(observer.look(directory))
        if table.spread is not None:
            spread.append(table.spread)
        time.sleep(2.0)
    table = table_of(observer.look(directory))
    spread.append(table.spread or 0.0)
    directory.close()
