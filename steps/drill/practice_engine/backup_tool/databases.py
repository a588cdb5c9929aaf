"""The databases of the machine, as engine-backup meets them: places, credentials, what is in them.

PostgreSQL is simulated: who has which database, and whether it is empty, is in the world.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from steps.drill.practice_engine.backup_tool.words import Fatal
from steps.drill.practice_hosts.world import Facts

NOT_EMPTY: Final = "database-not-empty"
"""A fault: the engine's database on a new machine holds something already."""
NAMES: Final = {"db": "engine", "dwhdb": "ovirt_engine_history", "cinderlibdb": "ovirt_cinderlib",
                "keycloakdb": "ovirt_engine_keycloak", "managedblockdb": "ovirt_managedblock",
                }  # fmt: skip
TITLES: Final = {"db": "Engine", "dwhdb": "DWH", "cinderlibdb": "Cinderlib",
                 "keycloakdb": "KEYCLOAK", "managedblockdb": "Managedblock"}  # fmt: skip
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_SETTING: Final = re.compile(r'^(?:ENGINE|DWH)_DB_(\w+)="?([^"\n]*)"?$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one database is, and who it belongs to."""

    host: str
    port: int
    name: str
    user: str
    password: str
    secured: bool = False

    @classmethod
    def given(cls, settings: Mapping[str, str]) -> Place:
        """As the options say."""
        return cls(
            settings["host"], int(settings.get("port") or 5432), settings["name"],
            settings["user"], settings["password"],
            settings.get("secured", "") not in ("", "False"),
        )  # fmt: skip

    @classmethod
    def configured(cls, text: str) -> Place:
        """As the engine's own 10-setup-database.conf says."""
        found = dict(_SETTING.findall(text))
        return cls(
            found.get("HOST", "localhost"), int(found.get("PORT") or 5432),
            found.get("DATABASE", "engine"), found.get("USER", "engine"),
            found.get("PASSWORD", ""), found.get("SECURED", "False") == "True",
        )  # fmt: skip


def server_of(facts: Facts, here: str, place: Place) -> Facts | None:
    """The server whose PostgreSQL that is; None where none answers."""
    servers = facts["servers"]
    found: Facts | None
    if place.host in _LOCAL:
        found = servers[here]
    else:
        addresses = facts["dns"].get(place.host.lower(), [place.host])
        found = next((s for s in servers.values() if s["address"] in addresses), None)
    runs = found is not None and found["services"].get("postgresql") == "active"
    return found if runs and place.port == 5432 else None


def connected(facts: Facts, here: str, place: Place) -> Facts:
    """The database, for that user. Raises Fatal where it cannot be opened."""
    server = server_of(facts, here, place)
    found: Facts | None = (server or {}).get("databases", {}).get(place.name)
    known = (server or {}).get("roles", {}).get(place.user)
    if found is None or known is None or known != place.password:
        raise Fatal(f"Can't connect to database '{place.name}'. Please see '/usr/bin/engine-backup"
                    " --help'.")  # fmt: skip
    return found


def need_empty(facts: Facts, place: Place, database: Facts) -> None:
    """Raises Fatal where something is in it."""
    struck = facts["faults"].get(NOT_EMPTY)
    if database.get("content") or struck:
        raise Fatal(f"Database '{place.name}' is not empty")


def provision(facts: Facts, here: str, place: Place, content: str) -> None:
    """Make user and database. Raises Fatal where they are there already, or not local."""
    if place.host not in _LOCAL:
        raise Fatal("Can provision database only in localhost")
    if place.port != 5432 or place.secured:
        raise Fatal("Provisioning is not supported")
    server = facts["servers"][here]
    there = server["databases"].get(place.name, {}).get("content")
    if there or facts["faults"].get(NOT_EMPTY):
        raise Fatal(f"Existing database '{place.name}' or user '{place.user}' found and temporary"
                    " ones created - Please clean up everything and try again")  # fmt: skip
    server["services"]["postgresql"] = "active"
    server["databases"][place.name] = {"owner": place.user, "content": content}
    server["roles"][place.user] = place.password
