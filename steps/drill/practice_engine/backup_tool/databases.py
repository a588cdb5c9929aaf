"""The databases of the machine, as engine-backup meets them: places, credentials, what is in them.

PostgreSQL is simulated, unless it was made by hand (real_databases): who has which database, and
whether it is empty, is in the world.
"""

from __future__ import annotations

from typing import Final

from steps.drill.practice_engine.backup_tool import real_databases
from steps.drill.practice_engine.backup_tool.place import LOCAL, Place
from steps.drill.practice_engine.backup_tool.words import Fatal
from steps.drill.practice_hosts.world import Facts, World

NOT_EMPTY: Final = "database-not-empty"
"""A fault: the engine's database on a new machine holds something already."""
NAMES: Final = {"db": "engine", "dwhdb": "ovirt_engine_history", "cinderlibdb": "ovirt_cinderlib",
                "keycloakdb": "ovirt_engine_keycloak", "managedblockdb": "ovirt_managedblock",
                }  # fmt: skip
TITLES: Final = {"db": "Engine", "dwhdb": "DWH", "cinderlibdb": "Cinderlib",
                 "keycloakdb": "KEYCLOAK", "managedblockdb": "Managedblock"}  # fmt: skip


def server_of(facts: Facts, here: str, place: Place) -> Facts | None:
    """The server whose PostgreSQL that is; None where none answers."""
    servers = facts["servers"]
    found: Facts | None
    if place.host in LOCAL:
        found = servers[here]
    else:
        addresses = facts["dns"].get(place.host.lower(), [place.host])
        found = next((s for s in servers.values() if s["address"] in addresses), None)
    runs = found is not None and found["services"].get("postgresql") == "active"
    return found if runs and place.port == 5432 else None


def connected(facts: Facts, here: str, place: Place) -> Facts:
    """The database, for that user. Raises Fatal where it cannot be opened."""
    if real_databases.has(place):
        return {"content": real_databases.opened(place)}
    server = server_of(facts, here, place)
    found: Facts | None = (server or {}).get("databases", {}).get(place.name)
    known = (server or {}).get("roles", {}).get(place.user)
    if found is None or known is None or known != place.password:
        raise Fatal(f"Can't connect to database '{place.name}'. Please see '/usr/bin/engine-backup"
                    " --help'.")  # fmt: skip
    return found


def strike(world: World, here: str, place: Place) -> None:
    """The fault, in a database of a real server: somebody leaves something there, once."""
    if real_databases.has(place) and world.fault(NOT_EMPTY):
        connected(world.read(), here, place)
        real_databases.leave_something(place)
        with world.change() as facts:
            facts["faults"].pop(NOT_EMPTY, None)


def need_empty(facts: Facts, place: Place, database: Facts) -> None:
    """Raises Fatal where something is in it."""
    struck = facts["faults"].get(NOT_EMPTY) and not real_databases.has(place)
    if database.get("content") or struck:
        raise Fatal(f"Database '{place.name}' is not empty")


def provision(facts: Facts, here: str, place: Place, content: str) -> None:
    """Make user and database. Raises Fatal where they are there already, or not local."""
    if place.host not in LOCAL:
        raise Fatal("Can provision database only in localhost")
    if place.port != 5432 or place.secured:
        raise Fatal("Provisioning is not supported")
    if real_databases.has(place):
        raise Fatal(
            f"Provisioning database '{place.name}' failed, please check the log for details",
            logged="simulated: where PostgreSQL was made by hand, databases are too",
        )
    server = facts["servers"][here]
    there = server["databases"].get(place.name, {}).get("content")
    if there or facts["faults"].get(NOT_EMPTY):
        raise Fatal(f"Existing database '{place.name}' or user '{place.user}' found and temporary"
                    " ones created - Please clean up everything and try again")  # fmt: skip
    server["services"]["postgresql"] = "active"
    server["databases"][place.name] = {"owner": place.user, "content": content}
    server["roles"][place.user] = place.password
