"""The shell of another host, over SSH."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial

from config.errors import InvalidInput, Refused
from config.secrets import Secret
from config.site import ShellAccess
from steps.targets.accounts import missing_owner
from steps.targets.command_output import completed, streamed
from steps.targets.files import parent
from steps.targets.partial import partial_paths
from steps.targets.quoting import checked_path
from steps.targets.remote_copy import checksum_there, copy_there
from steps.targets.remote_work import RemoteWork
from steps.targets.shell import (
    Completed,
    Copied,
    FileStatus,
    Progress,
    checked_result,
    nearest_parent,
)
from steps.targets.ssh_connection import SshConnection
from steps.targets.ssh_process import run_remote
from steps.targets.ssh_transfer import get_file, put_file

# The size is checked before the rename: a connection that ends early looks like the file's end.
_WRITE = (
    'if [ -d "$2" ] && [ ! -L "$2" ]; then echo ": Is a directory" >&2; exit 1; fi\n'
    "umask 077; trap 'rm -f -- \"$1\"' EXIT\n"
    'cat > "$1" && [ "$(stat --printf=%s -- "$1")" = "$3" ] && chmod -- "$4" "$1" && '
    'sync -- "$1" && mv -fT -- "$1" "$2" && sync -- "$5"'
)


class SshShell:
    """The protocol Shell on another host. Connects when first used, and again when cut off.

    Raises UnknownHostKey or ChangedHostKey (both Refused) before anything is sent to a host that
    is not known to be the right one, Unreachable where it does not answer or gets lost.
    """

    def __init__(self, access: ShellAccess, name: str, secret: Secret | None = None) -> None:
        self._name = name
        self._work = RemoteWork(SshConnection(access, name, secret))

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
        given = (stdin,) if stdin else ()
        carry_out = partial(
            run_remote, self._work.connection, command, stdin=given, timeout=timeout
        )
        found = completed(command, carry_out)
        return checked_result(found, self.where) if check else found

    def stream(
        self, command: Sequence[str], on_line: Callable[[str], None], *, timeout: float = 3600.0
    ) -> int:
        """Run it, handing over each line of output as it comes; returns the exit code."""
        carry_out = partial(run_remote, self._work.connection, command, timeout=timeout)
        return streamed(on_line, carry_out)

    def read(self, path: str, *, limit: int = 16 << 20, offset: int = 0) -> bytes:
        """Up to `limit` bytes from `offset`. Raises InvalidInput where the path is no file."""
        return self._work.files.read(checked_path(path), limit, offset)

    def write(self, path: str, data: bytes, *, mode: int = 0o600) -> None:
        """Temporary name, fsync, rename. Replaces what was there atomically."""
        directory = parent(checked_path(path))
        temporary = f"{directory.rstrip('/')}/.rekindle-{secrets.token_hex(8)}"
        self._work.run(
            _WRITE,
            [temporary, path, str(len(data)), f"{mode:o}", directory],
            f"Cannot write {path!r}",
            stdin=(data,),
        )

    def get(self, remote: str, local: str, progress: Progress | None = None) -> str:
        """Copy a file from that host here; returns its SHA-256, compared at both ends."""
        return get_file(self._work, checked_path(remote), checked_path(local), progress or _silent)

    def put(self, local: str, remote: str, progress: Progress | None = None) -> str:
        """Copy a file from here to that host; returns its SHA-256, compared at both ends."""
        return put_file(self._work, checked_path(local), checked_path(remote), progress or _silent)

    def status(self, path: str) -> FileStatus | None:
        """lstat, or None where there is nothing."""
        found = self._work.files.status(checked_path(path))
        return None if found is None else found.status

    def list(self, path: str) -> tuple[str, ...]:
        """Names in a directory, sorted; raises InvalidInput where there is none."""
        return self._work.files.list(checked_path(path))

    def free_space(self, path: str) -> int:
        """Bytes an ordinary user may still write on the file system of the nearest parent."""
        return self._work.files.free_space(nearest_parent(self, checked_path(path)))

    def copy(
        self,
        source: str,
        target: str,
        progress: Progress | None = None,
        *,
        sha256: bool = True,
    ) -> Copied:
        """Copy on that host with checksum, holes kept, temporary name then rename.

        The plain SHA-256 is always taken; a copy that was stopped starts again (remote_copy.py).
        """
        return copy_there(
            self._work, checked_path(source), checked_path(target), progress or _silent
        )

    def discard_copy(self, target: str) -> None:
        """Remove what a copy that did not end has left beside `target`; nothing there is fine."""
        for left in partial_paths(checked_path(target)):
            self._work.files.remove(left)

    def checksum(
        self, path: str, progress: Progress | None = None, *, sha256: bool = True
    ) -> Copied:
        """Re-read from disk (not from cache) and return what `copy` would have returned."""
        return checksum_there(self._work, checked_path(path), progress or _silent)

    def rename(self, source: str, target: str) -> None:
        """Rename on one file system; refuses (Refused) to replace an existing target."""
        self._work.files.rename(checked_path(source), checked_path(target))

    def remove(self, path: str) -> None:
        """Remove a file or an empty directory; nothing there is fine."""
        self._work.files.remove(checked_path(path))

    def make_directory(self, path: str, *, mode: int = 0o770) -> None:
        """Make it with its parents, each new one with this mode; an existing one is fine."""
        self._work.files.make_directory(checked_path(path).rstrip("/") or "/", mode)

    def set_owner(self, path: str, owner: str, group: str, mode: int) -> None:
        """chown and chmod. Raises InvalidInput where the owner or group does not exist."""
        user = self._work.files.account("passwd", owner)
        members = self._work.files.account("group", group)
        if user is None or members is None:
            raise InvalidInput(
                missing_owner(self.where, user is not None, owner, members is not None, group)
            )
        found = self.status(path)
        if found is not None and found.kind == "link":
            raise Refused(f"{path!r} is a link; its owner is left alone.")
        doing = f"Cannot set the owner of {path!r}"
        self._work.files.run(["chown", "-h", "--", f"{user}:{members}", path], doing)
        self._work.files.run(["chmod", "--", f"{mode:o}", path], doing)

    def has_owner(self, owner: str, group: str) -> str:
        """Empty where both exist on that host, else what is missing."""
        user = self._work.files.account("passwd", owner)
        members = self._work.files.account("group", group)
        return missing_owner(self.where, user is not None, owner, members is not None, group)

    def close(self) -> None:
        """Let go of the connection."""
        self._work.close()


def _silent(_done: int, _total: int) -> None:
    return
