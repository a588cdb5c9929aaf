"""A dump into a database of the scratch server: every statement in turn, every error noted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.rehearsal.expected_errors import why_expected, without_data
from steps.hosted_engine.rehearsal.lacking import Lacking
from steps.hosted_engine.rehearsal.rehearsal import RestoreError
from steps.hosted_engine.rehearsal.scratch_server import LOADER, OWNER, ScratchServer
from steps.hosted_engine.rehearsal.sql_script import CopyRows, Statement, script_parts
from steps.hosted_engine.rehearsal.wire import Connection, ServerError

_SETTINGS: Final = {"client_min_messages": "error", "client_encoding": "UTF8"}
_MAX_ERRORS: Final = 200
_AFTER_ROWS: Final = re.compile(rb"ALTER TABLE|CREATE (?:UNIQUE )?(?:INDEX|TRIGGER)")

Later = Callable[[int], None]
"""Called with the number of statements that came after the last rows: indexes, constraints."""


def make_loader(server: ScratchServer) -> None:
    """Who restores; once for a server."""
    with server.connected(OWNER, "postgres") as session:
        _require(session, f"CREATE ROLE {LOADER} LOGIN")


def _make_database(server: ScratchServer, name: str) -> None:
    """An empty database in which the loader may make what it likes."""
    with server.connected(OWNER, "postgres") as session:
        _require(session, f'CREATE DATABASE "{name}" TEMPLATE template0')
        _require(session, f'GRANT ALL ON DATABASE "{name}" TO {LOADER}')
    with server.connected(OWNER, name) as session:
        _require(session, f"ALTER SCHEMA public OWNER TO {LOADER}")


def _require(session: Connection, sql: str) -> None:
    error = session.execute(sql.encode()).error
    if error is not None:
        raise StepFailed(f"The scratch PostgreSQL says: {error.message}.")


class Loading:
    """One dump on its way into one database."""

    def __init__(
        self, server: ScratchServer, database: str, lacking: Lacking, later: Later
    ) -> None:
        self._server, self._database, self._later = server, database, later
        self._lacking = lacking
        self._errors: Counter[tuple[str, str]] = Counter()
        self._after = 0
        self.bytes = 0

    def load(self, pieces: Iterator[bytes]) -> None:
        """Carry out a plain dump. Raises ArchiveFault where it is damaged or runs commands."""
        _make_database(self._server, self._database)
        self._lacking.grant_all(self._database)
        with self._server.connected(LOADER, self._database, **_SETTINGS) as session:
            for part in script_parts(self._counted(pieces)):
                error = self._carry_out(session, part)
                if error is not None:
                    self._note(error)

    @property
    def errors(self) -> tuple[RestoreError, ...]:
        """Everything that went wrong, each once."""
        return tuple(
            RestoreError(message, times, why) for (message, why), times in self._errors.items()
        )

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.bytes += len(piece)
            yield piece

    def _carry_out(self, session: Connection, part: Statement | CopyRows) -> ServerError | None:
        if isinstance(part, CopyRows):
            self._after = 0
            return session.copy_in(part.sql, part.rows)
        if _AFTER_ROWS.match(part.sql):
            self._after += 1
            self._later(self._after)
        error = session.execute(part.sql).error
        while error is not None and self._lacking.provide(self._database, error):
            error = session.execute(part.sql).error
        return error

    def _note(self, error: ServerError) -> None:
        key = (without_data(error), why_expected(error))
        if key in self._errors or len(self._errors) < _MAX_ERRORS:
            self._errors[key] += 1
        else:
            self._errors["(more errors)", ""] += 1
