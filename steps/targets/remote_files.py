"""The small commands that look at and change another host's files, and what their answers mean.

They need a POSIX shell, GNU coreutils and findutils there.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from config.errors import InvalidInput, Refused, RekindleError
from steps.targets.files import parent
from steps.targets.os_errors import explained
from steps.targets.shell import FileStatus
from steps.targets.ssh_probe import Probed, ProbeShell

_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
_NUMBERS = {os.strerror(number): number for number in errno.errorcode}
_NUMBERS["Directory nonexistent"] = errno.ENOENT  # as dash says it
STAT_FORMAT = "%f %s %b %B %d %i %.9Y %u %g %U %G"

MUST_BE_FILE = (
    '[ -e "$1" ] || { echo ": No such file or directory" >&2; exit 1; }\n'
    '[ -f "$1" ] || { echo ": Invalid argument" >&2; exit 1; }\n'
)
_READ = (
    MUST_BE_FILE
    + 'exec dd if="$1" bs=256K iflag=skip_bytes,count_bytes,fullblock skip="$2" count="$3" '
    "status=none"
)
_LIST = (
    '[ -e "$1" ] || { echo ": No such file or directory" >&2; exit 1; }\n'
    '[ -d "$1" ] || { echo ": Not a directory" >&2; exit 1; }\n'
    "exec find -H \"$1\" -mindepth 1 -maxdepth 1 -printf '%f\\0'"
)
# link(2) never replaces anything; `mv -n` says nothing where it does not move.
_RENAME = (
    'if [ -d "$1" ] && [ ! -L "$1" ]; then\n'
    '  if [ -e "$2" ] || [ -L "$2" ]; then echo ": File exists" >&2; exit 1; fi\n'
    '  mv -nT -- "$1" "$2" && { [ ! -e "$1" ] || { echo ": File exists" >&2; exit 1; }; }\n'
    'else ln -PT -- "$1" "$2" && rm -f -- "$1"; fi && sync -- "$3" "$4"'
)
_REMOVE = (
    'if [ -d "$1" ] && [ ! -L "$1" ]; then rmdir -- "$1"; else rm -f -- "$1"; fi && sync -- "$2"'
)


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    """What stat says there: the shell's view, and what tells two states of one file apart."""

    status: FileStatus
    identity: str


class RemoteFiles:
    """Files of another host, by way of its probe shell. Paths are checked by the caller."""

    def __init__(self, probe: ProbeShell) -> None:
        self._probe = probe

    def run(self, command: Sequence[str], doing: str) -> bytes:
        """Run it; what it says on failure becomes our error, as if the system had said it here."""
        probed = self._probe.run(command)
        if probed.code:
            raise said_error(probed, doing)
        return probed.out

    def script(self, text: str, arguments: Sequence[str], doing: str) -> bytes:
        """The same for a few lines of shell; they see the arguments as $1, $2 ..."""
        return self.run(["/bin/sh", "-c", text, "sh", *arguments], doing)

    def status(self, path: str) -> RemoteStatus | None:
        """lstat, or None where there is nothing."""
        probed = self._probe.run(["stat", f"--printf={STAT_FORMAT}", "--", path])
        if probed.code and said_number(probed.err) in (errno.ENOENT, errno.ENOTDIR):
            return None
        if probed.code:
            raise said_error(probed, f"Cannot look at {path!r}")
        return parse_stat(probed.out.decode("ascii", "replace"))

    def regular(self, path: str, doing: str) -> RemoteStatus:
        """The status of a regular file, links followed. Raises InvalidInput where it is none."""
        text = self.run(["stat", "-L", f"--printf={STAT_FORMAT}", "--", path], doing)
        found = parse_stat(text.decode("ascii", "replace"))
        if found.status.kind != "file":
            raise InvalidInput(f"{path!r} is not a regular file.", "Name a file.")
        return found

    def read(self, path: str, limit: int, offset: int) -> bytes:
        """Up to `limit` bytes of a regular file."""
        return self.script(_READ, [path, str(offset), str(limit)], f"Cannot read {path!r}")

    def list(self, path: str) -> tuple[str, ...]:
        """Names in a directory, sorted."""
        names = self.script(_LIST, [path], f"Cannot list {path!r}").split(b"\0")
        return tuple(sorted(os.fsdecode(name) for name in names if name))

    def free_space(self, path: str) -> int:
        """Bytes an ordinary user may still write on the file system of an existing path."""
        command = ["stat", "-f", "--printf=%a %S", "--", path]
        blocks, size = self.run(command, f"Cannot look at the space for {path!r}").split()
        return int(blocks) * int(size)

    def rename(self, source: str, target: str) -> None:
        """Rename without ever replacing; Refused where the target exists or is too far away."""
        doing = f"Cannot rename {source!r} to {target!r}"
        found, place = self.status(source), self.status(parent(target))
        if found is not None and place is not None and found.status.kind == "directory":
            self._refuse_distance(found, place, source, target)
        self.script(_RENAME, [source, target, parent(target), parent(source)], doing)

    def _refuse_distance(
        self, found: RemoteStatus, place: RemoteStatus, source: str, target: str
    ) -> None:
        if found.status.device != place.status.device:
            raise Refused(
                f"{source!r} and {target!r} are on different file systems: "
                "a rename would become a copy.",
                "Use a directory on the same file system.",
            )

    def remove(self, path: str) -> None:
        """Remove a file or an empty directory; nothing there is fine."""
        if self.status(path) is not None:
            self.script(_REMOVE, [path, parent(path)], f"Cannot remove {path!r}")

    def make_directory(self, path: str, mode: int) -> None:
        """Make it with its parents, each new one with this mode."""
        doing = f"Cannot make the directory {path!r}"
        missing: list[str] = []
        while (found := self._followed(path)) is None:
            missing.append(path)
            path = parent(path)
        if found != "directory":
            raise InvalidInput(f"{path!r} exists and is not a directory.")
        for directory in reversed(missing):
            # Another lane may be quicker.
            make = 'mkdir -m "$1" -- "$2" 2>/dev/null || test -d "$2" || mkdir -m "$1" -- "$2"'
            self.run(["sh", "-c", make, "sh", f"{mode:o}", directory], doing)
            self.run(["sync", "--", parent(directory)], doing)

    def _followed(self, path: str) -> str | None:
        found = self.status(path)
        if found is None or found.status.kind != "link":
            return None if found is None else found.status.kind
        text = self.run(
            ["stat", "-L", f"--printf={STAT_FORMAT}", "--", path], f"Cannot look at {path!r}"
        )
        return parse_stat(text.decode("ascii", "replace")).status.kind

    def account(self, database: str, name: str) -> int | None:
        """The number of a user (`passwd`) or group (`group`); a number stands for itself."""
        probed = self._probe.run(["getent", "--", database, name])
        if probed.code == 0:
            return int(probed.out.split(b":")[2])
        if probed.code == 2:  # getent's word for "no such key"
            return int(name) if name.isascii() and name.isdigit() else None
        raise said_error(probed, f"Cannot look up {name!r}")


def parse_stat(text: str) -> RemoteStatus:
    """Read our own stat format. Raises InvalidInput where it is something else."""
    try:
        raw, size, blocks, unit, device, inode, modified, *owners = text.split(" ")
        uid, gid, user, group = owners
        status = FileStatus(
            kind=_KINDS.get(stat.S_IFMT(int(raw, 16)), "other"),
            size=int(size),
            allocated=int(blocks) * int(unit),
            mode=stat.S_IMODE(int(raw, 16)),
            owner=uid if user == "UNKNOWN" else user,
            group=gid if group == "UNKNOWN" else group,
            device=int(device),
            inode=int(inode),
            modified=float(modified),
        )
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"stat answered {text[:200]!r}, which is not what we asked.") from error
    return RemoteStatus(status, f"{device} {inode} {size} {modified}")


def said_number(text: str) -> int:
    """The errno behind the last line a program printed, 0 where it is none.

    Programs end such a line with the system's own words: `mv: cannot move 'a': File exists`.
    """
    lines = text.strip().splitlines()
    return _NUMBERS.get(lines[-1].rpartition(": ")[2].strip(), 0) if lines else 0


def said_error(probed: Probed, doing: str) -> RekindleError:
    """Our error for a failed command, by what it printed."""
    number = said_number(probed.err)
    lines = probed.err.strip().splitlines()
    said = lines[-1][:500] if lines else f"exit code {probed.code}"
    return explained(OSError(number, os.strerror(number) if number else said), doing)
