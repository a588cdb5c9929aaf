"""What a dump's statements may lack on the scratch server, and are given: its roles, and the
extensions of an engine.

A dump can make the server say anything. So nothing is given to the loader but roles that are made
here and now, and extensions that are named here.
"""

from __future__ import annotations

import re
from typing import Final

from steps.hosted_engine.rehearsal.scratch_server import LOADER, OWNER, ScratchServer
from steps.hosted_engine.rehearsal.wire import ServerError

_NO_ROLE: Final = re.compile(r'role "(.{1,63})" does not exist', re.S)
_NO_EXTENSION: Final = re.compile(r'permission denied to create extension "(uuid-ossp|plpgsql)"')
_MAX_ASKED: Final = 200


class Lacking:
    """Remembers what was given on one server."""

    def __init__(self, server: ScratchServer) -> None:
        self._server = server
        self._roles: list[str] = []
        self._asked: set[tuple[str, str]] = set()

    def provide(self, database: str, error: ServerError) -> bool:
        """Give what the statement lacked; True where it is worth another try."""
        role, extension = _NO_ROLE.fullmatch(error.message), _NO_EXTENSION.fullmatch(error.message)
        if role is not None:
            return self._once(database, f"role {role[1]}") and self._make_role(database, role[1])
        if extension is not None:
            name = extension[1]
            return self._once(database, f"extension {name}") and self._as_owner(
                database, f'CREATE EXTENSION "{name}"'
            )
        return False

    def grant_all(self, database: str) -> None:
        """In a new database the roles that were made before may own what the loader makes."""
        for role in self._roles:
            self._as_owner(database, f"GRANT ALL ON SCHEMA public TO {_quoted(role)}")

    def _once(self, database: str, what: str) -> bool:
        if (database, what) in self._asked or len(self._asked) >= _MAX_ASKED:
            return False
        self._asked.add((database, what))
        return True

    def _make_role(self, database: str, role: str) -> bool:
        """A role that is there already is nobody's to give away."""
        name = _quoted(role)
        if not self._as_owner(database, f"CREATE ROLE {name} NOLOGIN"):
            return False
        self._roles.append(role)
        return self._as_owner(
            database, f"GRANT {name} TO {LOADER}", f"GRANT ALL ON SCHEMA public TO {name}"
        )

    def _as_owner(self, database: str, *statements: str) -> bool:
        with self._server.connected(OWNER, database) as session:
            return all(session.execute(sql.encode()).error is None for sql in statements)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
