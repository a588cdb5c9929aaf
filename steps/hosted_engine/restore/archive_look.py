"""Looking into the archive of the answers: its inspection and checksum, kept for the next look.

An archive on a server is fetched for it into a folder that only we may read, and removed again: it
holds passwords and the authority's key. What is kept of it holds neither.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from config.errors import Interrupted, InvalidInput
from config.paths import cache_folder, private_folder
from steps.hosted_engine.archive.archive_reader import read_archive
from steps.hosted_engine.archive.inspect import inspect_contents
from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.backup.job import RECORD
from steps.hosted_engine.backup.record import Record
from steps.hosted_engine.kept_json import keep, kept_file, read_kept
from steps.hosted_engine.known_from_backup import inventory_from_data, inventory_of
from steps.hosted_engine.known_hosts import Inventory
from steps.hosted_engine.restore.archive_place import ArchivePlace
from steps.procedure import ProbeInput
from steps.targets import Targets
from steps.targets.shell import FileStatus, Shell

READ_ANYWAY: Final = 64 << 20
"""Bytes: a smaller archive is always read itself; of a bigger one its record may tell."""
MOST_RECORD: Final = 64 << 20
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class ArchiveLook:
    """What an archive is. The inspection compares with no host yet."""

    place: ArchivePlace
    size: int
    sha256: str
    inspection: Inspection
    inventory: Inventory | None = None

    def to_data(self) -> dict[str, Any]:
        """What is kept of it."""
        return {
            "sha256": self.sha256,
            "inspection": self.inspection.to_data(),
            "inventory": asdict(self.inventory) if self.inventory else None,
        }

    @classmethod
    def from_data(cls, place: ArchivePlace, size: int, data: Mapping[str, Any]) -> ArchiveLook:
        """It again, out of what was kept."""
        known = data["inventory"]
        return cls(
            place,
            size,
            str(data["sha256"]),
            Inspection.from_data(data["inspection"]),
            inventory_from_data(known) if known else None,
        )


def look_into(
    probe: ProbeInput, *, seconds: float | None = None, cancel: threading.Event | None = None
) -> ArchiveLook:
    """The archive of the answers. Raises InvalidInput where there is none, Interrupted where it
    takes longer than `seconds`."""
    place = ArchivePlace.answered(probe.site, probe.given)
    shell = place.shell(probe.targets)
    status = file_status(shell, place)
    kept = kept_file(
        "inspections", place, status.size, status.modified, status.inode, status.device
    )
    found = _from_kept(place, status, read_kept(kept, _FORMAT))
    if found is None:
        found = _recorded(place, shell, status) or _inspected(
            place, shell, status, seconds, cancel or threading.Event()
        )
        keep(kept, _FORMAT, found.to_data())
    return found


def file_status(shell: Shell, place: ArchivePlace) -> FileStatus:
    """Of the archive; raises InvalidInput where there is no such file."""
    status = shell.status(place.path)
    if status is None or status.kind != "file":
        raise InvalidInput(
            f"There is no archive {place.path} on {place.where}.",
            "Choose one of the list, or correct the path.",
        )
    return status


def _from_kept(
    place: ArchivePlace, status: FileStatus, data: dict[str, Any] | None
) -> ArchiveLook | None:
    try:
        if data is None:
            return None
        return ArchiveLook.from_data(place, status.size, data)
    except (KeyError, TypeError, AttributeError):
        # Whatever lies there is only a cache: it is read anew.
        return None


def _recorded(place: ArchivePlace, shell: Shell, status: FileStatus) -> ArchiveLook | None:
    """What the record beside a big archive says, where the archive is still the one of it."""
    beside = place.path + RECORD
    if status.size < READ_ANYWAY or shell.status(beside) is None:
        return None
    try:
        text = shell.read(beside, limit=MOST_RECORD).decode("utf-8", "replace")
        record = Record.from_text(text)
    except InvalidInput:
        return None
    if record.summary.size != status.size or sha256_of(shell, place.path) != record.summary.sha256:
        return None
    return ArchiveLook(place, status.size, record.summary.sha256, record.inspection)


def _inspected(
    place: ArchivePlace,
    shell: Shell,
    status: FileStatus,
    seconds: float | None,
    cancel: threading.Event,
) -> ArchiveLook:
    clock = threading.Timer(seconds, cancel.set) if seconds is not None else None
    if clock is not None:
        clock.daemon = True
        clock.start()
    try:
        with copy_here(place, shell, cancel) as (path, sha256):
            contents = read_archive(path, cancel=cancel)
            known = inventory_of(contents, str(place)) if contents.complete else None
            return ArchiveLook(place, status.size, sha256, inspect_contents(contents), known)
    finally:
        if clock is not None:
            clock.cancel()


@contextmanager
def copy_here(
    place: ArchivePlace, shell: Shell, cancel: threading.Event
) -> Iterator[tuple[Path, str]]:
    """The archive as a file of this machine, and its SHA-256; a copy is gone afterwards."""
    if not place.server:
        yield Path(place.path), sha256_of(shell, place.path)
        return
    base = private_folder(cache_folder() / "archives")
    with tempfile.TemporaryDirectory(prefix="fetched-", dir=base) as folder:
        path = Path(folder) / "archive"
        sha256 = shell.get(place.path, str(path), lambda _done, _all: _heed(cancel))
        yield path, sha256


def _heed(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise Interrupted("Looking into the archive was stopped.")


def sha256_of(shell: Shell, path: str) -> str:
    """The plain SHA-256 of a file, read from disk."""
    copied = shell.checksum(path, sha256=True)
    return copied.sha256 or copied.root.removeprefix("sha256:")


def current_sha256(targets: Targets, place: ArchivePlace) -> str:
    """The archive's checksum as it is now; raises InvalidInput where it is gone."""
    shell = place.shell(targets)
    file_status(shell, place)
    return sha256_of(shell, place.path)
