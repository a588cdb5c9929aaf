"""The effective backup plan of one machine: directories, owner, mode, image format. Pure.

Looked for on the machine, then on its pool, then globally. The first entry that carries
sstVirtualizationBackupObjectClass wins whole: nothing is inherited attribute by attribute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from config.backup_settings import ACCOUNT, PERMISSION
from config.errors import InvalidInput
from config.site import MachineStorage
from steps.targets.directory import Entry
from steps.targets.directory_names import child
from steps.virtual_machine.safe_names import safe_path

PLAN_CLASS = "sstVirtualizationBackupObjectClass"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Owner, group and permission bits of a file or directory."""

    owner: str
    group: str
    mode: int

    def __str__(self) -> str:
        return f"{self.owner}:{self.group} {self.mode:o}"


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What decides where the files of a machine's backups lie and whose they are.

    `origin` is the DN the plan was read from, empty where nothing but defaults applied.
    `assumed` names the attributes that the plan leaves out and a default stands in for.
    """

    origin: str
    backup_root: str
    retain_root: str
    images: Ownership
    directories: Ownership
    image_format: str
    force_start: bool
    assumed: tuple[str, ...] = ()
    ram_disk: str = ""
    iterations: int = 1
    bandwidth: int = 0
    """Bytes a second for the merge, 0 for no limit."""
    excluded: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BackupPlan:
        """What `asdict` gave. Raises KeyError or TypeError for anything else."""
        return cls(
            **{
                **data,
                "images": Ownership(**data["images"]),
                "directories": Ownership(**data["directories"]),
                "assumed": tuple(data["assumed"]),
            }
        )


def plan_places(machine_dn: str, pool: str, services: str) -> tuple[str, ...]:
    """DNs to look at, in order. `services` is ou=virtualization,ou=services,<base>."""
    pools = f"ou=virtual machine pools,{services}"
    own = (f"ou=backup,{machine_dn}",) if machine_dn else ()
    pooled = (f"ou=backup,{child('sstVirtualMachinePool', pool, pools)}",) if pool else ()
    return (*own, *pooled, f"ou=backup,ou=configuration,{services}")


def effective_plan(candidates: Sequence[Entry | None], storage: MachineStorage) -> BackupPlan:
    """The first candidate that is a plan, whole; the documented defaults fill what it leaves out.

    Raises InvalidInput where a value cannot be used, naming entry and attribute.
    """
    return _Reader(winning_plan(candidates), storage).plan()


def winning_plan(candidates: Sequence[Entry | None]) -> Entry | None:
    """The first candidate that is a plan; it counts whole."""
    return next((entry for entry in candidates if entry is not None and is_plan(entry)), None)


def is_plan(entry: Entry) -> bool:
    """Whether the entry carries the class of backup plans."""
    classes = {value.decode("utf-8", "replace").lower() for value in entry.values("objectClass")}
    return PLAN_CLASS.lower() in classes


class _Reader:
    """Reads one plan entry and notes which defaults it had to use."""

    def __init__(self, entry: Entry | None, storage: MachineStorage) -> None:
        self._entry = entry
        self._storage = storage
        self._assumed: list[str] = []

    def plan(self) -> BackupPlan:
        images = self._ownership("sstVirtualizationDiskImage", "660")
        directories = self._ownership("sstVirtualizationDiskImageDirectory", "770")
        start = self._text("sstVirtualizationVirtualMachineForceStart", "FALSE")
        return BackupPlan(
            origin=self._entry.dn if self._entry else "",
            backup_root=self._folder("sstBackupRootDirectory", self._storage.backup_root),
            retain_root=self._folder("sstBackupRetainDirectory", self._storage.retain_root),
            images=images,
            directories=directories,
            image_format=self._text("sstVirtualizationDiskImageFormat", "qcow2"),
            force_start=start.upper() == "TRUE",
            ram_disk=self._ram_disk(),
            iterations=max(self._number("sstBackupNumberOfIterations", 1), 1),
            bandwidth=self._number("sstVirtualizationBandwidthMerge", 0) << 20,
            excluded=self._flag("sstBackupExcludeFromBackup"),
            assumed=tuple(self._assumed),
        )

    def _ram_disk(self) -> str:
        """Empty where the plan names none: a folder that is assumed is not worth a downtime."""
        named = self._entry is not None and self._entry.values("sstBackupRamDiskLocation")
        return self._folder("sstBackupRamDiskLocation", "/") if named else ""

    def _flag(self, attribute: str) -> bool:
        value = self._entry.text(attribute) if self._entry else None
        return value is not None and value.strip().upper() == "TRUE"

    def _number(self, attribute: str, default: int) -> int:
        value = self._text(attribute, str(default))
        if not value.isascii() or not value.isdigit() or len(value) > 9:
            raise self._bad(attribute, value, "Write a whole number.")
        return int(value)

    def _text(self, attribute: str, default: str) -> str:
        value = self._entry.text(attribute) if self._entry else None
        if value is None:
            self._assumed.append(attribute)
        return default if value is None else value.strip()

    def _folder(self, attribute: str, default: str) -> str:
        value = self._text(attribute, f"file://{default}")
        parts = urlsplit(value)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
            raise self._bad(attribute, value, "Only file:///absolute/path is supported.")
        return safe_path(unquote(parts.path), attribute)

    def _ownership(self, prefix: str, mode: str) -> Ownership:
        owner = self._account(f"{prefix}Owner", "root")
        group = self._account(f"{prefix}Group", "vm-storage")
        permission = self._text(f"{prefix}Permission", mode)
        if not PERMISSION.fullmatch(permission):
            remedy = "Write three octal digits, for instance 660."
            raise self._bad(f"{prefix}Permission", permission, remedy)
        return Ownership(owner, group, int(permission, 8))

    def _account(self, attribute: str, default: str) -> str:
        value = self._text(attribute, default)
        if not ACCOUNT.fullmatch(value):
            raise self._bad(attribute, value, "Write the name of a user or group.")
        return value

    def _bad(self, attribute: str, value: str, remedy: str) -> InvalidInput:
        place = self._entry.dn if self._entry else "the site file"
        return InvalidInput(f"{attribute} is {value!r} in {place}.", remedy)
