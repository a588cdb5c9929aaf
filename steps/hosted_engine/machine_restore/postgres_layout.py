"""How PostgreSQL is laid out on the hosts that oVirt's generations run on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PostgresLayout:
    """How one packaging of PostgreSQL is laid out; the program `sign` tells that it is there."""

    title: str
    sign: str
    service: str
    data: str
    initialise: tuple[str, ...]
    client: tuple[str, ...] = ("runuser", "-u", "postgres", "--", "psql")


def _collection(version: str) -> PostgresLayout:
    """The software collection that oVirt 4.2 (9.5) and 4.3 (10) use on EL7."""
    name = f"rh-postgresql{version}"
    enabled = ("scl", "enable", name, "--")
    return PostgresLayout(
        f"PostgreSQL {version} of the software collection",
        f"/opt/rh/{name}/root/usr/bin/postgresql-setup",
        f"{name}-postgresql",
        f"/var/opt/rh/{name}/lib/pgsql/data",
        (*enabled, "postgresql-setup", "--initdb"),
        ("runuser", "-u", "postgres", "--", *enabled, "psql"),
    )


LAYOUTS: Final = (
    _collection("10"),
    _collection("95"),
    PostgresLayout(
        "PostgreSQL", "postgresql-setup", "postgresql", "/var/lib/pgsql/data",
        ("postgresql-setup", "initdb"),
    ),
)  # fmt: skip
"""Where several are there, the first that has data is used, else the first."""
