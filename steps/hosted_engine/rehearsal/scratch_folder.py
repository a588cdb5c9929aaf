"""The private folder of one scratch PostgreSQL, and those that a rehearsal left behind.

Who rehearses holds a lock in the folder for as long as it lives. A folder of ours whose lock is
free belongs to nobody any more: kill -9 or a power cut ended its rehearsal.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from config.errors import InvalidInput, StepFailed
from steps.hosted_engine.rehearsal.programs import Account
from steps.targets.os_errors import NoSpaceLeft, explaining
from steps.targets.sizes import size_text

PREFIX: Final = "rekindle-rehearsal-"
DEFAULT_PARENT: Final = Path("/var/tmp")  # noqa: S108  (the folder in it is private, and not guessed)
DATA: Final = "data"
KEPT_FREE: Final = 64 << 20
"""Bytes that a rehearsal leaves free where it works."""
_LOCK: Final = "lock"
_YOUNG_SECONDS: Final = 60.0
_LONGEST_SOCKET: Final = 90
_END_SECONDS: Final = 10.0


@contextmanager
def scratch_folder(parent: Path, account: Account, needed: int) -> Iterator[Path]:
    """A new folder for that account alone, mode 0700, removed at the end with all that is in it.

    What dead rehearsals left is removed first. Raises NoSpaceLeft where less than `needed` bytes
    are free there, InvalidInput where it is no folder that can be used.
    """
    remove_leftovers(parent, account)
    with explaining(f"Cannot make a folder in {str(parent)!r}"):
        require_room(parent, needed)
        folder, lock = _made(parent)
    try:
        with explaining(f"Cannot use {str(folder)!r}"):
            if account.uid != os.geteuid():
                os.chown(folder, account.uid, account.gid)
        if len(os.fsencode(folder)) > _LONGEST_SOCKET:
            raise InvalidInput(
                f"The folder {str(parent)!r} has too long a name for PostgreSQL's socket.",
                "Name a folder with a shorter path.",
            )
        yield folder
    finally:
        remove(folder)
        os.close(lock)


def require_room(parent: Path, needed: int) -> None:
    """Raises NoSpaceLeft, OSError."""
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise NoSpaceLeft(
            f"The rehearsal needs about {size_text(needed)} in {str(parent)!r}, and "
            f"{size_text(free)} are free.",
            "Free some space there, or name another folder.",
        )


def _made(parent: Path) -> tuple[Path, int]:
    """The folder, and its lock."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.lexists(folder / _LOCK):
                return folder, lock
        except BlockingIOError:
            pass
        # Another rehearsal looked at it in this very moment, and took it for a leftover.
        os.close(lock)
        remove(folder)


def remove_leftovers(parent: Path, account: Account) -> None:
    """End and remove what dead rehearsals left there; only folders of ours that nobody holds."""
    with suppress(OSError):
        for entry in list(os.scandir(parent)):
            if entry.name.startswith(PREFIX) and _is_ours(entry, account):
                _remove_if_left(Path(entry.path), account)


def _is_ours(entry: os.DirEntry[str], account: Account) -> bool:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    owned = status.st_uid in (os.geteuid(), account.uid)
    return owned and stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700


def _remove_if_left(folder: Path, account: Account) -> None:
    try:
        lock = os.open(folder / _LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        # It is being made, or was left in the moment between its making and its lock.
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _YOUNG_SECONDS:
                remove(folder)
        return
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _end_server(folder, account)
        remove(folder)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def _end_server(folder: Path, account: Account) -> None:
    """End the server that still runs there: the process named in its file, if it is one of ours."""
    try:
        pid = int((folder / DATA / "postmaster.pid").read_bytes().split(b"\n")[0])
    except (OSError, ValueError, IndexError):
        return
    if pid < 2 or not _serves(pid, folder, account):
        return
    with suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            if _serves(pid, folder, account):
                signal.pidfd_send_signal(handle, signal.SIGQUIT)
                _wait_or_kill(handle, pid)
        finally:
            os.close(handle)


def _serves(pid: int, folder: Path, account: Account) -> bool:
    process = Path("/proc") / str(pid)
    try:
        command = (process / "cmdline").read_bytes().split(b"\0")
        owner = process.stat().st_uid
    except OSError:
        return False
    return os.fsencode(folder / DATA) in command and owner == account.uid


def _wait_or_kill(handle: int, pid: int) -> None:
    until = time.monotonic() + _END_SECONDS
    while time.monotonic() < until:
        if not _alive(pid):
            return
        time.sleep(0.05)
    signal.pidfd_send_signal(handle, signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def remove(folder: Path) -> None:
    """Remove all of it; the server's last processes may still be writing. Raises StepFailed."""
    until = time.monotonic() + _END_SECONDS
    while True:
        try:
            shutil.rmtree(folder)
            return
        except FileNotFoundError:
            if not os.path.lexists(folder):
                return
        except OSError as error:
            if time.monotonic() > until:
                raise StepFailed(
                    f"The scratch folder {str(folder)!r} cannot be removed: {error.strerror}.",
                    "It holds a copy of the engine's databases: remove it yourself.",
                ) from error
        time.sleep(0.1)
