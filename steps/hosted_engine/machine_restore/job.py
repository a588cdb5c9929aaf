"""What the restore on the engine's machine will do, as data: its steps all read this. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from config.site import EngineMachine
from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.archive.version import Version
from steps.hosted_engine.machine_restore.databases import DatabasePlace, Way
from steps.hosted_engine.machine_restore.postgres_layout import LAYOUTS, PostgresLayout
from steps.hosted_engine.machine_restore.restore_command import (
    ArchiveHolds,
    Paths,
    RestoreChoice,
    RestoreCommand,
    restore_command,
    restored_places,
)

FENCE_DELAY: Final = 86400
"""Seconds: what oVirt's own deployment raises DisableFenceAtStartupInSec to."""


@dataclass(frozen=True, slots=True)
class MachinePaths:
    """Where the engine keeps things on its machine."""

    settings: Mapping[str, str] = field(
        default_factory=lambda: {
            "db": "/etc/ovirt-engine/engine.conf.d/10-setup-database.conf",
            "dwhdb": "/etc/ovirt-engine-dwh/ovirt-engine-dwhd.conf.d/10-setup-database.conf",
        }
    )
    """By scope, the file that says where its database is; both come with the restored files."""
    set_up_mark: str = "/etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf"
    """There once engine-setup has ended, or once files were restored."""
    temporary: str = "/tmp"  # noqa: S108 - where engine-backup unpacks
    log_folder: str = "/var/log/ovirt-engine"
    service: str = "ovirt-engine"
    history_service: str = "ovirt-engine-dwhd"


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """The archive: on the backup server of that name, or (empty) on the host this runs on."""

    path: str
    server: str = ""
    sha256: str = ""
    """What it must have; empty where nobody has noted it."""


@dataclass(frozen=True, slots=True)
class ExpectedRows:
    """What the restored database must hold, counted in the archive; None where it cannot tell."""

    hosts: int | None = None
    machines: int | None = None

    @classmethod
    def of(cls, inspection: Inspection) -> ExpectedRows:
        """Out of an inspection."""
        hosts, machines = inspection.hosts, inspection.vms
        return cls(
            None if hosts is None else len(hosts), None if machines is None else len(machines)
        )


@dataclass(frozen=True, slots=True)
class MachineRestoreJob:
    """Everything the steps on the engine's machine need to know beforehand.

    `fqdn` is the engine's name in the archive. `installed` is the version that the machine is
    expected to have, for what is shown beforehand: the machine itself is asked before anything is
    done. `fence_delay` None leaves DisableFenceAtStartupInSec alone. `renew_pki` answers
    engine-setup where it offers to renew certificates. `depends_on` names the answers that all of
    this was made from.
    """

    site_name: str
    machine: EngineMachine
    archive: ArchiveSource
    holds: ArchiveHolds
    choice: RestoreChoice
    fqdn: str
    installed: str = ""
    expected: ExpectedRows = ExpectedRows()
    fence_delay: int | None = FENCE_DELAY
    renew_pki: bool = True
    offline: bool = True
    depends_on: tuple[str, ...] = ()
    paths: MachinePaths = field(default_factory=MachinePaths)
    postgres: tuple[PostgresLayout, ...] = LAYOUTS

    @property
    def places(self) -> tuple[DatabasePlace, ...]:
        """Where the databases that are restored go."""
        return restored_places(self.choice, self.holds)

    @property
    def restores_files(self) -> bool:
        """Whether the engine's files are restored too; else those that are there are used."""
        return "files" in self.choice.restored(self.holds)

    @property
    def settings_used(self) -> dict[str, str]:
        """By scope, the files that are there already and say where a restored database is."""
        if self.restores_files:
            return {}
        found = {place.scope: self.paths.settings.get(place.scope) for place in self.places}
        return {scope: path for scope, path in found.items() if path}

    @property
    def manual_places(self) -> tuple[DatabasePlace, ...]:
        """Those of them that are made first."""
        return tuple(place for place in self.places if place.way is Way.MANUAL)

    @property
    def secrets(self) -> dict[str, str]:
        """Names and titles of the secrets that a run needs: one for each database user."""
        return {
            place.secret: f"Password of the database user {place.user}"
            for place in self.manual_places
        }

    @property
    def version(self) -> Version:
        """The version that is expected to be installed. Raises InvalidInput."""
        return Version.parse(self.installed or self.holds.version)

    @property
    def marks_restored(self) -> bool:
        """Whether that version marks a restored database as such (4.1 and later)."""
        return self.version.numbers >= (4, 1)

    def folder(self, run: str) -> str:
        """The folder on the machine for what one run needs there."""
        return posixpath.join(self.machine.work_folder, f"restore-{run}")

    def files(self, run: str) -> Paths:
        """The files of one run on the machine."""
        folder = self.folder(run)
        return Paths(
            archive=posixpath.join(folder, "archive"),
            log=posixpath.join(self.paths.log_folder, f"restore-{run}.log"),
            passfiles={
                place.scope: posixpath.join(folder, f"password-{place.scope}")
                for place in self.manual_places
            },
        )

    def command(self, installed: Version, run: str) -> RestoreCommand:
        """What restores it. Raises Refused or InvalidInput with what stands in the way."""
        return restore_command(self.holds, installed, self.choice, self.files(run))
