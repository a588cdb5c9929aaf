"""The folders Rekindle writes to, and whether locks hold there."""

from __future__ import annotations

import errno
import fcntl
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from config.errors import RekindleError
from config.paths import cache_folder, private_folder, runs_folder, state_folder
from steps.doctor.diagnosis import Diagnosis, concern, fault, fine
from steps.targets.sizes import size_text

MIN_FREE = 100 << 20
REMOTE = ("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "lustre", "afs", "fuse.sshfs", "fuse.s3fs")
"""File systems on which a lock may not hold, or not against another host."""


def examine_folders() -> Iterator[Diagnosis]:
    """State, cache and runs: made where missing, written to, locked."""
    yield _writable("state folder", state_folder())
    yield _writable("cache folder", cache_folder())
    runs = _writable("runs folder", runs_folder())
    yield runs
    if runs.level != "error":
        yield _locks("runs lock", runs_folder())


def _writable(topic: str, folder: Path) -> Diagnosis:
    try:
        with tempfile.TemporaryFile(dir=private_folder(folder)) as file:
            file.write(b"doctor")
            file.flush()
        free = shutil.disk_usage(folder).free
    except RekindleError as error:
        return fault(topic, error.message, error.remedy)
    except OSError as error:
        return fault(topic, f"{folder}: {error.strerror}", "Make room, or set REKINDLE_HOME.")
    if free < MIN_FREE:
        return concern(topic, f"{folder}, only {size_text(free)} free", "Make room there.")
    return fine(topic, f"{folder}, written to, {size_text(free)} free")


def _locks(topic: str, folder: Path) -> Diagnosis:
    remedy = "Set REKINDLE_HOME to a folder on a local disk."
    kind = file_system(folder)
    if kind in REMOTE or kind.startswith("fuse.gluster"):
        return concern(topic, f"{folder} is on {kind}: locks may not hold", remedy)
    try:
        held = _second_lock_is_refused(folder)
    except OSError as error:
        return fault(topic, f"{folder} on {kind}: {error.strerror}", remedy)
    if not held:
        return fault(topic, f"{folder} on {kind}: two can hold one lock", remedy)
    return fine(topic, f"locks hold on {kind}")


def _second_lock_is_refused(folder: Path) -> bool:
    with tempfile.NamedTemporaryFile(dir=folder) as first, open(first.name, "rb") as second:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return True
            raise
    return False


def file_system(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Type of the file system a path is on, for instance ext4; from the kernel's mount table."""
    nearest, kind = "", "an unknown file system"
    with mounts.open(encoding="utf-8", errors="replace") as table:
        for line in table:
            left, _, right = line.partition(" - ")
            point = _unescaped(left.split()[4])
            # Of two mounts on one point the later one covers the earlier.
            if path.resolve().is_relative_to(point) and len(point) >= len(nearest):
                nearest, kind = point, right.split()[0]
    return kind


def _unescaped(point: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)
