"""Where each database of a restore goes, as it is asked and as it was answered. Pure.

The first database that is placed is asked for by `database_...`; the others have questions of
their own, and count as on the same host where those are not asked or not answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine.conditions import Condition
from config.questions import Choice, Given, Kind, Question, Value

PORT: Final = 5432
PLAIN: Final = "no"
ENCRYPTED: Final = "encrypted"
VALIDATED: Final = "validated"
FIRST: Final = "database"


@dataclass(frozen=True, slots=True)
class AskedDatabase:
    """One database by engine-backup's scope. `prefix` begins the names of its answers."""

    scope: str
    prefix: str
    title: str
    usual: str
    """What it and its user are called where nobody says otherwise."""


ENGINE: Final = AskedDatabase("db", FIRST, "engine", "engine")
HISTORY: Final = AskedDatabase("dwhdb", "history", "Data Warehouse", "ovirt_engine_history")
OTHERS: Final = (
    AskedDatabase("reportsdb", "reports", "Reports", "ovirt_engine_reports"),
    AskedDatabase("cinderlibdb", "cinderlib", "Cinderlib", "ovirt_cinderlib"),
    AskedDatabase("keycloakdb", "keycloak", "Keycloak", "ovirt_engine_keycloak"),
    AskedDatabase("managedblockdb", "managedblock", "managed block", "ovirt_managedblock"),
)
ASKED: Final = (ENGINE, HISTORY, *OTHERS)


@dataclass(frozen=True, slots=True)
class AnsweredPlace:
    """Where one database goes, by the answers. `secret` names the answer with its password."""

    host: str
    port: int
    name: str
    user: str
    secret: str
    secured: bool
    validated: bool


def answered_place(given: Given, asked: AskedDatabase) -> AnsweredPlace:
    """The place of that database. What has no answer of its own is that of the first one."""

    def own(what: str) -> Value | None:
        found = given.get(f"{asked.prefix}_{what}")
        return given.get(f"{FIRST}_{what}") if found in (None, "") else found

    port, tls = own("port"), own("tls")
    return AnsweredPlace(
        host=str(own("host") or ""),
        port=port if isinstance(port, int) else PORT,
        name=str(given.get(f"{asked.prefix}_name") or asked.usual),
        user=str(given.get(f"{asked.prefix}_user") or asked.usual),
        secret=f"{asked.prefix}_password",
        secured=tls in (ENCRYPTED, VALIDATED),
        validated=tls == VALIDATED,
    )


def server_questions(
    asked: AskedDatabase, host: Condition, port: Condition
) -> tuple[Question, ...]:
    """Host, port and encryption. `host` and `port`: when the host, and when the rest is asked."""
    first = asked.prefix == FIRST
    whose = "database" if first else f"{asked.title}'s database"
    return (
        Question(
            name=f"{asked.prefix}_host",
            title=f"Host of the {whose}",
            kind=Kind.TEXT,
            why="As the engine's machine reaches it. One that the site names is made ready here.",
            help="localhost is the engine's machine itself. On a host that the site names, roles,"
            " databases, pg_hba.conf, listen_addresses and the firewall are seen to here; on any"
            " other its administrator has done so, and that is proved by a connection.",
            default=None if first else _as_first("host"),
            condition=host,
        ),
        Question(
            name=f"{asked.prefix}_port",
            title=f"Port of the {whose}",
            kind=Kind.NUMBER,
            default=PORT if first else _as_first("port"),
            check=_port,
            condition=port,
        ),
        Question(
            name=f"{asked.prefix}_tls",
            title=f"Encrypted connection to the {whose}",
            kind=Kind.CHOICE,
            why="The engine insists on it from then on; its server must offer it.",
            help="With the certificate checked, it must name the host as it is answered here, and"
            " its CA must stand in ~/.postgresql/root.crt of root on the engine's machine."
            " engine-backup itself makes databases on localhost, port 5432, unencrypted only.",
            choices=(
                Choice(PLAIN, "Not asked for"),
                Choice(ENCRYPTED, "Encrypted", "--db-secured"),
                Choice(VALIDATED, "Encrypted, its certificate checked", "--db-sec-validation"),
            ),
            default=PLAIN if first else _as_first("tls"),
            condition=port,
        ),
    )


def name_questions(asked: AskedDatabase, condition: Condition) -> tuple[Question, ...]:
    """Name, user and password."""
    return (
        Question(
            name=f"{asked.prefix}_name",
            title=f"Name of the {asked.title}'s database",
            kind=Kind.TEXT,
            why=f"It is made empty; usually it is called {asked.usual}.",
            default=asked.usual,
            condition=condition,
        ),
        Question(
            name=f"{asked.prefix}_user",
            title=f"User of the {asked.title}'s database",
            kind=Kind.TEXT,
            default=asked.usual,
            condition=condition,
        ),
        Question(
            name=f"{asked.prefix}_password",
            title="Password of that user",
            kind=Kind.SECRET,
            why="It goes to engine-backup in a file that is removed afterwards, never on a command"
            " line.",
            condition=condition,
        ),
    )


def _as_first(what: str) -> Callable[[Given], Value | None]:
    return lambda given: given.get(f"{FIRST}_{what}")


def _port(value: Value, _given: Given) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65536:
        raise InvalidInput(f"{value!r} is no port.", f"Usually it is {PORT}.")
