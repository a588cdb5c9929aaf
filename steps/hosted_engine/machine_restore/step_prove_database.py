"""The proof that a database is ready: from the engine's machine, as the engine's own user."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.machine_restore.database_client import query
from steps.hosted_engine.machine_restore.databases import DatabasePlace
from steps.hosted_engine.machine_restore.facts import has_begun
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.machine_step import MachineStep
from steps.hosted_engine.machine_restore.restored_world import login_of
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line

TRIES: Final = 5
_LOOK: Final = """
SELECT current_user, current_database(), pg_encoding_to_char(encoding), count(pg_tables.tablename)
FROM pg_database LEFT JOIN pg_tables ON schemaname = 'public'
WHERE datname = current_database() GROUP BY 1, 2, 3;
"""


class DatabaseProved(MachineStep):
    """Connect to it over the way that the engine will take."""

    def __init__(self, job: MachineRestoreJob, place: DatabasePlace) -> None:
        super().__init__(job)
        self.place = place
        self.name = f"database.prove.{place.scope}"
        self.title = f"Connect to {place.name} as the engine will"
        self.reason = (
            "A role, a rule and an open port are claims; a connection from the engine's machine"
            " with this password proves all of them."
        )

    def commands(self) -> Sequence[str]:
        """The look."""
        place = self.place
        where = ["-h", place.host, "-p", str(place.port), "-U", place.user, "-d", place.name]
        mode = "verify-full" if place.validated else "require"
        secured = (f"export PGSSLMODE={mode}",) if place.secured else ()
        return (*secured, command_line(["psql", *where, "-c", "SELECT current_user"]))

    def verify(self, context: StepContext) -> Verdict:
        """Done where it lets us in and is empty."""
        place = self.place
        login = login_of(self.job, context, place)
        try:
            rows = query(self.shell(context), login, _LOOK)
        except StepFailed as error:
            return not_done(error.message)
        user, name, encoding, tables = (rows or [["", "", "", "0"]])[0]
        if (user, name) != (place.user, place.name):
            return not_done(f"{login.shown} answers as {user or 'nobody'}")
        if encoding != "UTF8":
            return not_done(f"{name} has the encoding {encoding}, not UTF8")
        if int(tables) and not has_begun(context):
            return not_done(f"{name} is not empty: it has {tables} tables")
        how = {"": "", "require": ", encrypted", "verify-full": ", encrypted, certificate checked"}
        return done(f"{login.shown} lets the engine in{how[login.encryption]}")

    def apply(self, context: StepContext) -> None:
        """Try for a little while; raises StepFailed with what the server says."""
        for _try in range(TRIES):
            context.checkpoint()
            seen = self.verify(context)
            if seen.outcome == done("").outcome:
                return
            time.sleep(1.0)
        raise StepFailed(
            f"The engine cannot use {self.place.name}: {seen.evidence}",
            login_of(self.job, context, self.place).remedy,
            seen=seen.evidence,
            expected="an empty database that lets the engine in",
        )
