"""A shell on some host: run, stream, files. Local or over SSH; a step does not know which."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from config.errors import InvalidInput, StepFailed
from steps.targets.lines import last_lines

OUTPUT_LIMIT = 8 << 20
"""Bytes of a command's output that `run` keeps, for each of stdout and stderr."""

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
    """What a copy proved: bytes of data read, and a checksum with its scheme.

    `root` is `sha256-tree-4194304:<hex>` (the chunk tree's root, see chunks.py) from a local shell
    and `sha256:<hex>` from a remote one. Equal roots mean equal content; roots of two schemes
    cannot be compared, so ask one shell for both sides, or use `same_content`.
    """

    size: int
    data: int
    root: str
    sha256: str | None = None
    """Plain SHA-256 of the whole file where it was computed on the way."""

    @property
    def scheme(self) -> str:
        """What `root` is a checksum by."""
        return self.root.partition(":")[0]

    def same_content(self, other: Copied) -> bool:
        """Whether both files hold the same bytes. Raises InvalidInput where that cannot be told:
        no checksum of one kind was taken of both (pass `sha256=True` for one that all can take).
        """
        if self.size != other.size:
            return False
        if self.scheme == other.scheme:
            return self.root == other.root
        if self.sha256 is None or other.sha256 is None:
            raise InvalidInput(
                f"Checksums by {self.scheme} and by {other.scheme} cannot be compared.",
                "Take the plain SHA-256 on both sides.",
            )
        return self.sha256 == other.sha256


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

    def copy(
        self,
        source: str,
        target: str,
        progress: Progress | None = None,
        *,
        sha256: bool = False,
    ) -> Copied:
        """Copy on that host with checksum, holes kept, temporary name then rename, resumable.

        `sha256` asks for the plain digest of the whole file too (slow where it has big holes).
        Raises Refused where the target exists.
        """

    def discard_copy(self, target: str) -> None:
        """Remove what a copy that did not end has left beside `target`; nothing there is fine."""

    def checksum(
        self, path: str, progress: Progress | None = None, *, sha256: bool = False
    ) -> Copied:
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


def checked_result(completed: Completed, where: str) -> Completed:
    """The result itself where the exit code is 0, else StepFailed with what the command said."""
    if completed.code == 0:
        return completed
    program = completed.command.split(" ")[0]
    if completed.code == 127:
        remedy = f"Install what provides {program!r} on {where}."
    else:
        remedy = "Look at what it says, put that right, then try again."
    said = last_lines(completed.err) or last_lines(completed.out) or "it said nothing"
    raise StepFailed(
        f"On {where}, {completed.command[:500]!r} failed with exit code {completed.code}: {said}",
        remedy,
        seen=f"exit code {completed.code}",
        expected="exit code 0",
    )


def nearest_parent(shell: Shell, path: str) -> str:
    """The path itself or the nearest directory above it that exists."""
    while path != "/" and shell.status(path) is None:
        path = posixpath.dirname(path.rstrip("/")) or "/"
    return path
