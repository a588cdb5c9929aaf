"""The one command that restores an archive: from what it holds, what is installed, and a choice.

Pure. Everything that engine-backup would find out too late (some of it after files under /etc were
overwritten) is refused here, before anything is touched. Facts: the reference, sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from config.errors import InvalidInput, Refused
from config.interviews.hosted_engine.database_places import PORT
from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.archive.problems import NO_DATABASE
from steps.hosted_engine.archive.version import Numbers, Version, version_problem
from steps.hosted_engine.machine_restore.databases import (
    KINDS,
    LOCAL_HOSTS,
    DatabaseKind,
    DatabasePlace,
    Way,
    kind_of,
)

FIRST_WITH_PERMISSIONS: Final[Numbers] = (3, 6, 3)
FIRST_WITH_ALL_DATABASES: Final[Numbers] = (4, 1)
RESTORE: Final = "--restore-permissions"
LEAVE: Final = "--no-restore-permissions"
_USUAL_PAIR: Final = frozenset({"db", "dwhdb"})


class Permissions(StrEnum):
    """What becomes of the permissions that the dumps hold."""

    AS_FITS = "as-fits"
    RESTORE = "restore"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the archive says that a database was; None is not known."""

    host: str | None = None
    port: int | None = None
    secured: bool | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class ArchiveHolds:
    """What of an archive decides how it is restored. `databases` by scope."""

    version: str
    scopes: tuple[str, ...]
    databases: Mapping[str, DatabaseSettings] = field(default_factory=dict)
    fit: bool = True
    problem: str = ""

    @classmethod
    def of(cls, inspection: Inspection, *, without_engine: bool = False) -> ArchiveHolds:
        """Out of an inspection. `without_engine`: nobody misses the engine's database in it."""
        places = (inspection.database(kind.scope) for kind in KINDS)
        missed = {NO_DATABASE} if without_engine else set()
        blocking = next((p for p in inspection.problems if p.blocks and p.code not in missed), None)
        return cls(
            version=inspection.version or "",
            scopes=inspection.scopes,
            databases={
                place.scope: DatabaseSettings(place.host, place.port, place.secured, place.user)
                for place in places
                if place.host or place.is_told
            },
            fit=blocking is None,
            problem=blocking.message if blocking else "",
        )


@dataclass(frozen=True, slots=True)
class RestoreChoice:
    """What the operator wants restored, and where each database goes.

    `scopes` empty: everything that the archive holds.
    """

    places: tuple[DatabasePlace, ...] = ()
    scopes: tuple[str, ...] = ()
    permissions: Permissions = Permissions.AS_FITS

    def restored(self, holds: ArchiveHolds) -> tuple[str, ...]:
        """The scopes that are restored."""
        return self.scopes or holds.scopes


@dataclass(frozen=True, slots=True)
class Paths:
    """Files on the engine's machine: archive, log, and by scope each database's password file."""

    archive: str
    log: str
    passfiles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RestoreCommand:
    """The command, and why it has the permissions flag that it has."""

    command: tuple[str, ...]
    permissions: str
    reason: str


def restore_command(
    holds: ArchiveHolds,
    installed: Version,
    choice: RestoreChoice,
    paths: Paths,
    program: tuple[str, ...] = ("engine-backup",),
) -> RestoreCommand:
    """The command. Raises Refused or InvalidInput where engine-backup would fail or do harm."""
    refuse(holds, installed, choice, paths)
    permissions, reason = permissions_flag(choice, restored_places(choice, holds))
    command = (
        *program,
        "--mode=restore",
        *(f"--scope={scope}" for scope in choice.scopes or ("all",)),
        f"--file={paths.archive}",
        f"--log={paths.log}",
        *_database_options(choice, holds, installed, paths),
        permissions,
    )
    return RestoreCommand(command, permissions, reason)


def restored_places(choice: RestoreChoice, holds: ArchiveHolds) -> tuple[DatabasePlace, ...]:
    """The places of the databases that are restored, in engine-backup's order."""
    wanted = [scope for scope in choice.restored(holds) if kind_of(scope) is not None]
    found = {place.scope: place for place in choice.places}
    return tuple(found[scope] for scope in wanted if scope in found)


def permissions_flag(choice: RestoreChoice, places: tuple[DatabasePlace, ...]) -> tuple[str, str]:
    """Exactly one of the two flags, always, and why.

    Without one, engine-backup of 3.6.3 and later stops after it has overwritten files under /etc.
    """
    flag, reason = _fitting_flag(places)
    chosen = {Permissions.RESTORE: RESTORE, Permissions.LEAVE: LEAVE}.get(choice.permissions, flag)
    if chosen == flag:
        return flag, reason
    if chosen == RESTORE:
        return RESTORE, "chosen: other roles that the dumps grant to must exist beforehand"
    return LEAVE, "chosen: what was granted to other roles is granted again by hand"


def _fitting_flag(places: tuple[DatabasePlace, ...]) -> tuple[str, str]:
    if any(place.way is Way.MANUAL for place in places):
        return LEAVE, (
            "the databases are made by hand and belong to their users; roles that the dumps grant"
            " to besides are not there"
        )
    if not places:
        return LEAVE, "no database is restored; one flag is given all the same"
    return RESTORE, "engine-backup makes databases and users itself, as they were"


def refuse(holds: ArchiveHolds, installed: Version, choice: RestoreChoice, paths: Paths) -> None:
    """Raises Refused or InvalidInput with the first thing that stands in the way."""
    for check in _CHECKS:
        check(holds, installed, choice, paths)


_Check = Callable[[ArchiveHolds, Version, RestoreChoice, Paths], None]


def _archive_is_fit(holds: ArchiveHolds, *_more: object) -> None:
    if not holds.fit:
        raise Refused(
            f"The archive is not fit for a restore. {holds.problem}".strip(),
            "`rekindle inspect` says everything that is wrong with it.",
        )


def _version_is_taken(holds: ArchiveHolds, installed: Version, *_more: object) -> None:
    problem = version_problem(Version.parse(holds.version), installed)
    if problem is not None:
        raise Refused(problem.message, problem.remedy)
    if installed.numbers < FIRST_WITH_PERMISSIONS:
        raise Refused(
            f"engine-backup of {installed.text} has no permissions flag, and is not driven here.",
            "Update the machine to engine 3.6.3 or later of the same release first.",
        )


def _scopes_are_held(
    holds: ArchiveHolds, _installed: Version, choice: RestoreChoice, _paths: Paths
) -> None:
    missing = [scope for scope in choice.scopes if scope not in holds.scopes]
    if missing or not choice.restored(holds):
        raise Refused(
            f"The archive holds {', '.join(holds.scopes) or 'nothing'}, not"
            f" {', '.join(missing) or 'anything to restore'}.",
            "Choose among what it holds, or take another archive.",
        )


def _every_database_has_a_place(
    holds: ArchiveHolds, installed: Version, choice: RestoreChoice, _paths: Paths
) -> None:
    placed = [place.scope for place in choice.places]
    for scope in choice.restored(holds):
        kind = kind_of(scope)
        if kind is None:
            continue
        if placed.count(scope) != 1:
            raise InvalidInput(
                f"The {kind.title} is restored, and {placed.count(scope)} places are named for it.",
                "Say once where it goes.",
            )
        if not kind.known_by(installed.numbers):
            raise Refused(
                f"engine-backup of {installed.text} does not restore a {kind.title}.",
                f"Leave {scope} out.",
            )
    unused = [scope for scope in placed if scope not in choice.restored(holds)]
    if unused:
        raise InvalidInput(
            f"A place is named for {', '.join(unused)}, which is not restored.", "Leave it out."
        )


def _provisioned_ones_fit(
    holds: ArchiveHolds, _installed: Version, choice: RestoreChoice, _paths: Paths
) -> None:
    """engine-backup makes databases only for localhost, port 5432, not secured."""
    for place in restored_places(choice, holds):
        was = holds.databases.get(place.scope, DatabaseSettings())
        host, port = was.host or "localhost", was.port or PORT
        reasons = [
            f"it was on {host}" if host.lower() not in LOCAL_HOSTS else "",
            f"its port was {port}" if port != PORT else "",
            "its connection was secured" if was.secured else "",
        ]
        told = ", ".join(filter(None, reasons))
        if place.way is Way.AUTOMATIC and told:
            raise Refused(
                f"The {_title(place)} cannot be made automatically: {told}."
                " engine-backup makes databases on localhost, port 5432, unsecured.",
                "Choose the manual way for this database.",
            )


def _credentials_are_whole(
    holds: ArchiveHolds, _installed: Version, choice: RestoreChoice, paths: Paths
) -> None:
    for place in restored_places(choice, holds):
        if place.way is Way.MANUAL:
            place.check()
            if not paths.passfiles.get(place.scope, "").startswith("/"):
                raise InvalidInput(f"The {_title(place)} has no password file for {place.user}.")


def _owners_are_there(
    holds: ArchiveHolds, _installed: Version, choice: RestoreChoice, _paths: Paths
) -> None:
    """Restoring permissions gives the tables to the user of the backup, who must be there."""
    if choice.permissions is not Permissions.RESTORE:
        return
    for place in restored_places(choice, holds):
        was = holds.databases.get(place.scope, DatabaseSettings()).user
        if place.way is Way.MANUAL and was and was != place.user:
            raise Refused(
                f"The {_title(place)} belonged to {was} and is to belong to {place.user}; its"
                f" permissions cannot be restored without {was}.",
                f"Leave the permissions out, or call the user {was}.",
            )


def _a_server_has_one_port(
    holds: ArchiveHolds, _installed: Version, choice: RestoreChoice, _paths: Paths
) -> None:
    """One PostgreSQL is made ready on a host."""
    ports: dict[str, int] = {}
    for place in restored_places(choice, holds):
        if place.server and ports.setdefault(place.server, place.port) != place.port:
            raise InvalidInput(
                f"The {_title(place)} is to be on {place.server} at port {place.port}, another one"
                f" at port {ports[place.server]}.",
                "Give one port for all databases on a host that is made ready here.",
            )


def _files_differ(
    _holds: ArchiveHolds, _installed: Version, _choice: RestoreChoice, paths: Paths
) -> None:
    if paths.archive == paths.log:
        raise InvalidInput(f"Archive and log are the same file: {paths.log}.", "Name another log.")


_CHECKS: Final[tuple[_Check, ...]] = (
    _archive_is_fit,
    _version_is_taken,
    _scopes_are_held,
    _every_database_has_a_place,
    _provisioned_ones_fit,
    _credentials_are_whole,
    _owners_are_there,
    _a_server_has_one_port,
    _files_differ,
)


def _title(place: DatabasePlace) -> str:
    kind = kind_of(place.scope)
    return kind.title if kind else place.scope


def _database_options(
    choice: RestoreChoice, holds: ArchiveHolds, installed: Version, paths: Paths
) -> tuple[str, ...]:
    places = restored_places(choice, holds)
    made = [place for place in places if place.way is Way.AUTOMATIC]
    beyond = {place.scope for place in made} - _USUAL_PAIR
    if beyond and len(made) == len(places) and installed.numbers >= FIRST_WITH_ALL_DATABASES:
        return ("--provision-all-databases",)
    options: list[str] = []
    for place in places:
        kind = kind_of(place.scope)
        assert kind is not None
        options += (
            (f"--provision-{kind.prefix}db",)
            if place.way is Way.AUTOMATIC
            else _credentials(kind, place, paths.passfiles[place.scope])
        )
    return tuple(options)


def _credentials(kind: DatabaseKind, place: DatabasePlace, passfile: str) -> tuple[str, ...]:
    """Where it goes; the password only as the name of a file. The order is engine-backup's own.

    Its help calls the last one `secured-validation`; only this spelling is taken.
    """
    option = f"--{kind.prefix}db"
    return (
        f"--change-{kind.prefix}db-credentials",
        f"{option}-host={place.host}",
        f"{option}-port={place.port}",
        f"{option}-name={place.name}",
        f"{option}-user={place.user}",
        f"{option}-passfile={passfile}",
        *((f"{option}-secured",) if place.secured else ()),
        *((f"{option}-sec-validation",) if place.validated else ()),
    )
