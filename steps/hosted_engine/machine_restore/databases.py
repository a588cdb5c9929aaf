"""The databases that engine-backup knows, and where one of them is to go.

Facts: the reference on engine-backup, sections 2.1 and 5.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine.database_places import PORT

LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$.-]{0,62}")
_HOST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}")


@dataclass(frozen=True, slots=True)
class DatabaseKind:
    """One kind of database. `prefix` stands in its options: `--change-PREFIXdb-credentials`.

    `since` is the first version of engine-backup that knows it, `until` the first that does not.
    `name` is what it and its user are called where nobody says otherwise.
    """

    scope: str
    prefix: str
    title: str
    name: str
    since: tuple[int, ...] = (3, 3)
    until: tuple[int, ...] = (9999,)

    def known_by(self, version: tuple[int, ...]) -> bool:
        """Whether that version of engine-backup has its options."""
        return self.since <= version < self.until


KINDS: Final = (
    DatabaseKind("db", "", "Engine database", "engine"),
    DatabaseKind("dwhdb", "dwh-", "Data Warehouse database", "ovirt_engine_history"),
    DatabaseKind("reportsdb", "reports-", "Reports database", "ovirt_engine_reports",
                 (3, 5), (4, 4)),
    DatabaseKind("cinderlibdb", "cinderlib-", "Cinderlib database", "ovirt_cinderlib",
                 (4, 3, 10)),
    DatabaseKind("keycloakdb", "keycloak-", "Keycloak database", "ovirt_engine_keycloak",
                 (4, 5)),
    DatabaseKind("managedblockdb", "managedblock-", "Managed block database",
                 "ovirt_managedblock", (4, 5)),
)  # fmt: skip
"""grafanadb is a file and has no options of its own."""


def kind_of(scope: str) -> DatabaseKind | None:
    """The kind of that scope, or None."""
    return next((kind for kind in KINDS if kind.scope == scope), None)


class Way(StrEnum):
    """How a database comes to be there."""

    AUTOMATIC = "automatic"
    """engine-backup makes it on the engine's machine."""
    MANUAL = "manual"
    """An empty database with its own user is made first, wherever it is to be."""


@dataclass(frozen=True, slots=True)
class DatabasePlace:
    """Where one database is to go. `host` is how the engine reaches it.

    `server` is the name, in the site, of the host whose PostgreSQL is made ready for it; empty:
    somebody else has made it ready, and that is only proved.
    """

    scope: str
    way: Way = Way.AUTOMATIC
    host: str = "localhost"
    port: int = PORT
    name: str = ""
    user: str = ""
    server: str = ""
    secured: bool = False
    """Whether the connection is encrypted by all means."""
    validated: bool = False
    """Whether the server's certificate is checked besides."""
    secret_name: str = ""
    """Its user's password among the secrets of a run; empty: it is called after the user."""

    @property
    def is_local(self) -> bool:
        """Whether it is on the engine's machine."""
        return self.host.lower() in LOCAL_HOSTS

    @property
    def secret(self) -> str:
        """The name of its user's password among the secrets of a run."""
        return self.secret_name or database_secret(self.user)

    def check(self) -> None:
        """Raises InvalidInput for what no database, user or host can be called."""
        kind = kind_of(self.scope)
        title = kind.title if kind else self.scope
        if kind is None:
            raise InvalidInput(f"{self.scope!r} is no scope with a database of its own.")
        for what, value, form in (
            ("host", self.host, _HOST), ("name", self.name, _NAME), ("user", self.user, _NAME),
        ):  # fmt: skip
            if not form.fullmatch(value):
                raise InvalidInput(
                    f"{title}: {value!r} is no {what} that engine-backup takes.",
                    "Letters, digits and _ . - are safe, up to 63 of them; a letter comes first.",
                )
        if self.validated and not self.secured:
            raise InvalidInput(
                f"{title}: a certificate is checked on an encrypted connection only.",
                "Choose an encrypted one, or check nothing.",
            )
        if not 0 < self.port < 65536:
            raise InvalidInput(f"{title}: {self.port} is no port.", f"Usually it is {PORT}.")


def automatic(scope: str) -> DatabasePlace:
    """That database made by engine-backup, under its usual name."""
    kind = kind_of(scope)
    name = kind.name if kind else ""
    return DatabasePlace(scope, Way.AUTOMATIC, "localhost", PORT, name, name)


def manual(
    scope: str,
    *,
    host: str = "localhost",
    port: int = PORT,
    name: str = "",
    user: str = "",
    server: str = "",
    secured: bool = False,
    validated: bool = False,
) -> DatabasePlace:
    """That database in an empty one; its usual name and user where none is given."""
    kind = kind_of(scope)
    usual = kind.name if kind else ""
    return DatabasePlace(
        scope, Way.MANUAL, host, port, name or usual, user or usual, server, secured, validated
    )


def database_secret(user: str) -> str:
    """The name of a database user's password among the secrets of a run."""
    return f"database password {user}"
