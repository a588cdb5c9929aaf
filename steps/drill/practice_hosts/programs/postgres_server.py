"""PostgreSQL's server on a practice machine: a real one, of the computer that the practice site is
on, with data of the machine's own. It is made by hand there; none is needed for anything else.

Left out: the language that engine-backup wants its messages in.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from steps.drill.practice_hosts.programs.context import Context

SERVICE: Final = "postgresql"
HOME: Final = Path("/var/lib/pgsql")
DATA: Final = HOME / "data"
SOCKETS: Final = Path("/var/run/postgresql")
FOLDERS: Final = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/bin")
"""Where its programs may be: Debian's, those of PostgreSQL's own packages, EL's."""
MISSING: Final = (
    "This practice machine would run the PostgreSQL of the computer that the practice site is on,"
    " and its server is not installed there: install it (Debian: postgresql, EL: postgresql-server)"
    " to practise databases that are made by hand. All other practice does without."
)
_RUNUSER: Final = "/practice/bin/runuser"
_STARTING_SECONDS: Final = "120"
_NUMBER: Final = re.compile(r"\d+")


def program(name: str) -> Path | None:
    """The newest installed program of that name."""
    found = [
        path
        for pattern in FOLDERS
        for path in Path("/").glob(f"{pattern.lstrip('/')}/{name}")
        if os.access(path, os.X_OK) and (path.parent / "initdb").exists()
    ]
    return max(found, key=_version, default=None)


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBER.findall(str(path.parent)))


def is_initialised() -> bool:
    """Whether this machine has a server of its own."""
    return (DATA / "PG_VERSION").exists()


def state() -> str:
    """As systemctl has it: active, activating or inactive."""
    try:
        lines = (DATA / "postmaster.pid").read_text().splitlines()
        command = Path(f"/proc/{lines[0].strip()}/comm").read_text().strip()
    except (OSError, IndexError):
        return "inactive"
    if command not in ("postgres", "postmaster"):
        return "inactive"
    return "active" if len(lines) > 7 and lines[7].strip() == "ready" else "activating"


def postgresql_setup(context: Context, arguments: list[str]) -> int:
    """`postgresql-setup initdb` or `--initdb`: data for a server that has none."""
    if arguments[:1] not in (["initdb"], ["--initdb"]):
        return context.complain("postgresql-setup: only initdb is simulated here")
    initdb = program("initdb")
    if initdb is None:
        return context.complain(MISSING)
    if is_initialised():
        return context.complain(f"ERROR: Data directory {DATA} is not empty!")
    print(f" * Initializing database in '{DATA}'", flush=True)
    _give_folders()
    done = _as_postgres(
        str(initdb), "--pgdata", str(DATA), "--auth-local=peer", "--auth-host=ident",
        "--encoding=UTF8", f"--locale={_locale()}", "--no-sync",
    )  # fmt: skip
    if done.returncode != 0:
        return context.complain(f"ERROR: Initializing database failed: {done.stderr.strip()}")
    print(" * Initialized")
    return 0


def _locale() -> str:
    """The usual one where this computer has it."""
    done = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False)
    return "en_US.UTF-8" if "en_US.utf8" in done.stdout.split() else "C.UTF-8"


def control(action: str) -> str:
    """start, stop or restart it; returns what went wrong."""
    tool = program("pg_ctl")
    if tool is None:
        return MISSING
    if not is_initialised():
        return f'Directory {DATA} is missing or empty. Use "postgresql-setup --initdb".'
    with (HOME / "control.lock").open("w") as lock:
        # One after another: the machine's own start may still be under way.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _control(tool, action)


def _control(tool: Path, action: str) -> str:
    if (action, state()) in (("start", "active"), ("stop", "inactive")):
        return ""
    _give_folders()
    told = [] if action == "stop" else [
        "-l", str(HOME / "startup.log"), "-o",
        f"-c unix_socket_directories={SOCKETS} -c fsync=off",
    ]  # fmt: skip
    fast = [] if action == "start" else ["-m", "fast"]
    done = _as_postgres(
        str(tool), "-D", str(DATA), "-w", "-t", _STARTING_SECONDS, *told, *fast, action
    )
    return (done.stderr + done.stdout).strip() if done.returncode else ""


def practice_boot(context: Context, _arguments: list[str]) -> int:
    """The machine has just started: so does its server, where it is enabled."""
    if not is_initialised() or context.host()["services"].get(SERVICE) != "active":
        return 0
    problem = control("start")
    return context.complain(f"postgresql: {problem}") if problem else 0


def run(context: Context, arguments: list[str]) -> int:
    """createdb, createuser and the like: the real ones."""
    return become(context.program, arguments)


def become(name: str, arguments: Sequence[str]) -> int:
    """Become that program of PostgreSQL's; returns only where there is none."""
    path = program(name)
    if path is None:
        print(f"{name}: {MISSING}", file=sys.stderr)
        return 127
    sys.stdout.flush()
    os.execv(path, [name, *arguments])  # noqa: S606


def _give_folders() -> None:
    for folder, mode in ((HOME, 0o700), (DATA, 0o700), (SOCKETS, 0o755)):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
        subprocess.run(["/bin/chown", "postgres:postgres", str(folder)], capture_output=True,
                       check=False)  # fmt: skip


def _as_postgres(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_RUNUSER, "-u", "postgres", "--", *command], capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, cwd="/",
    )  # fmt: skip
