"""What a machine shows of a restore: the files, the databases' rows, the mark of a restore."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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

    `tables` by scope: None where the database cannot be asked; `unasked` by scope: why not, where
    it is known how to reach it.
    """

    files: bool | None
    tables: Mapping[str, int | None]
    hosts: int | None = None
    machines: int | None = None
    just_restored: str = ""
    unasked: Mapping[str, str] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        """Whether nothing of a restore is there; what could not be looked into may hold it."""
        return not self.files and not any(self.tables.values()) and not self.unasked

    @property
    def unseen(self) -> tuple[str, ...]:
        """Why not even the tables of a database could be counted."""
        return tuple(why for scope, why in self.unasked.items() if self.tables[scope] is None)

    def missing(self, job: MachineRestoreJob) -> tuple[str, ...]:
        """What a whole restore would show and this does not."""
        scopes, expected = job.choice.restored(job.holds), job.expected
        found = []
        if "files" in scopes and not self.files:
            found.append("the engine's files are not there")
        for scope, tables in self.tables.items():
            if scope in self.unasked:
                found.append(f"the {scope} database cannot be asked: {self.unasked[scope]}")
            elif not tables:
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
        tables = (
            f"{scope}: not seen" if count is None else f"{scope}: {count} tables"
            for scope, count in self.tables.items()
        )
        mark = "marked as just restored" if self.just_restored == "1" else ""
        files = {True: "files are there", False: "no files", None: ""}[self.files]
        words = (files, *tables, rows, mark)
        return ", ".join(word for word in words if word)


def look_at_restored(job: MachineRestoreJob, context: StepContext, shell: Shell) -> RestoredWorld:
    """Look at the machine and its databases. Raises Unreachable."""
    there = shell.status(job.paths.set_up_mark) is not None
    files = there if job.restores_files else None
    tables: dict[str, int | None] = {}
    unasked: dict[str, str] = {}
    rows: _Rows = (None, None, "")
    for place in job.places:
        scope = place.scope
        if scope not in _COUNTED and place.way is not Way.MANUAL:
            continue
        login = _login(job, context, shell, place)
        tables[scope] = None
        try:
            if login is not None:
                tables[scope] = number_in(shell, login, COUNT_TABLES)
                rows = _rows(shell, login) if scope == "db" and tables[scope] else rows
        except StepFailed as failed:
            # Of files that stay, the settings name a database that engine-backup is still to make.
            if job.restores_files or place.way is Way.MANUAL:
                unasked[scope] = failed.message
    return RestoredWorld(files, tables, *rows, unasked=unasked)


_COUNTED: Final = ("db", "dwhdb")
"""The databases whose settings lie in a file of the engine's own. Of the others those are counted
that were made by hand."""


_Rows = tuple[int | None, int | None, str]
"""Hosts, machines, and the mark of a restore."""


def _rows(shell: Shell, engine: DatabaseLogin) -> _Rows:
    hosts, machines = (
        number_in(shell, engine, COUNT_HOSTS),
        number_in(shell, engine, COUNT_MACHINES),
    )
    return hosts, machines, just_restored(shell, engine)


def just_restored(shell: Shell, engine: DatabaseLogin) -> str:
    """The mark in the engine's database; empty where it has none. Raises StepFailed where it
    cannot be asked."""
    rows = query(shell, engine, JUST_RESTORED)
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


def number_in(shell: Shell, login: DatabaseLogin, sql: str) -> int | None:
    """The one number that is asked for. Raises StepFailed where the database cannot be asked."""
    rows = query(shell, login, sql)
    return int(rows[0][0]) if rows and rows[0][0].isdigit() else None
