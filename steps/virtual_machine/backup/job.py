"""What one backup of one machine will do, as data. Plain JSON both ways. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from config.errors import InvalidInput
from steps.virtual_machine.backup_plan import BackupPlan, Ownership
from steps.virtual_machine.places import SetPlace, StoragePlace

LIVE = "live"
SAVE = "save"
DISK_ONLY = "disk-only"
PUSH = "push"
OFF = "off"
METHODS = (LIVE, SAVE, DISK_ONLY, PUSH, OFF)


@dataclass(frozen=True, slots=True)
class JobDisk:
    """One disk. Sizes in bytes; `backing` is the golden image it stands on, empty for most."""

    target: str
    live: str
    format: str
    virtual_size: int
    allocated: int
    backing: str = ""
    backing_format: str = ""

    @property
    def image(self) -> str:
        """Its name in the set, without the iteration."""
        return PurePosixPath(self.live).name


@dataclass(frozen=True, slots=True)
class BackupJob:
    """Everything the steps of one machine and one leaf need to know beforehand.

    `was` is the state the machine was found in; `memory` and sizes are bytes, `bandwidth` bytes a
    second (0: unlimited), `merge_limit` seconds (0: none). `ram_disk` is the folder that the memory
    state is saved to first, empty where it goes to retain at once.
    """

    machine: str
    title: str
    node: str
    machine_dn: str
    leaf_dn: str
    place: SetPlace
    plan: BackupPlan
    disks: tuple[JobDisk, ...]
    method: str
    was: str
    domain_known: bool
    memory: int = 0
    ram_disk: str = ""
    bandwidth: int = 0
    merge_limit: float = 0.0
    live_root: str = "/var/virtualization"
    reports_failures: bool = False
    """Whether a failed step writes its return value to the leaf; a daemon does that by itself."""

    @property
    def leaf(self) -> str:
        """The iteration's name."""
        return self.place.leaf

    @property
    def images(self) -> Ownership:
        """Owner and mode of images, by the backup plan."""
        return self.plan.images

    @property
    def directories(self) -> Ownership:
        """Owner and mode of folders, by the backup plan."""
        return self.plan.directories

    @property
    def running(self) -> bool:
        """Whether the guest ran when it was looked at."""
        return self.was == "running"

    @property
    def active(self) -> bool:
        """Whether a process ran it, perhaps paused."""
        return self.was not in ("shut off", "crashed", "")

    @property
    def has_memory(self) -> bool:
        """Whether the set holds a memory state."""
        return self.method in (LIVE, SAVE)

    @property
    def lane(self) -> str:
        """The lane of its steps: the machine as an operator calls it, with the end of its id."""
        return self.machine if self.title == self.machine else f"{self.title} {self.machine[-4:]}"

    def retained(self, name: str) -> str:
        """A file in retain. During a backup it carries no iteration."""
        return f"{self.place.retain}/{name}"

    @property
    def state_name(self) -> str:
        """The memory state's name in the set, without the iteration."""
        return f"{self.machine}.state"

    @property
    def xml_name(self) -> str:
        """The XML's name in the set, without the iteration."""
        return f"{self.machine}.xml"

    @property
    def ldif_name(self) -> str:
        """The directory entries' name in the set, without the iteration."""
        return f"{self.machine}.ldif"

    @property
    def saved_state(self) -> str:
        """Where the memory state is written to at first."""
        if self.ram_disk:
            return f"{self.ram_disk}/{self.machine}.{self.leaf}.state"
        return self.retained(self.state_name)

    def overlay(self, disk: JobDisk) -> str:
        """The overlay beside a live image, for the methods that leave the image in its place."""
        return f"{disk.live}.{self.leaf}.overlay"

    def key(self, what: str) -> str:
        """The name of a fact of this machine and leaf: many share one journal."""
        return f"{what}.{self.machine}.{self.leaf}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BackupJob:
        """What `to_json` gave; raises InvalidInput for anything else."""
        try:
            place = dict(data["place"])
            return cls(
                **{
                    **data,
                    "place": SetPlace(**{**place, "storage": StoragePlace(**place["storage"])}),
                    "plan": BackupPlan.from_json(data["plan"]),
                    "disks": tuple(JobDisk(**disk) for disk in data["disks"]),
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(
                f"This backup job is damaged: {type(error).__name__}: {error}.",
                "Plan the backup anew.",
            ) from error
