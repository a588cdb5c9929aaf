"""A daemon whose directory is a folder of LDIF files: nobody tells it of changes, so it looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config.site import DirectoryAccess, HypervisorNode, ShellAccess, Site
from steps.ldif_text import dump_entries
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.targets.directory import Change
from steps.targets.ldif_directory import LdifDirectory
from steps.virtual_machine.heartbeat import heartbeats
from steps.virtual_machine.job_leaf import JobLeaf, job_leaf
from steps.virtual_machine.job_words import Task
from steps.virtual_machine.node.assembly import make_daemon
from steps.virtual_machine.node.daemon import NodeDaemon, Rhythm
from steps.virtual_machine.node.keeping import StateFolder
from steps.virtual_machine.node.orders import Order
from tests.real.node_world import LEAF, entries, machine_name, node_name
from tests.real.slapd_support import BASE, MACHINES

LEAF_DN = f"ou={LEAF},ou=backup,sstVirtualMachine={machine_name(1)},{MACHINES}"


@dataclass
class Touch(Step):
    """Makes one file."""

    file: Path
    name: str = "touch"
    title: str = "touch"

    def commands(self) -> Sequence[str]:
        return (f"touch {self.file}",)

    def verify(self, context: StepContext) -> Verdict:
        return done("there") if self.file.exists() else not_done("not there")

    def apply(self, context: StepContext) -> None:
        self.file.open("x").close()


@dataclass
class TouchWork:
    """One file an order."""

    folder: Path

    def steps(self, order: Order, context: StepContext) -> Sequence[Step]:
        return (Touch(self.folder / order.task.order),)

    def measured(self, order: Order, context: StepContext) -> dict[str, float]:
        return {}

    def moment(self, order: Order, context: StepContext) -> None:
        return None

    def return_code(self, error: Exception, task: Task) -> int:
        return 1


@dataclass
class FileNode:
    """The files, and the daemon in a thread."""

    folder: Path
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.files = self.folder / "ldif"
        self.files.mkdir()
        (self.files / "site.ldif").write_text(dump_entries(entries(1, 1)))
        access = DirectoryAccess(base=BASE, ldif_folder=self.files)
        node = HypervisorNode(node_name(1), "test:///default", ShellAccess())
        self.state = StateFolder(self.folder / "state")
        self.daemon: NodeDaemon = make_daemon(
            Site("files", (node,), access), node.name, self.state, {}, TouchWork(self.folder),
            Rhythm(look_seconds=0.2, calm_seconds=60, beat_seconds=0.2), self.said.append,
        )  # fmt: skip
        self.thread = threading.Thread(target=self.daemon.run)
        self.thread.start()

    def leaf(self) -> JobLeaf:
        entry = LdifDirectory(self.files, BASE).get(LEAF_DN)
        assert entry is not None
        return job_leaf(entry)

    def order(self, task: str) -> None:
        directory = LdifDirectory(self.files, BASE)
        words = {"sstProvisioningState": "0", "sstProvisioningMode": task}
        entry = directory.get(LEAF_DN)
        assert entry is not None
        changes = [Change("replace", name, (word.encode(),)) for name, word in words.items()]
        directory.modify(LEAF_DN, changes, expected_csn=entry.entry_csn)

    def wait_for(self, holds: Callable[[], object]) -> None:
        end = time.monotonic() + 120
        while not holds():
            assert time.monotonic() < end, (self.said, self.leaf())
            time.sleep(0.05)

    def stop(self) -> None:
        self.daemon.stop()
        self.thread.join(240)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[FileNode]:
    made = FileNode(tmp_path)
    yield made
    made.stop()
    made.state.close()


def test_orders_written_to_files_are_found_by_looking_and_carried_out_once(node: FileNode) -> None:
    node.wait_for(lambda: heartbeats(LdifDirectory(node.files, BASE)))
    for task, finished in (("snapshot", "snapshotted"), ("merge", "merged")):
        node.order(task)
        node.wait_for(lambda finished=finished: node.leaf().mode == finished)
        assert (node.leaf().return_value, node.leaf().owner) == (0, "")
        assert (node.folder / task).exists()
    node.stop()
    assert heartbeats(LdifDirectory(node.files, BASE)) == ()
    assert not any("failed" in line for line in node.said), node.said
