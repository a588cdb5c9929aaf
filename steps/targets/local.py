"""The shell of this very host."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from functools import partial

from config.errors import InvalidInput, Refused
from steps.targets.accounts import (
    group_name,
    group_number,
    missing_owner,
    owner_name,
    owner_number,
)
from steps.targets.command_output import completed, streamed
from steps.targets.copy import checksum_file, copy_file
from steps.targets.files import (
    parent,
    read_range,
    remove_durably,
    rename_without_replacing,
    sync_directory,
    write_atomically,
)
from steps.targets.os_errors import explaining
from steps.targets.partial import discard_partial
from steps.targets.processes import run_child
from steps.targets.quoting import checked_path
from steps.targets.shell import (
    Completed,
    Copied,
    FileStatus,
    Progress,
    checked_result,
    nearest_parent,
)

_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}


class LocalShell:
    """The protocol Shell on this host: children without any shell, files by system calls."""

    def __init__(self, name: str = "this host") -> None:
        self._name = name

    @property
    def where(self) -> str:
        """The host, as shown to an operator."""
        return self._name

    def run(
        self,
        command: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout: float = 60.0,
        check: bool = True,
    ) -> Completed:
        """Run it; with check, a non-zero exit raises StepFailed with the end of its stderr."""
        carry_out = partial(run_child, command, stdin=stdin, timeout=timeout)
        found = completed(command, carry_out)
        return checked_result(found, self.where) if check else found

    def stream(
        self, command: Sequence[str], on_line: Callable[[str], None], *, timeout: float = 3600.0
    ) -> int:
        """Run it, handing over each line of output as it comes; returns the exit code."""
        return streamed(on_line, partial(run_child, command, stdin=b"", timeout=timeout))

    def read(self, path: str, *, limit: int = 16 << 20, offset: int = 0) -> bytes:
        """Up to `limit` bytes from `offset`. Raises InvalidInput where the path is no file."""
        return read_range(checked_path(path), limit, offset)

    def write(self, path: str, data: bytes, *, mode: int = 0o600) -> None:
        """Temporary name, fsync, rename. Replaces what was there atomically."""
        write_atomically(checked_path(path), data, mode)

    def get(self, remote: str, local: str, progress: Progress | None = None) -> str:
        """Copy a file on this host; returns its SHA-256, read back from the copy."""
        copy_file(remote, local, progress)
        return checksum_file(local, sha256=True).sha256 or ""

    def put(self, local: str, remote: str, progress: Progress | None = None) -> str:
        """Copy a file on this host; returns its SHA-256, read back from the copy."""
        return self.get(local, remote, progress)

    def status(self, path: str) -> FileStatus | None:
        """lstat, or None where there is nothing."""
        with explaining(f"Cannot look at {path!r}"):
            try:
                found = os.lstat(checked_path(path))
            except (FileNotFoundError, NotADirectoryError):
                return None
        return FileStatus(
            kind=_KINDS.get(stat.S_IFMT(found.st_mode), "other"),
            size=found.st_size,
            allocated=found.st_blocks * 512,
            mode=stat.S_IMODE(found.st_mode),
            owner=owner_name(found.st_uid),
            group=group_name(found.st_gid),
            device=found.st_dev,
            inode=found.st_ino,
            modified=found.st_mtime,
        )

    def list(self, path: str) -> tuple[str, ...]:
        """Names in a directory, sorted; raises InvalidInput where there is none."""
        with explaining(f"Cannot list {path!r}"):
            return tuple(sorted(os.listdir(checked_path(path))))

    def free_space(self, path: str) -> int:
        """Bytes an ordinary user may still write on the file system of the nearest parent."""
        with explaining(f"Cannot look at the space for {path!r}"):
            found = os.statvfs(nearest_parent(self, checked_path(path)))
        return found.f_bavail * found.f_frsize

    def copy(
        self,
        source: str,
        target: str,
        progress: Progress | None = None,
        *,
        sha256: bool = False,
    ) -> Copied:
        """Copy with checksum, holes kept, temporary name then rename, resumable (see copy.py)."""
        return copy_file(source, target, progress, sha256=sha256).copied()

    def discard_copy(self, target: str) -> None:
        """Remove what a copy that did not end has left beside `target`; nothing there is fine."""
        with explaining(f"Cannot clean up beside {target!r}"):
            discard_partial(checked_path(target))

    def checksum(
        self, path: str, progress: Progress | None = None, *, sha256: bool = False
    ) -> Copied:
        """Re-read from disk (not from cache) and return what `copy` would have returned."""
        return checksum_file(path, progress, sha256=sha256).copied()

    def rename(self, source: str, target: str) -> None:
        """Rename on one file system; refuses (Refused) to replace an existing target."""
        rename_without_replacing(checked_path(source), checked_path(target))

    def remove(self, path: str) -> None:
        """Remove a file or an empty directory; nothing there is fine."""
        remove_durably(checked_path(path))

    def make_directory(self, path: str, *, mode: int = 0o770) -> None:
        """Make it with its parents, each new one with this mode; an existing one is fine."""
        with explaining(f"Cannot make the directory {path!r}"):
            self._make(checked_path(path).rstrip("/") or "/", mode)

    def _make(self, path: str, mode: int) -> None:
        if os.path.isdir(path):
            return
        if os.path.lexists(path) and not os.path.isdir(path):
            raise InvalidInput(f"{path!r} exists and is not a directory.")
        self._make(parent(path), mode)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            # Another lane was quicker; only who made it gives it its mode.
            self._make(path, mode)
            return
        os.chmod(path, mode)
        sync_directory(parent(path))

    def set_owner(self, path: str, owner: str, group: str, mode: int) -> None:
        """chown and chmod. Raises InvalidInput where the owner or group does not exist."""
        user, members = owner_number(owner), group_number(group)
        if user is None or members is None:
            raise InvalidInput(self.has_owner(owner, group))
        with explaining(f"Cannot set the owner of {path!r}"):
            if os.path.islink(checked_path(path)):
                raise Refused(f"{path!r} is a link; its owner is left alone.")
            os.chown(path, user, members, follow_symlinks=False)
            os.chmod(path, mode)

    def has_owner(self, owner: str, group: str) -> str:
        """Empty where both exist on this host, else what is missing."""
        return missing_owner(
            self.where,
            owner_number(owner) is not None,
            owner,
            group_number(group) is not None,
            group,
        )

    def close(self) -> None:
        """Nothing is held open."""
