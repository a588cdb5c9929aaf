"""A PostgreSQL of our own: its own folder and account, a unix socket, no port, nothing durable."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from config.errors import Interrupted, StepFailed, Unreachable
from steps.hosted_engine.rehearsal.programs import (
    Account,
    Programs,
    environment,
    last_words,
    run,
    unprivileged_account,
)
from steps.hosted_engine.rehearsal.scratch_folder import (
    DATA,
    KEPT_FREE,
    require_room,
    scratch_folder,
)
from steps.hosted_engine.rehearsal.wire import Connection

OWNER: Final = "rekindle"
"""The scratch server's own superuser: no dump names it, and nothing of a dump runs as it."""
LOADER: Final = "rekindle_loader"
"""Who restores: no superuser, so that nothing in a dump reaches the machine's files or programs."""

SMALLEST: Final = 160 << 20
"""Bytes of an empty server with its write-ahead log."""
MEMORY: Final = 2 << 30
"""Bytes that one process of the server may take: twice the largest value that PostgreSQL knows."""
_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 10.0
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "max_connections": "10",
    "shared_buffers": "64MB",
    "maintenance_work_mem": "64MB",
    "max_parallel_maintenance_workers": "0",
    "logging_collector": "off",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}
_LIMITED: Final = ("/bin/sh", "-c", 'ulimit -d "$1" && shift && exec "$@"', "sh")
# Waits for this process to die in any way, then does what it would have done. A server that has
# ended may stay in the process table, where nobody fetches its exit code; it has no program then.
_GUARD: Final = (
    'read -r gone; kill -QUIT "$1" 2>/dev/null; n=0; '
    'while [ -e "/proc/$1/exe" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done; '
    '[ -e "/proc/$1/exe" ] && kill -KILL "$1"; rm -rf -- "$2" || { sleep 1; rm -rf -- "$2"; }'
)


@dataclass(frozen=True, slots=True)
class ScratchServer:
    """A running server; `check` raises where the work is to stop."""

    folder: Path
    programs: Programs
    account: Account
    cancel: threading.Event

    def check(self) -> None:
        """Raises Interrupted, or NoSpaceLeft before the file system is full."""
        if self.cancel.is_set():
            raise Interrupted("The rehearsal was stopped. Its scratch PostgreSQL is gone.")
        require_room(self.folder, KEPT_FREE)

    @contextmanager
    def connected(self, user: str, database: str, **settings: str) -> Iterator[Connection]:
        """A session."""
        socket = str(self.folder / ".s.PGSQL.5432")
        session = Connection(socket, user, database, settings, self.check)
        try:
            yield session
        finally:
            session.close()


@contextmanager
def scratch_server(
    programs: Programs, parent: Path, needed: int, cancel: threading.Event
) -> Iterator[ScratchServer]:
    """An empty server with room for `needed` bytes more; ended and removed at the end.

    Raises NoSpaceLeft, StepFailed where it does not start, Interrupted once `cancel` is set.
    """
    account = unprivileged_account()
    with scratch_folder(parent, account, SMALLEST + KEPT_FREE + needed) as folder:
        data = str(folder / DATA)
        run(
            [programs.path("initdb"), "--pgdata", data, "--username", OWNER, "--auth=trust",
             "--encoding=UTF8", "--locale=C", "--no-sync"],
            account,
            f"It runs as {account.name}: name a folder that this account can reach.",
        )  # fmt: skip
        server = ScratchServer(folder, programs, account, cancel)
        with _running(server, data):
            yield server


@contextmanager
def _running(server: ScratchServer, data: str) -> Iterator[None]:
    settings = _SETTINGS | {"unix_socket_directories": str(server.folder)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (server.folder / "log").open("wb") as log:
        command = [server.programs.path("postgres"), "-D", data, *options]
        child = _started([*_LIMITED, str(MEMORY >> 10), *command], server, log)
    try:
        guard = _started(
            ["/bin/sh", "-c", _GUARD, "sh", str(child.pid), str(server.folder)], server
        )
        try:
            _wait_until_up(server, child)
            yield
        finally:
            # First the guard: it acts as soon as the pipe to it is closed.
            guard.kill()
            guard.wait()
            if guard.stdin is not None:
                guard.stdin.close()
    finally:
        _end(child)


def _started(
    command: list[str], server: ScratchServer, log: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """A child that outlives no terminal of ours; without a log it listens to a pipe of ours."""
    try:
        child: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if log else subprocess.PIPE,
            stdout=log or subprocess.DEVNULL,
            stderr=log or subprocess.DEVNULL,
            env=environment(),
            cwd="/",
            start_new_session=True,
            **server.account.options,  # type: ignore[call-overload]
        )
        return child
    except OSError as error:
        raise StepFailed(f"{command[0]} cannot be run: {error.strerror}.") from error


def _wait_until_up(server: ScratchServer, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        server.check()
        try:
            with server.connected(OWNER, "postgres"):
                return
        except (OSError, Unreachable, StepFailed):
            if child.poll() is not None or time.monotonic() > until:
                said = (server.folder / "log").read_bytes()[-2000:].decode("utf-8", "replace")
                raise StepFailed(
                    f"The scratch PostgreSQL does not start: {last_words(said)}",
                    "Start one by hand with initdb and postgres as that account to see why.",
                ) from None
        time.sleep(0.05)


def _end(child: subprocess.Popen[bytes]) -> None:
    """At once: nothing of it is to be kept."""
    for how in (signal.SIGQUIT, signal.SIGKILL):
        if child.poll() is None:
            child.send_signal(how)
            with suppress(subprocess.TimeoutExpired):
                child.wait(_END_SECONDS)
