"""One machine's backup at work: the job, the targets, and what is remembered of both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from config.errors import StepFailed
from steps.procedure import StepContext
from steps.targets.hypervisor import DomainStatus, Hypervisor
from steps.targets.shell import FileStatus, Shell
from steps.virtual_machine.backup.job import BackupJob, JobDisk
from steps.virtual_machine.domain_xml import drop_chain_ends, parse_domain, to_text
from steps.virtual_machine.set_reader import read_state_header
from steps.virtual_machine.state_file import StateHeader, StateKind
from steps.virtual_machine.xml_facts import XmlDisk, xml_facts

POLL_SECONDS = 0.2
BUSY_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Work:
    """What a method is given."""

    context: StepContext
    job: BackupJob

    @property
    def shell(self) -> Shell:
        """The shell on the machine's node."""
        return self.context.targets.shell(self.job.node)

    @property
    def hypervisor(self) -> Hypervisor:
        """The hypervisor of the machine's node."""
        return self.context.targets.hypervisor(self.job.node)

    def status(self) -> DomainStatus | None:
        """What the hypervisor knows of the machine now."""
        return self.hypervisor.domain(self.job.machine)

    def is_active(self) -> bool:
        """Whether a process runs it."""
        status = self.status()
        return status is not None and status.active

    def remember(self, what: str, value: str) -> None:
        """Journal a fact of this machine and leaf."""
        self.context.remember(self.job.key(what), value)

    def recall(self, what: str) -> str:
        """A fact of this machine and leaf; empty where there is none."""
        return self.context.recall(self.job.key(what)) or ""

    def is_running(self) -> bool:
        """Whether its guest runs now."""
        status = self.status()
        return status is not None and status.state == "running"

    def disk_now(self, disk: JobDisk) -> XmlDisk | None:
        """What the hypervisor says of a disk: of the running machine, else of its definition."""
        if self.status() is None:
            return None
        facts = xml_facts(self.hypervisor.xml(self.job.machine), "the machine's XML")
        return next((found for found in facts.disks if found.target == disk.target), None)

    def remember_file(self, what: str, status: FileStatus) -> None:
        """Remember a file by its inode: after a crash it tells which file is where."""
        self.remember(what, json.dumps([status.inode, status.device]))

    def is_remembered(self, what: str, path: str) -> bool:
        """Whether the file at that path is the one that was remembered."""
        text, status = self.recall(what), self.shell.status(path)
        return (
            bool(text) and status is not None and [status.inode, status.device] == json.loads(text)
        )

    def has_state(self, path: str) -> bool:
        """Whether a whole memory state lies there."""
        header = read_state_header(self.shell, path)
        return isinstance(header, StateHeader) and header.kind is StateKind.REAL

    def state_xml(self, path: str) -> str:
        """The XML of a memory state, fit to be restored with.

        libvirt's probing ends every chain in it with an empty backingStore; with those left in, an
        overlay is opened as if it had no backing file, and what is behind it reads as zeros.
        """
        root = parse_domain(self.hypervisor.state_xml(path), "the XML in the state file")
        drop_chain_ends(root)
        return to_text(root)

    def wait_until_free(self) -> None:
        """Wait for a job that an earlier try may have left in the hypervisor."""
        if self.status() is None:
            return
        self.wait(
            lambda: not self.hypervisor.is_busy(self.job.machine),
            BUSY_SECONDS,
            "Another job of this machine is still running.",
        )

    def wait(self, is_done: Callable[[], bool], limit: float, problem: str) -> None:
        """Poll until it is so. Raises StepFailed after `limit` seconds; 0 is no limit."""
        deadline = time.monotonic() + limit
        while not is_done():
            self.context.checkpoint()
            if limit and time.monotonic() > deadline:
                raise StepFailed(
                    f"{self.job.title}: {problem}",
                    "Look at it on its node, then try again.",
                    seen=f"not after {limit:.0f} s",
                )
            time.sleep(POLL_SECONDS)
