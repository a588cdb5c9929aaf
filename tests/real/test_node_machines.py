"""`rekindle node` on two nodes with real machines, ordered through a real directory."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from steps.virtual_machine.coordination.steps import CommandedJob
from steps.virtual_machine.job_leaf import JobLeaf, job_leaf
from tests.real.backup_world import THEN, pattern
from tests.real.control_support import Control
from tests.real.real_nodes import PASSWORD, RealNodes, real_nodes

LEAF = "20261127T030000Z"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory, capabilities: Path) -> Iterator[RealNodes]:
    with real_nodes(tmp_path_factory.mktemp("nodes"), capabilities, nodes=2, each=2) as made:
        yield made


def leaf(nodes: RealNodes, machine: str, name: str = LEAF) -> JobLeaf:
    dn = next(c.dn_of(name) for c in nodes.commanded(name) if c.machine == machine)
    entry = nodes.directory.get(dn)
    assert entry is not None
    return job_leaf(entry)


def backed_up(nodes: RealNodes, name: str, seconds: float = 180) -> Control:
    job = CommandedJob(nodes.commanded(name), look_seconds=0.2, patience_seconds=90)
    return Control(nodes, f"run-{name}", job, password=PASSWORD).start().join(seconds)


def wait_for(holds: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.1)


def check_set(nodes: RealNodes, name: str) -> None:
    """Complete, proved by sha256sum, merged: one image a disk, and what was on it."""
    for machines in nodes.machines:
        for machine in machines:
            kept = nodes.backup_of(machine, name)
            assert (kept / "manifest.json").is_file()
            assert json.loads((kept / "manifest.json").read_text())
            subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=kept, check=True)
            for image in machine.images:
                assert pattern(kept / f"{image.name}.{name}") == THEN
                told = subprocess.run(
                    ["qemu-img", "info", "-U", "--output=json", str(image)],
                    check=True, capture_output=True,
                )  # fmt: skip
                assert "backing-filename" not in json.loads(told.stdout)
            assert leaf(nodes, machine.name, name).mode == "finished"


def test_a_night_over_two_nodes_and_a_daemon_killed_in_its_middle(nodes: RealNodes) -> None:
    for number in (1, 2):
        nodes.daemon(number)
    night = backed_up(nodes, LEAF)
    assert night.failed == {}, nodes.said(1) + nodes.said(2)
    check_set(nodes, LEAF)
    times = dict(leaf(nodes, nodes.machines[0][0].name).times)
    assert {"snapshot", "merge", "retain"} <= times.keys()

    second = "20261128T030000Z"
    job = CommandedJob(nodes.commanded(second), look_seconds=0.2, patience_seconds=90)
    night = Control(nodes, "run-second", job, password=PASSWORD).start()
    victim = nodes.machines[0][0].name
    wait_for(lambda: _mode(nodes, victim, second) == "snapshotting")
    nodes.daemons[1].send_signal(signal.SIGKILL)
    nodes.daemons[1].wait()
    nodes.daemon(1)
    night.join(240)
    assert night.failed == {}, nodes.said(1)
    check_set(nodes, second)


def _mode(nodes: RealNodes, machine: str, name: str) -> str:
    dn = next(c.dn_of(name) for c in nodes.commanded(name) if c.machine == machine)
    entry = nodes.directory.get(dn)
    return (entry.text("sstProvisioningMode") or "") if entry else ""
