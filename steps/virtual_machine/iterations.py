"""The backups of one machine on disk: which there are, how old, how large, how complete."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from steps.past import age_of
from steps.targets.shell import Shell
from steps.virtual_machine.places import FAMILIES, SetPlace, StoragePlace, set_place
from steps.virtual_machine.safe_names import is_safe_name

SUMS = "SHA256SUMS"
"""The checksum list of a set, as sha256sum writes it."""

MANIFEST = "manifest.json"
"""The last file that our backup writes: with it a set is complete."""
INCOMPLETE = "INCOMPLETE"
"""Lies in the folder of a set from its first file until its manifest is written."""

_NAMED_TIME = re.compile(r"\d{8}T\d{6}Z")


@dataclass(frozen=True, slots=True)
class SetFile:
    """One file of a set: its name with the iteration, bytes by length and on disk."""

    name: str
    size: int
    allocated: int
    modified: float


@dataclass(frozen=True, slots=True)
class Iteration:
    """One iteration of one machine, as its folder shows it."""

    place: SetPlace
    files: tuple[SetFile, ...]

    @property
    def leaf(self) -> str:
        """The iteration's name: an id. The time in it is as named, in no known time zone."""
        return self.place.leaf

    @property
    def size(self) -> int:
        """Bytes on disk of all its files."""
        return sum(file.allocated for file in self.files)

    def has(self, name: str) -> bool:
        """Whether it has the file of that name (without the iteration)."""
        return any(file.name == f"{name}.{self.leaf}" for file in self.files)

    @property
    def small_files_missing(self) -> tuple[str, ...]:
        """Which of state, XML and LDIF are not there."""
        suffixes = ("state", "xml", "ldif")
        return tuple(s for s in suffixes if not self.has(f"{self.place.machine}.{s}"))

    @property
    def is_marked_incomplete(self) -> bool:
        """Whether its backup, or its removal, did not end."""
        return any(file.name == INCOMPLETE for file in self.files)

    @property
    def has_sums(self) -> bool:
        """Whether a checksum list lies beside the files."""
        return any(file.name == SUMS for file in self.files)


def find_iterations(
    shell: Shell, machine: str, backup_root: str, retain_root: str, preferred: StoragePlace | None
) -> tuple[Iteration, ...]:
    """Every iteration of the machine below the backup root, newest name first.

    A machine that moved to another storage pool has iterations in both; where one name is in two
    pools, `preferred` (where the machine is today) wins.
    """
    found: dict[str, Iteration] = {}
    places = [
        storage
        for storage in _storage_places(shell, backup_root)
        if _is_directory(shell, f"{backup_root}/{storage}/{machine}")
    ]
    for storage in sorted(places, key=lambda place: place == preferred):
        for leaf in _folders(shell, f"{backup_root}/{storage}/{machine}"):
            place = set_place(machine, leaf, storage, backup_root, retain_root)
            found[leaf] = Iteration(place, _files(shell, place.backup))
    return tuple(found[leaf] for leaf in sorted(found, reverse=True))


def find_machines(shell: Shell, backup_root: str) -> tuple[tuple[StoragePlace, str], ...]:
    """Every machine that has a folder below the backup root, with where it lay."""
    return tuple(
        (storage, machine)
        for storage in _storage_places(shell, backup_root)
        for machine in _folders(shell, f"{backup_root}/{storage}")
    )


def _storage_places(shell: Shell, backup_root: str) -> tuple[StoragePlace, ...]:
    return tuple(
        StoragePlace(family, pool)
        for family in FAMILIES
        for pool in _folders(shell, f"{backup_root}/{family}")
    )


def _folders(shell: Shell, path: str) -> tuple[str, ...]:
    # A name that is not safe as a path component is not one of ours: it is not looked into.
    if not _is_directory(shell, path):
        return ()
    return tuple(
        name
        for name in shell.list(path)
        if is_safe_name(name) and _is_directory(shell, f"{path}/{name}")
    )


def _is_directory(shell: Shell, path: str) -> bool:
    status = shell.status(path)
    return status is not None and status.kind == "directory"


def _files(shell: Shell, folder: str) -> tuple[SetFile, ...]:
    files = []
    for name in shell.list(folder):
        status = shell.status(f"{folder}/{name}")
        if status is not None and status.kind == "file":
            files.append(SetFile(name, status.size, status.allocated, status.modified))
    return tuple(files)


def named_time(leaf: str) -> datetime | None:
    """The time an iteration's name says, or None. The writer may have meant local time."""
    if not _NAMED_TIME.fullmatch(leaf):
        return None
    try:
        return datetime.strptime(leaf, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def age(leaf: str, now: datetime) -> str:
    """How long ago the iteration's name says, in words; empty where it names no time."""
    moment = named_time(leaf)
    if moment is None:
        return ""
    return "named in the future" if moment > now else age_of(moment, now)


def parse_sums(text: str) -> dict[str, str]:
    """SHA-256 by file name, from lines as sha256sum writes them; other lines are passed over."""
    sums: dict[str, str] = {}
    for line in text.splitlines():
        found = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](.+)", line)
        if found:
            sums[found[2].rsplit("/", 1)[-1]] = found[1].lower()
    return sums


def missing_images(iteration: Iteration, images: Sequence[str]) -> tuple[str, ...]:
    """Image files that the machine's XML names and the iteration does not have."""
    return tuple(image for image in images if not iteration.has(image))
