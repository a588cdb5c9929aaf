"""Small, durable changes to files of this host: what every writer here is built from."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import stat

from config.errors import InvalidInput, Refused, StepFailed
from steps.targets.os_errors import explaining

_RENAME_NOREPLACE = 1
_AT_FDCWD = -100
_NOT_SUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})


def sync_directory(path: str) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def parent(path: str) -> str:
    """The directory a path's last name is in."""
    return os.path.dirname(path.rstrip("/")) or "/"


def open_regular(path: str) -> int:
    """Open a regular file for reading, without waiting on a FIFO or a device.

    Raises InvalidInput where it is something else, OSError where it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidInput(f"{path!r} is not a regular file.", "Name a file.")
    return descriptor


def write_all(descriptor: int, data: memoryview | bytes, offset: int) -> None:
    """pwrite until nothing is left."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written


def write_atomically(path: str, data: bytes, mode: int) -> None:
    """Temporary file beside it, fsync, rename, fsync of the directory."""
    temporary = os.path.join(parent(path), f".rekindle-{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with explaining(f"Cannot write {path!r}"):
        descriptor = os.open(temporary, flags, 0o600)
        try:
            write_all(descriptor, data, 0)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        finally:
            os.close(descriptor)
        sync_directory(parent(path))


def rename_without_replacing(source: str, target: str) -> None:
    """Rename on one file system; atomic, durable, and never over something that is there.

    Raises Refused where the target exists or lies on another file system.
    """
    with explaining(f"Cannot rename {source!r} to {target!r}"):
        try:
            _rename(source, target)
        except FileExistsError as error:
            raise Refused(
                f"{target!r} exists already; {source!r} was not renamed over it.",
                "Move it aside, then try again.",
            ) from error
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise Refused(
                    f"{source!r} and {target!r} are on different file systems: "
                    "a rename would become a copy.",
                    "Use a directory on the same file system.",
                ) from error
            raise
        sync_directory(parent(target))
        if parent(source) != parent(target):
            sync_directory(parent(source))


def _rename(source: str, target: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    old, new = os.fsencode(source), os.fsencode(target)
    if libc.renameat2(_AT_FDCWD, old, _AT_FDCWD, new, _RENAME_NOREPLACE) == 0:
        return
    code = ctypes.get_errno()
    if code not in _NOT_SUPPORTED:
        raise OSError(code, os.strerror(code), source, None, target)
    _rename_by_link(source, target)


def _rename_by_link(source: str, target: str) -> None:
    """For file systems without RENAME_NOREPLACE (NFS): link(2) never replaces either."""
    if stat.S_ISDIR(os.lstat(source).st_mode):
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        os.rename(source, target)  # at worst this replaces a directory that is empty
        return
    os.link(source, target, follow_symlinks=False)
    os.unlink(source)


def remove_durably(path: str) -> None:
    """Remove a file or an empty directory; nothing there is fine."""
    with explaining(f"Cannot remove {path!r}"):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return
        if stat.S_ISDIR(status.st_mode):
            os.rmdir(path)
        else:
            os.unlink(path)
        sync_directory(parent(path))


def read_range(path: str, limit: int, offset: int) -> bytes:
    """Up to `limit` bytes of a regular file from `offset`."""
    with explaining(f"Cannot read {path!r}"):
        descriptor = open_regular(path)
        try:
            parts: list[bytes] = []
            while limit > 0 and (part := os.pread(descriptor, min(limit, 1 << 20), offset)):
                parts.append(part)
                limit -= len(part)
                offset += len(part)
            return b"".join(parts)
        finally:
            os.close(descriptor)


def read_exactly(descriptor: int, view: memoryview, offset: int, path: str) -> None:
    """Fill `view` from the file; StepFailed where the file ends before that."""
    done = 0
    while done < len(view):
        count = os.preadv(descriptor, [view[done:]], offset + done)
        if count == 0:
            raise StepFailed(
                f"{path!r} became shorter while it was read.",
                "Find out what writes to it, then try again.",
                seen=f"it ends before byte {offset + len(view)}",
            )
        done += count
