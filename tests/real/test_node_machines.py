"""`rekindle node` on two nodes with real machines, ordered through a real directory."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from steps.virtual_machine.backup.modes import new_leaf
from steps.virtual_machine.coordination.steps import CommandedJob
from steps.virtual_machine.heartbeat import heartbeats
from steps.virtual_machine.job_leaf import JobLeaf, job_leaf
from steps.virtual_machine.job_words import position
from tests.real.backup_world import THEN, pattern
from tests.real.control_support import Control
from tests.real.hypervisor_support import Machine
from tests.real.real_nodes import PASSWORD, PROJECT, RealNodes, real_nodes

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


def backed_up(nodes: RealNodes, name: str, seconds: float = 600) -> Control:
    job = CommandedJob(nodes.commanded(name), look_seconds=0.2, patience_seconds=240)
    return Control(nodes, f"run-{name}", job, password=PASSWORD).start().join(seconds)


def wait_for(holds: Callable[[], object], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.1)


def check_set(nodes: RealNodes, name: str) -> None:
    """Complete, proved by sha256sum, merged: one image a disk, and what was on it."""
    for machines in nodes.machines:
        for machine in machines:
            check_one(nodes, machine, name)
            assert leaf(nodes, machine.name, name).mode == "finished"


def check_one(nodes: RealNodes, machine: Machine, name: str) -> None:
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


def test_a_night_over_two_nodes_and_a_daemon_killed_in_its_middle(nodes: RealNodes) -> None:
    for number in (1, 2):
        nodes.daemon(number)
    night = backed_up(nodes, LEAF)
    assert night.failed == {}, nodes.said(1) + nodes.said(2)
    check_set(nodes, LEAF)
    times = dict(leaf(nodes, nodes.machines[0][0].name).times)
    assert {"snapshot", "merge", "retain"} <= times.keys()

    second = "20261127T040000Z"
    job = CommandedJob(nodes.commanded(second), look_seconds=0.2, patience_seconds=240)
    night = Control(nodes, "run-second", job, password=PASSWORD).start()
    victim = nodes.machines[0][0].name
    # It may be further when that is seen: there is more to come.
    wait_for(lambda: position(_mode(nodes, victim, second)) >= position("snapshotting"))
    nodes.daemons[1].send_signal(signal.SIGKILL)
    nodes.daemons[1].wait()
    nodes.daemon(1)
    night.join(600)
    assert night.failed == {}, nodes.said(1)
    check_set(nodes, second)


def test_rekindle_run_is_a_control_instance_where_every_node_has_a_daemon(
    nodes: RealNodes, tmp_path: Path
) -> None:
    for number in (1, 2):
        if number not in nodes.daemons or nodes.daemons[number].poll() is not None:
            nodes.daemon(number)
    wait_for(lambda: len(heartbeats(nodes.directory)) == 2)
    before = {m.name: nodes.backup_of(m, "x").parent for ms in nodes.machines for m in ms}
    sets = {name: sorted(p.name for p in root.iterdir()) for name, root in before.items()}
    answers = tmp_path / "answers.yaml"
    answers.write_text("rekindle: 1\nprocedure: virtual_machine.backup\nanswers:\n"
                       "  machines: [all]\n")  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "tui.main", "run", "--site", str(nodes.site_file),
         "virtual_machine.backup", "--answers", str(answers), "--yes"],
        cwd="/", capture_output=True, text=True, timeout=900,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "REKINDLE_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr + nodes.said(1)
    assert "ordered through the directory" in ran.stdout
    assert "4 snapshots within" in ran.stdout
    names = {name: sorted(p.name for p in root.iterdir()) for name, root in before.items()}
    (leaf_name,) = {set(now).difference(sets[name]).pop() for name, now in names.items()}
    check_set(nodes, leaf_name)
    # The practice site's plan keeps two: the oldest is gone, on disk and in the directory.
    assert all(now == [*sets[name], leaf_name][-2:] for name, now in names.items())
    for old in {name for kept in sets.values() for name in kept[:-1]}:
        for machine in nodes.commanded(old):
            assert nodes.directory.get(machine.leaf_dn) is None


def order(nodes: RealNodes, machine: str, name: str, task: str) -> None:
    """The guide's LDIF, through ldapmodify."""
    dn = next(c.dn_of(name) for c in nodes.commanded(name) if c.machine == machine)
    subprocess.run(
        ["ldapmodify", "-x", "-H", nodes.url, "-D", nodes.slapd.bind_dn, "-y",
         str(nodes.folder / "secret")],
        input=f"dn: {dn}\nchangetype: modify\nreplace: sstProvisioningState\n"
        f"sstProvisioningState: 0\n-\nreplace: sstProvisioningMode\nsstProvisioningMode: {task}\n",
        text=True, check=True, capture_output=True,
    )  # fmt: skip


def carried_out(nodes: RealNodes, machine: str, name: str, task: str, done: str) -> None:
    order(nodes, machine, name, task)
    wait_for(
        lambda: leaf(nodes, machine, name).return_value or _mode(nodes, machine, name) == done, 400
    )
    assert _mode(nodes, machine, name) == done, nodes.said(1)


def test_a_restore_ordered_in_the_guides_words_by_an_original_control_instance(
    nodes: RealNodes,
) -> None:
    if 1 not in nodes.daemons or nodes.daemons[1].poll() is not None:
        nodes.daemon(1)
    machine = nodes.machines[0][0]
    name = sorted(p.name for p in nodes.backup_of(machine, "x").parent.iterdir())[-1]
    for task, done in (
        ("unretainSmallFiles", "unretainedSmallFiles"),
        ("unretainLargeFiles", "unretainedLargeFiles"),
    ):
        carried_out(nodes, machine.name, name, task, done)
    # What the guest writes after the backup is what the restore takes back.
    before = {image.stat().st_ino for image in machine.images}
    carried_out(nodes, machine.name, name, "restore", "restored")
    assert all(pattern(image) == THEN for image in machine.images)
    assert not before & {image.stat().st_ino for image in machine.images}
    aside = {p.stat().st_ino for p in machine.images[0].parent.iterdir()}
    assert before <= aside, "the images of before are kept"


def killed_in(nodes: RealNodes, machine: Machine, name: str, task: str, step: str) -> None:
    """Order a task, and SIGKILL the daemon of the second node as soon as that step has begun."""
    done = {"snapshot": "snapshotted", "merge": "merged", "retain": "retained",
            "delete": "deleted"}[task]  # fmt: skip
    journal = nodes.folder / "state-2" / "work" / machine.name / name / "journal.jsonl"
    began = f'"step-started".*"step":"{re.escape(step)}'
    order(nodes, machine.name, name, task)
    end = time.monotonic() + 300
    while not (journal.exists() and re.search(began, journal.read_text())):
        assert time.monotonic() < end, nodes.said(2)
        time.sleep(0.002)
    nodes.daemons[2].send_signal(signal.SIGKILL)
    nodes.daemons[2].wait()
    nodes.daemon(2)
    wait_for(
        lambda: leaf(nodes, machine.name, name).return_value or _mode(nodes, machine.name, name)
        == done, 400,
    )  # fmt: skip
    assert _mode(nodes, machine.name, name) == done, nodes.said(2)


def test_a_daemon_killed_in_the_middle_of_each_task_of_a_real_machine_takes_it_up_again(
    nodes: RealNodes,
) -> None:
    if 2 not in nodes.daemons or nodes.daemons[2].poll() is not None:
        nodes.daemon(2)
    machine = nodes.machines[1][1]
    older, newer = "20261127T233000Z", "20261127T234000Z"
    for name in (older, newer):
        dn = next(c.dn_of(name) for c in nodes.commanded(name) if c.machine == machine.name)
        above = dn.partition(",")[2]
        if nodes.directory.get(above) is None:
            parts = {"objectClass": (b"organizationalUnit",), "ou": (b"backup",)}
            nodes.directory.add(above, parts)
        fresh = {**new_leaf(name, name), "sstProvisioningMode": (b"initialized",)}
        nodes.directory.add(dn, fresh)
    for name, steps in (
        (older, {"snapshot": "snapshot.documents", "merge": "merge.", "retain": "retain.v"}),
        (newer, {"snapshot": "snapshot.take", "merge": "merge.", "retain": "retain.prove"}),
    ):
        for task, step in steps.items():
            killed_in(nodes, machine, name, task, step)
        check_one(nodes, machine, name)
    killed_in(nodes, machine, older, "delete", "delete.")
    assert not nodes.backup_of(machine, older).exists()
    check_one(nodes, machine, newer)


def _mode(nodes: RealNodes, machine: str, name: str) -> str:
    dn = next(c.dn_of(name) for c in nodes.commanded(name) if c.machine == machine)
    entry = nodes.directory.get(dn)
    return (entry.text("sstProvisioningMode") or "") if entry else ""
