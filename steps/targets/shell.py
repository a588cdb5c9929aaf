"""A shell on some host: run, stream, files. Local or over SSH; a step does not know which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all. It may raise Interrupted to stop the work."""


@dataclass(frozen=True, slots=True)
class Completed:
    """What a command left: exit code and output (decoded as UTF-8 with replacement)."""

    command: str
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What stat says. `mode`: permission bits; `kind`: file, directory, link, other."""

    kind: str
    size: int
    allocated: int
    mode: int
    owner: str
    group: str
    device: int
    inode: int
    modified: float


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy proved: bytes of data read, and the chunk tree's root (SHA-256, see copy.py)."""

    size: int
    data: int
    root: str
    sha256: str | None = None
    """Plain SHA-256 of the whole file where it was computed on the way."""


class Shell(Protocol):
    """One host's shell and file system. Paths are absolute; every method raises ours only."""

    @property
    def where(self) -> str:
        """The host, as shown to an operator."""

    def run(
        self,
        command: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout: float = 60.0,
        check: bool = True,
    ) -> Completed:
        """Run it; with check, a non-zero exit raises StepFailed with the end of its stderr."""

    def stream(
        self, command: Sequence[str], on_line: Callable[[str], None], *, timeout: float = 3600.0
    ) -> int:
        """Run it, handing over each line of output as it comes; returns the exit code."""

    def read(self, path: str, *, limit: int = 16 << 20, offset: int = 0) -> bytes:
        """Up to `limit` bytes from `offset`. Raises InvalidInput where the path is no file."""

    def write(self, path: str, data: bytes, *, mode: int = 0o600) -> None:
        """Temporary name, fsync, rename. Replaces what was there atomically."""

    def get(self, remote: str, local: str, progress: Progress | None = None) -> str:
        """Copy a file from that host here; returns its SHA-256, compared at both ends."""

    def put(self, local: str, remote: str, progress: Progress | None = None) -> str:
        """Copy a file from here to that host; returns its SHA-256, compared at both ends."""

    def status(self, path: str) -> FileStatus | None:
        """lstat, or None where there is nothing."""

    def list(self, path: str) -> tuple[str, ...]:
        """Names in a directory, sorted; raises InvalidInput where there is none."""

    def free_space(self, path: str) -> int:
        """Bytes an ordinary user may still write on the file system of the nearest parent."""

    def copy(self, source: str, target: str, progress: Progress | None = None) -> Copied:
        """Copy on that host with checksum, holes kept, temporary name then rename, resumable."""

    def checksum(self, path: str, progress: Progress | None = None) -> Copied:
        """Re-read from disk (not from cache) and return what `copy` would have returned."""

    def rename(self, source: str, target: str) -> None:
        """Rename on one file system; refuses (Refused) to replace an existing target."""

    def remove(self, path: str) -> None:
        """Remove a file or an empty directory; nothing there is fine."""

    def make_directory(self, path: str, *, mode: int = 0o770) -> None:
        """Make it with its parents; an existing one is fine."""

    def set_owner(self, path: str, owner: str, group: str, mode: int) -> None:
        """chown and chmod. Raises InvalidInput where the owner or group does not exist."""

    def has_owner(self, owner: str, group: str) -> str:
        """Empty where both exist on that host, else what is missing."""

    def close(self) -> None:
        """Let go of the connection."""
