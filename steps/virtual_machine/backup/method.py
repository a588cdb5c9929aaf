"""The ways to take a snapshot, behind one interface, and which of them fits a machine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from steps.procedure import Verdict
from steps.virtual_machine.backup.job import DISK_ONLY, LIVE, OFF, PUSH, SAVE, BackupJob, JobDisk
from steps.virtual_machine.backup.work import Work

TITLES = {
    LIVE: "live: memory and disks of one moment while the guest runs on",
    SAVE: "save: the guest is saved, its images set aside, and it goes on from there",
    DISK_ONLY: "disk only: the disks of one moment, no memory",
    PUSH: "push: the hypervisor writes the disks of one moment out, no memory",
    OFF: "off: the images of a machine that is shut off",
}


class Method(ABC):
    """One way: `take` is the snapshot of the machine, `merge` brings one disk back to one image.

    Both go on where an earlier try ended; both leave the machine on its right disks, running
    where it ran, also where they fail.
    """

    name: str

    @abstractmethod
    def commands(self, job: BackupJob) -> Sequence[str]:
        """The snapshot as an operator would type it."""

    @abstractmethod
    def look(self, work: Work) -> Verdict:
        """Whether the snapshot is taken."""

    @abstractmethod
    def take(self, work: Work) -> None:
        """Take it. Raises RekindleError, and then the machine is as it was."""

    @abstractmethod
    def take_back(self, work: Work) -> None:
        """Undo the snapshot: one image a disk at its live path, nothing in retain."""

    @abstractmethod
    def merge_commands(self, job: BackupJob, disk: JobDisk) -> Sequence[str]:
        """The merge of one disk as an operator would type it."""

    @abstractmethod
    def merged(self, work: Work, disk: JobDisk) -> Verdict:
        """Whether the disk is one image again and the set's copy of it stands by itself."""

    @abstractmethod
    def merge(self, work: Work, disk: JobDisk) -> None:
        """Bring the disk back to one image. Raises RekindleError; what is there stays readable."""


def method_of(job: BackupJob) -> Method:
    """The method a job names."""
    from steps.virtual_machine.backup.live import DiskOnly, Live
    from steps.virtual_machine.backup.off import Off
    from steps.virtual_machine.backup.push import Push
    from steps.virtual_machine.backup.save import Save

    methods: dict[str, Method] = {
        method.name: method for method in (Live(), Save(), DiskOnly(), Push(), Off())
    }
    return methods[job.method]


@dataclass(frozen=True, slots=True)
class Fitness:
    """What decides which methods fit a machine."""

    state: str
    persistent: bool
    one_file_system: bool
    raw: tuple[str, ...] = ()
    """Targets of disks whose image is not qcow2."""


def unfit(method: str, machine: Fitness) -> str:
    """Why a method does not fit a machine; empty where it does."""
    reason = _unfit_state(method, machine.state)
    if reason or method not in (OFF, SAVE):
        return reason
    if not machine.one_file_system:
        return "images and retain are on two file systems: moving them would be the downtime"
    if machine.raw:
        return f"{', '.join(machine.raw)} is not qcow2: an overlay in its place would be misread"
    if method == SAVE and not machine.persistent:
        return "it has no persistent definition: saved, it would be unknown to the hypervisor"
    return ""


def _unfit_state(method: str, state: str) -> str:
    if state in ("shut off", "crashed", ""):
        return "" if method == OFF else "the machine is off"
    if method == OFF:
        return f"the machine is {state}"
    if state not in ("running", "paused"):
        return f"the machine is {state}"
    if state == "paused" and method != SAVE:
        return "the machine is paused: its disks cannot be merged without saving it"
    return ""


def best(machine: Fitness) -> tuple[str, str]:
    """The best method for a machine and why it is no better one; no method and why none fits."""
    reasons: list[str] = []
    for method in (OFF, LIVE, SAVE, DISK_ONLY, PUSH):
        reason = unfit(method, machine)
        if not reason:
            return method, ""
        reasons.append(reason)
    own = reasons[:1] if machine.state in ("shut off", "crashed", "") else reasons[1:]
    return "", "; ".join(dict.fromkeys(own))
