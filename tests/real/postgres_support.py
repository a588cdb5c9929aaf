"""A PostgreSQL of the tests' own: its own folder, its own socket, no port, no service."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine_schema import schema

ACCOUNT = "postgres"
ERAS = ("3.5", "3.6", "4.5")


def program(name: str) -> str:
    """A program of the newest PostgreSQL that is installed; missing is a failure."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")) or [shutil.which(name)]
    assert found[-1], f"PostgreSQL's {name} is not installed: scripts/packages.sh install test"
    return str(found[-1])


def as_account(command: list[str], **options) -> subprocess.CompletedProcess[bytes]:
    """Run it, not as root: PostgreSQL refuses that."""
    if os.geteuid() == 0:
        options |= {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []}
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(command, capture_output=True, env=environment, cwd="/", **options)
    assert done.returncode == 0, done.stderr.decode()
    return done


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server; databases are made in it by name."""

    folder: Path

    def sql(self, database: str, text: str) -> None:
        self._client("psql", database, "--quiet", "-v", "ON_ERROR_STOP=1", data=text.encode())

    def create(self, database: str, text: str) -> None:
        """A database, filled by this SQL."""
        self.sql("postgres", f'CREATE DATABASE "{database}"')
        self.sql(database, text)

    def dump(self, database: str, *options: str) -> bytes:
        """What pg_dump writes when engine-backup calls it, with more options."""
        fixed = ("--encoding=UTF8", "--disable-dollar-quoting", "--disable-triggers")
        return self._client("pg_dump", database, *fixed, *options)

    def _client(self, name: str, database: str, *options: str, data: bytes = b"") -> bytes:
        where = ["--host", str(self.folder), "--dbname", database]
        return as_account([program(name), *where, *options], input=data).stdout


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """An empty server, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="rk-pg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, ACCOUNT, ACCOUNT)
    control = [program("pg_ctl"), "--pgdata", str(folder / "data"), "--wait"]
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c timezone=UTC"
    try:
        as_account(
            [program("initdb"), "--pgdata", str(folder / "data"), "--auth=trust",
             "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        )  # fmt: skip
        as_account([*control, "--log", str(folder / "log"), "--options", options, "start"])
        try:
            yield Postgres(folder)
        finally:
            as_account([*control, "--mode=immediate", "stop"])
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server with one engine's database of each era: engine-3.5, engine-3.6, engine-4.5."""
    with running_postgres() as server:
        for era in ERAS:
            server.create(f"engine-{era}", schema(era))
        yield server
