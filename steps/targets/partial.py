"""A copy that is not finished: its temporary file, and the record of what is safely in it.

Both lie beside the target, as `.NAME.rekindle-part` and `.NAME.rekindle-done`. The record's first
line names the source by size, time, inode and device and the chunk size; each further line is the
SHA-256 of the next chunk. A chunk is recorded only after an fsync of the temporary file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from config.errors import Refused
from steps.targets.files import (
    parent,
    rename_without_replacing,
    sync_directory,
    write_atomically,
)

_DIGEST_LINE = 65
_LONGEST_NAME = 230
_WRITE_AHEAD = 8 << 20


@dataclass(frozen=True, slots=True)
class SourceIdentity:
    """By what a source is known again. Any write to the file changes it."""

    size: int
    mtime_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, descriptor: int) -> SourceIdentity:
        """Of an open file."""
        status = os.fstat(descriptor)
        return cls(status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev)


def partial_paths(target: str) -> tuple[str, str]:
    """The temporary file and the record of a copy to `target`."""
    name = os.path.basename(target)
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    stem = os.path.join(parent(target), f".{name}.rekindle-")
    return stem + "part", stem + "done"


class Partial:
    """The temporary file of one copy, locked for as long as this is open. Raises OSError."""

    def __init__(self, target: str, source: SourceIdentity, chunk_size: int) -> None:
        self._target = target
        self.path, self._record_path = partial_paths(target)
        self._size = source.size
        self._header = json.dumps({**asdict(source), "chunk_size": chunk_size}).encode() + b"\n"
        self._recorded: int | None = None
        self._writing = 0
        self.descriptor = self._open()

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(self.path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._refuse_foreign(descriptor)
        except BlockingIOError as error:
            os.close(descriptor)
            raise Refused(
                f"Another copy to {self._target!r} is running.", "Wait for it, or stop it."
            ) from error
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _refuse_foreign(self, descriptor: int) -> None:
        """Never write through a name that someone else made, or that has just been renamed."""
        status, named = os.fstat(descriptor), os.lstat(self.path)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
        if not ours or status.st_nlink != 1 or named.st_ino != status.st_ino:
            raise Refused(
                f"{self.path!r} was not made by an earlier copy to {self._target!r}.",
                "Look at it, remove it, then try again.",
            )

    def recorded(self, count: int) -> tuple[bytes, ...]:
        """Digests of the first chunks that an earlier try has made durable, at most `count`."""
        if os.fstat(self.descriptor).st_size != self._size:
            return ()
        try:
            with open(self._record_path, "rb") as record:
                text = record.read(len(self._header) + count * _DIGEST_LINE)
        except FileNotFoundError:
            return ()
        if not text.startswith(self._header):
            return ()
        return tuple(_whole_digests(text[len(self._header) :]))

    def start_after(self, offset: int) -> None:
        """Forget everything from `offset` on: the rest is one hole, to be filled."""
        os.ftruncate(self.descriptor, offset)
        os.ftruncate(self.descriptor, self._size)

    def start_writing(self, end: int) -> None:
        """Let the disk begin with everything before `end`, so that the fsync has little to do."""
        if end - self._writing >= _WRITE_AHEAD:
            length = end - self._writing
            os.posix_fadvise(self.descriptor, self._writing, length, os.POSIX_FADV_DONTNEED)
            self._writing = end

    def record(self, digests: Sequence[bytes]) -> None:
        """fsync the data, then note that all chunks up to here are durable."""
        os.fdatasync(self.descriptor)
        if self._recorded is None:
            write_atomically(self._record_path, self._header + _lines(digests), 0o600)
        else:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            with open(os.open(self._record_path, flags), "wb") as record:
                record.write(_lines(digests[self._recorded :]))
                record.flush()
                os.fdatasync(record.fileno())
        self._recorded = len(digests)

    def take_after(self, source: os.stat_result) -> None:
        """Owner (where we are root), mode and times of the source."""
        if os.geteuid() == 0:
            os.fchown(self.descriptor, source.st_uid, source.st_gid)
        os.fchmod(self.descriptor, stat.S_IMODE(source.st_mode))
        os.utime(self.descriptor, ns=(source.st_atime_ns, source.st_mtime_ns))

    def publish(self) -> None:
        """fsync, then the target's own name; Refused where something has that name."""
        os.fsync(self.descriptor)
        rename_without_replacing(self.path, self._target)
        _unlink(self._record_path)

    def discard(self) -> None:
        """Remove the temporary file and the record."""
        os.ftruncate(self.descriptor, 0)
        _unlink(self.path)
        _unlink(self._record_path)

    def close(self) -> None:
        """Let go of the lock."""
        os.close(self.descriptor)


def discard_partial(target: str) -> None:
    """Remove what an unfinished copy to `target` left; nothing there is fine."""
    left = [path for path in partial_paths(target) if os.path.lexists(path)]
    for path in left:
        _unlink(path)
    if left:
        sync_directory(parent(target))


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def _lines(digests: Sequence[bytes]) -> bytes:
    return b"".join(digest.hex().encode() + b"\n" for digest in digests)


def _whole_digests(text: bytes) -> list[bytes]:
    """Up to the first line that is torn or no digest: a kill may come in the middle of a write."""
    digests: list[bytes] = []
    for start in range(0, len(text) - _DIGEST_LINE + 1, _DIGEST_LINE):
        line = text[start : start + _DIGEST_LINE]
        try:
            digest = bytes.fromhex(line[:-1].decode("ascii"))
        except ValueError:
            break
        if len(digest) != 32 or line[-1:] != b"\n":
            break
        digests.append(digest)
    return digests
