"""One machine as a backup finds it, and what is wrong with it. Judging is pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from config.errors import InvalidInput
from config.questions import Finding
from steps.targets.sizes import size_text
from steps.virtual_machine.backup.job import DISK_ONLY, LIVE, PUSH, SAVE, JobDisk
from steps.virtual_machine.backup.method import Fitness
from steps.virtual_machine.backup_plan import BackupPlan
from steps.virtual_machine.places import StoragePlace

OK = "ok"
WARNING = "warning"
ERROR = "error"
HEADROOM = 1.05
MEMORY_HEADROOM = 64 << 20
"""Device state and libvirt's own part of a memory state, over the guest's memory."""


@dataclass(frozen=True, slots=True)
class Space:
    """One folder that a backup needs: whether it is there, bytes free, its file system."""

    path: str
    exists: bool = False
    free: int = 0
    device: int = 0


@dataclass(frozen=True, slots=True)
class OldBackup:
    """One iteration that is there: `short` says what makes it incomplete, or damaged it."""

    leaf: str
    size: int
    storage: StoragePlace
    short: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MachineLook:
    """Everything that was seen. `state` is empty where the hypervisor does not know the machine.

    `trouble` is why it could not be looked at; everything else is then empty.
    """

    machine: str
    title: str
    dn: str
    node: str
    plan: BackupPlan
    storage: StoragePlace
    trouble: str = ""
    state: str = ""
    persistent: bool = False
    managed_save: bool = False
    jobs: tuple[str, ...] = ()
    is_busy: bool = False
    memory: int = 0
    disks: tuple[JobDisk, ...] = ()
    problems: tuple[str, ...] = ()
    """What is wrong with its disks, in words: leftover overlays, a chain that is cut off."""
    held: tuple[str, ...] = ()
    live: Space = Space("")
    retain: Space = Space("")
    backup: Space = Space("")
    ram_disk: Space = Space("")
    owner_missing: str = ""
    at_work: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    retained: tuple[str, ...] = ()
    """Folders of earlier backups that are still in retain."""
    backups: tuple[OldBackup, ...] = ()

    @property
    def fitness(self) -> Fitness:
        """What decides the method."""
        one = self.live.exists and self.retain.exists and self.live.device == self.retain.device
        raw = tuple(disk.target for disk in self.disks if disk.format != "qcow2")
        return Fitness(self.state, self.persistent, one, raw)

    @property
    def image_bytes(self) -> int:
        """Bytes on disk of all images."""
        return sum(disk.allocated for disk in self.disks)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MachineLook:
        """What `to_json` gave; raises InvalidInput for anything else."""
        try:
            return _read(data)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(
                f"The survey of a backup is damaged: {type(error).__name__}: {error}.",
                "Plan the backup anew.",
            ) from error


_LISTS = ("jobs", "problems", "held", "at_work", "leaves", "retained")
_SPACES = ("live", "retain", "backup", "ram_disk")


def _read(data: Mapping[str, Any]) -> MachineLook:
    return MachineLook(
        **{
            **data,
            **{name: tuple(data[name]) for name in _LISTS},
            **{name: Space(**data[name]) for name in _SPACES},
            "storage": StoragePlace(**data["storage"]),
            "disks": tuple(JobDisk(**disk) for disk in data["disks"]),
            "backups": tuple(
                OldBackup(
                    **{
                        **old,
                        "storage": StoragePlace(**old["storage"]),
                        "short": tuple(old["short"]),
                    }
                )
                for old in data["backups"]
            ),
            "plan": BackupPlan.from_json(data["plan"]),
        }
    )


def findings(look: MachineLook, method: str, *, ram_disk: bool) -> tuple[Finding, ...]:
    """What stands against backing it up by that method, or is worth knowing."""
    if look.trouble:
        return (Finding(ERROR, f"{look.title}: {look.trouble}"),)
    found = [*_machine(look), *_disks(look), *_places(look, method), *_room(look, method, ram_disk)]
    if any(finding.level == ERROR for finding in found):
        return tuple(sorted(found, key=lambda finding: finding.level != ERROR))
    words = f"{look.title} is {look.state or 'off'}, {disks_text(len(look.disks))} checked,"
    return (*found, Finding(OK, f"{words} {size_text(look.image_bytes)}: {method}."))


def _machine(look: MachineLook) -> Iterator[Finding]:
    name = look.title
    if not look.state:
        yield Finding(
            ERROR, f"{name} is not known to the hypervisor of {look.node}: it has no XML to keep.",
            "Define it there, or exclude it from the backup.",
        )  # fmt: skip
    if look.managed_save:
        yield Finding(
            ERROR, f"{name} has a managed save: its next start would put old memory on its disks.",
            "Start it, or remove that state: `virsh managedsave-remove`.",
        )  # fmt: skip
    if look.jobs:
        yield Finding(
            ERROR, f"A block job runs on {', '.join(look.jobs)} of {name}.",
            "Wait for it; `virsh blockjob` shows it.",
        )  # fmt: skip
    if look.is_busy:
        yield Finding(ERROR, f"The hypervisor is at work on {name}.", "See `virsh domjobinfo`.")
    for words in look.at_work:
        yield Finding(
            ERROR, f"{name}: {words}.",
            "Where nobody goes on with it: Repair a stuck backup (virtual_machine.repair).",
        )  # fmt: skip
    for words in look.held:
        yield Finding(ERROR, words, "Find it (`fuser -v` on the file) and end it.")


def _disks(look: MachineLook) -> Iterator[Finding]:
    if not look.disks and not look.problems:
        yield Finding(ERROR, f"No disk of {look.title} is known.")
    for problem in look.problems:
        yield Finding(ERROR, f"{look.title}: {problem}", "Put that right first.")
    for folder in look.retained:
        yield Finding(
            WARNING, f"Files of an earlier backup of {look.title} are left in {folder}.",
            "Finish or undo that backup; nothing in there is touched by this one.",
        )  # fmt: skip


def _places(look: MachineLook, method: str) -> Iterator[Finding]:
    for space, what in ((look.retain, "retain"), (look.backup, "backup")):
        if not space.exists:
            yield Finding(
                ERROR, f"The {what} folder {space.path} of {look.title} is not there.",
                "Mount or make it; the backup plan names it.",
            )  # fmt: skip
    if look.owner_missing:
        yield Finding(
            ERROR, f"{look.owner_missing}: the images of {look.title} could not be given to it.",
            "Create it on the node, or correct the backup plan.",
        )  # fmt: skip
    if method in (LIVE, DISK_ONLY) and look.retain.device != look.live.device:
        yield Finding(
            WARNING, f"{look.retain.path} is another file system than the images of {look.title}.",
        )  # fmt: skip


def _room(look: MachineLook, method: str, ram_disk: bool) -> Iterator[Finding]:
    memory = look.memory + MEMORY_HEADROOM if method in (LIVE, SAVE) else 0
    needs: dict[str, float] = {}
    # A pull fills the overlay beside the image with all of it; the others fill retain.
    beside = look.live if method not in (LIVE, DISK_ONLY, PUSH) else look.retain
    _need(needs, beside, look.image_bytes * HEADROOM)
    _need(needs, look.retain, memory * HEADROOM)
    if look.backup.device != look.retain.device:
        _need(needs, look.backup, (look.image_bytes + memory) * HEADROOM)
    for space in (look.live, look.retain, look.backup):
        needed = needs.pop(space.path, 0.0)
        if space.exists and needed > space.free:
            yield _too_small(look, space, needed)
    if ram_disk and method == SAVE and (why := no_ram_disk(look)):
        yield Finding(ERROR, f"{look.title}: {why}.", "Make room on it, or plan the backup anew.")


def no_ram_disk(look: MachineLook) -> str:
    """Why the memory of a machine cannot be saved to its RAM disk; empty where it can."""
    if not look.ram_disk.exists:
        return f"its RAM disk {look.ram_disk.path or '(its plan names none)'} is not there"
    needed = int((look.memory + MEMORY_HEADROOM) * HEADROOM)
    if needed <= look.ram_disk.free:
        return ""
    return (
        f"its RAM disk {look.ram_disk.path} has {size_text(look.ram_disk.free)} free and needs"
        f" {size_text(needed)}"
    )


def disks_text(count: int) -> str:
    """A number of disks in words."""
    return f"{count} disk{'' if count == 1 else 's'}"


def _need(needs: dict[str, float], space: Space, size: float) -> None:
    needs[space.path] = needs.get(space.path, 0.0) + size


def _too_small(look: MachineLook, space: Space, needed: float) -> Finding:
    return Finding(
        ERROR,
        f"{space.path} has {size_text(space.free)} free;"
        f" {look.title} needs {size_text(int(needed))} there.",
        f"Free {size_text(int(needed) - space.free)} on it.",
    )
