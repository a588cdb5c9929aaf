"""The PostgreSQL that is installed here: its server's programs, never one from the search path."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from config.errors import StepFailed

_ROOT: Final = Path("/")
_FOLDERS: Final = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/bin")
"""Debian's, those of PostgreSQL's own repository, and EL's."""
_NEEDED: Final = ("initdb", "postgres", "pg_restore")
_ACCOUNTS: Final = ("postgres", "nobody")
_SECONDS: Final = 300


@dataclass(frozen=True)
class Programs:
    """One installed version."""

    folder: Path

    def path(self, name: str) -> str:
        """A program of it."""
        return str(self.folder / name)

    @cached_property
    def version(self) -> str:
        """As the server itself says it, for instance `15.18`. Raises StepFailed."""
        said = run([self.path("postgres"), "--version"])
        found = re.search(r"\d+(?:\.\d+)*", said)
        if found is None:
            raise StepFailed(f"{self.path('postgres')} does not tell its version: {said[:80]!a}.")
        return found[0]

    @property
    def release(self) -> tuple[int, ...]:
        """What makes a release: one number from 10 on, two before."""
        return release_of(self.version)


def release_of(version: str) -> tuple[int, ...]:
    """What makes a release of PostgreSQL: one number from 10 on, two before."""
    numbers = tuple(int(part) for part in version.split(".") if part)
    return numbers[:1] if numbers and numbers[0] >= 10 else numbers[:2]


def installed_programs(root: Path = _ROOT) -> Programs:
    """The newest server that is installed. Raises StepFailed where there is none."""
    found = [
        Programs(folder)
        for pattern in _FOLDERS
        for folder in root.glob(pattern)
        if all((folder / name).is_file() for name in _NEEDED)
    ]
    if not found:
        raise StepFailed(
            "There is no PostgreSQL server on this machine (initdb, postgres, pg_restore).",
            "Install one, not older than the engine's: postgresql on Debian, postgresql-server "
            "and postgresql-contrib on EL. It need not be started.",
        )
    return max(found, key=lambda programs: programs.release)


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server runs as: PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int

    @property
    def options(self) -> dict[str, object]:
        """For subprocess; nothing where we are that account already."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def unprivileged_account() -> Account:
    """Ourselves, or PostgreSQL's own account where we are root. Raises StepFailed."""
    if os.geteuid() != 0:
        return Account("this user", os.geteuid(), os.getegid())
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StepFailed(
        "There is no account that PostgreSQL could run as: it refuses to run as root.",
        "Make the account postgres, or rehearse as another user than root.",
    )


def environment() -> dict[str, str]:
    """All that a program of PostgreSQL gets to know: no setting of a session, no secret."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "PGTZ": "UTC"}


def run(command: list[str], account: Account | None = None, remedy: str = "") -> str:
    """Run one of the programs and return what it says. Raises StepFailed with its last words."""
    options = account.options if account else {}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
            cwd="/",
            timeout=_SECONDS,
            check=False,
            **options,  # type: ignore[call-overload]
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepFailed(f"{command[0]} cannot be run: {error}.") from error
    said = str(done.stdout.decode("utf-8", "replace"))
    if done.returncode != 0:
        raise StepFailed(f"{command[0]} failed: {last_words(said)}", remedy)
    return said


def last_words(said: str) -> str:
    """The last lines that a program said, as one."""
    return "; ".join(line.strip() for line in said.strip().splitlines()[-3:])[:300] or "no word"
