"""What a machine shows of a restore: the files, the databases' rows, the mark of a restore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.machine_restore.database_client import DatabaseLogin, login_there, query
from steps.hosted_engine.machine_restore.databases import DatabasePlace, Way
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.procedure import StepContext
from steps.targets.shell import Shell

COUNT_TABLES: Final = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public';"
COUNT_HOSTS: Final = "SELECT count(*) FROM vds_static;"
COUNT_MACHINES: Final = "SELECT count(*) FROM vm_static WHERE entity_type = 'VM';"
JUST_RESTORED: Final = "SELECT option_value FROM vdc_options WHERE option_name = 'DbJustRestored';"
"""Set by a restore (4.1 and later), taken back by engine-setup."""


@dataclass(frozen=True, slots=True)
class RestoredWorld:
    """What was seen. `files` None: they are not restored, so it says nothing that they are there.

    `tables` by scope: None where the database cannot be asked.
    """

    files: bool | None
    tables: dict[str, int | None]
    hosts: int | None = None
    machines: int | None = None
    just_restored: str = ""

    @property
    def nothing(self) -> bool:
        """Whether nothing of a restore is there."""
        return not self.files and not any(self.tables.values())

    def missing(self, job: MachineRestoreJob) -> tuple[str, ...]:
        """What a whole restore would show and this does not."""
        scopes, expected = job.choice.restored(job.holds), job.expected
        found = []
        if "files" in scopes and not self.files:
            found.append("the engine's files are not there")
        for scope, tables in self.tables.items():
            if not tables:
                word = "cannot be asked" if tables is None else "has no tables"
                found.append(f"the {scope} database {word}")
        if not found and "db" in self.tables:
            for what, seen, wanted in (
                ("hosts", self.hosts, expected.hosts),
                ("machines", self.machines, expected.machines),
            ):
                if wanted is not None and seen != wanted:
                    found.append(f"the database has {seen} {what}, the archive {wanted}")
        if not found and self.just_restored != "1" and "db" in self.tables and job.marks_restored:
            found.append("the database is not marked as just restored")
        return tuple(found)

    @property
    def told(self) -> str:
        """On one line."""
        rows = f"{self.hosts} hosts and {self.machines} machines" if self.hosts is not None else ""
        tables = (f"{scope}: {count} tables" for scope, count in self.tables.items())
        mark = "marked as just restored" if self.just_restored == "1" else ""
        files = {True: "files are there", False: "no files", None: ""}[self.files]
        words = (files, *tables, rows, mark)
        return ", ".join(word for word in words if word)


def look_at_restored(job: MachineRestoreJob, context: StepContext, shell: Shell) -> RestoredWorld:
    """Look at the machine and its databases. Raises Unreachable."""
    there = shell.status(job.paths.set_up_mark) is not None
    files = there if job.restores_files else None
    logins = {place.scope: _login(job, context, shell, place) for place in job.places}
    asked = {s: login for s, login in logins.items() if s in _COUNTED or login is not None}
    tables = {scope: number_in(shell, login, COUNT_TABLES) for scope, login in asked.items()}
    engine = logins.get("db")
    if engine is None or not tables.get("db"):
        return RestoredWorld(files, tables)
    return RestoredWorld(
        files, tables,
        number_in(shell, engine, COUNT_HOSTS), number_in(shell, engine, COUNT_MACHINES),
        just_restored(shell, engine),
    )  # fmt: skip


_COUNTED: Final = ("db", "dwhdb")
"""The databases whose settings lie in a file of the engine's own. Of the others those are counted
that were made by hand."""


def just_restored(shell: Shell, engine: DatabaseLogin) -> str:
    """The mark in the engine's database; empty where it has none or cannot be asked."""
    try:
        rows = query(shell, engine, JUST_RESTORED)
    except StepFailed:
        return ""
    return rows[0][0] if rows else ""


def engine_login(
    job: MachineRestoreJob, context: StepContext, shell: Shell
) -> DatabaseLogin | None:
    """How the engine's own database is asked, or None where nothing tells."""
    place = next((place for place in job.places if place.scope == "db"), None)
    if place is None:
        return login_there(shell, job.paths.settings["db"])
    return _login(job, context, shell, place)


def login_of(job: MachineRestoreJob, context: StepContext, place: DatabasePlace) -> DatabaseLogin:
    """How a database that is made by hand is asked: as the engine will."""
    password = context.secret(place.secret, job.secrets[place.secret])
    return DatabaseLogin(
        place.host, place.port, place.name, place.user, password, place.secured, place.validated
    )


def _login(
    job: MachineRestoreJob, context: StepContext, shell: Shell, place: DatabasePlace
) -> DatabaseLogin | None:
    if place.way is Way.MANUAL:
        return login_of(job, context, place)
    path = job.paths.settings.get(place.scope)
    found = login_there(shell, path) if path else None
    if found is not None and found.password.reveal():
        context.conceal(found.password.reveal())
    return found


def number_in(shell: Shell, login: DatabaseLogin | None, sql: str) -> int | None:
    """What a question for one number is answered with; None where the database cannot be asked."""
    if login is None:
        return None
    try:
        rows = query(shell, login, sql)
    except StepFailed:
        return None
    return int(rows[0][0]) if rows and rows[0][0].isdigit() else None
