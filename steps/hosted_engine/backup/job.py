"""What one backup will do, as data: the plan's steps all read this. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.site import BackupServer, EngineHost, EngineMachine
from steps.hosted_engine.backup.engine_backup import backup_command
from steps.hosted_engine.backup.failover import Candidate
from steps.procedure import Step, StepContext
from steps.targets.engine import Engine
from steps.targets.engine_mark import correlation_mark
from steps.targets.shell import Shell

RECORD: Final = ".json"
LOG: Final = ".log"
SUMS: Final = "SHA256SUMS"
"""What lies beside an archive: its record and log under its name, one list for the folder."""
ATTEMPT: Final = "archive.attempt"
"""Remembered: the number of the last start of engine-backup by this run."""
NONE_YET: Final = "0"
"""What is remembered of it where there is none, or where it was taken back."""


@dataclass(frozen=True, slots=True)
class BackupJob:
    """Everything the steps of one backup need to know beforehand.

    `failover` is None for a backup without maintenance. `options` are engine-backup's. `old` and
    `old_here` are the archives that go afterwards, on the server and on the engine's machine.
    `needed` is what an archive is expected to take, in bytes.
    """

    machine: EngineMachine
    server: BackupServer
    failover: Candidate | None
    watchers: tuple[EngineHost, ...]
    file: str
    scopes: tuple[str, ...]
    options: tuple[str, ...]
    needed: int
    wait_seconds: float
    always_activate: bool = False
    keep_copy: bool = False
    rehearse: bool = False
    old: tuple[str, ...] = ()
    old_here: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The archive on the server."""
        return f"{self.server.folder.rstrip('/')}/{self.file}"

    @property
    def kept_folder(self) -> str:
        """Where copies that stay on the engine's machine lie."""
        return f"{self._work}/engine-backups"

    @property
    def log(self) -> str:
        """engine-backup's log on the engine's machine: it stays where the backup fails."""
        return f"{self._work}/engine-backup-logs/{self.file}{LOG}"

    @property
    def has_database(self) -> bool:
        """Whether the archive must hold the engine's database."""
        return bool({"all", "db"} & set(self.scopes))

    @property
    def has_files(self) -> bool:
        """Whether the archive must hold the engine's files."""
        return bool({"all", "files"} & set(self.scopes))

    def folder(self, run: str) -> str:
        """Where a run works on the engine's machine."""
        return f"{self._work}/backup-{run}"

    def archive(self, run: str) -> str:
        """The archive on the engine's machine."""
        return f"{self.folder(run)}/{self.file}"

    def command(self, run: str) -> Sequence[str]:
        """engine-backup with all its options; there is no secret among them."""
        return backup_command(self.archive(run), self.log, self.options)

    @property
    def _work(self) -> str:
        return self.machine.work_folder.rstrip("/")


class BackupStep(Step):
    """What all steps of a backup have in common."""

    def __init__(self, job: BackupJob) -> None:
        self.job = job

    def on_machine(self, context: StepContext) -> Shell:
        """The shell on the engine's machine."""
        return context.targets.shell(self.job.machine.name)

    def on_server(self, context: StepContext) -> Shell:
        """The shell on the backup server."""
        return context.targets.shell(self.job.server.name)

    def engine(self, context: StepContext) -> Engine:
        """The engine; what this run asks of it bears the run's mark in the engine's event log."""
        return context.targets.engine().marked(correlation_mark(run_of(context), self.name))


def run_of(context: StepContext) -> str:
    """The run's name."""
    return context.run_directory.name


def brought_here(context: StepContext, job: BackupJob) -> Path:
    """The archive on this host, for as long as the run needs it: it holds secrets."""
    return context.run_directory / "archive" / job.file


def kept_record(context: StepContext) -> Path:
    """What was found in the archive, as this run keeps it; there is no secret in it."""
    return context.run_directory / "keep" / "engine-backup.json"
