"""A hundred machines over four nodes, ordered by one control instance through a real directory.

slapd, the four daemons (a process each), the control instance and every write are real; the work of
the daemons is the toy of tests/real/node_program.py, which takes 0.2 s a task and touches no
hypervisor. So this measures what the coordination costs, not what a snapshot costs.
"""

import tempfile
import threading
import time
from pathlib import Path

from steps.virtual_machine.coordination.observer import Observer
from steps.virtual_machine.coordination.table import table_of
from tests.bench.claim import Claim
from tests.real.control_support import NEW_LEAF, commanded, control
from tests.real.node_world import NodeWorld, node_world

MACHINES, NODES, AT_ONCE = 100, 4, 4
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
        return _night(world)


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
