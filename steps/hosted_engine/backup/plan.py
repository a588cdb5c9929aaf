"""The plan of a backup of the engine: a pure function of site, answers and survey."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from config.errors import Refused
from config.interviews.hosted_engine_backup import (
    ACTIVATE,
    AS_IT_DOES,
    BEST,
    DEFAULT,
    FILE_NAME,
    KEEP,
    STAMP,
    WITHOUT,
)
from config.questions import Given
from config.site import Site
from steps.conflicts import Resolutions
from steps.hosted_engine.backup.engine_backup import ALL, Form, options
from steps.hosted_engine.backup.failover import Candidate, best
from steps.hosted_engine.backup.job import BackupJob
from steps.hosted_engine.backup.kept import NewBackup, beyond
from steps.hosted_engine.backup.step_confirm import ConfirmHosts
from steps.hosted_engine.backup.step_failover import ActivateHost, MaintainHost
from steps.hosted_engine.backup.step_fetch import FetchArchive
from steps.hosted_engine.backup.step_inspect import InspectArchive
from steps.hosted_engine.backup.step_keep import PutArchive, WriteRecord
from steps.hosted_engine.backup.step_make import MakeArchive
from steps.hosted_engine.backup.step_old import KeepCopy, RemoveOld, TidyUp
from steps.hosted_engine.backup.step_rehearse import RehearseBackup
from steps.hosted_engine.backup.step_space import CheckSpace
from steps.hosted_engine.backup.survey import (
    BackupSurvey,
    backup_server,
    engine_machine,
    parsed,
    watchers,
)
from steps.procedure import Phase, Plan, Step, Survey
from steps.targets.sizes import size_text

NAME: Final = "hosted_engine.backup"
_EMPTYING_SECONDS: Final = 300.0
_BACKUP_SECONDS: Final = 300.0


def backup_plan(site: Site, given: Given, _resolutions: Resolutions, survey: Survey) -> Plan:
    """Raises Refused where the failover host cannot be taken, InvalidInput for a wrong answer."""
    found = BackupSurvey.from_json(survey)
    job = backup_job(site, given, found)
    moves = job.failover is not None and not job.failover.is_ready
    return Plan(
        procedure=NAME,
        object=found.engine or job.machine.name,
        verb="Back up",
        phases=tuple(phase for phase in _phases(job) if phase.steps),
        settings=tuple(_settings(given, found, job)),
        estimate_seconds=_BACKUP_SECONDS + (_EMPTYING_SECONDS if moves else 0.0),
    )


def _phases(job: BackupJob) -> Iterator[Phase]:
    has_host = job.failover is not None
    confirm: tuple[Step, ...] = (ConfirmHosts(job),) if has_host else ()
    yield Phase("check", "Check", (*confirm, CheckSpace(job)))
    # Until the server has it there is no safe point: undo brings the failover host back, and
    # leaves no archive behind that nobody would ever remove.
    yield Phase(
        "failover", "Failover host", (MaintainHost(job),) if has_host else (), safe_point=False
    )
    yield Phase(
        "backup", "Back up", (MakeArchive(job), FetchArchive(job), InspectArchive(job)),
        safe_point=False,
    )  # fmt: skip
    yield Phase(
        "service", "Into service again", (ActivateHost(job),) if has_host else (), safe_point=False
    )
    keep: tuple[Step, ...] = (KeepCopy(job),) if job.keep_copy else ()
    yield Phase("keep", "Keep it elsewhere", (PutArchive(job), WriteRecord(job), *keep))
    rehearsal = (RehearseBackup(job),) if job.rehearse else ()
    yield Phase("rehearsal", "Rehearse a restore", rehearsal)
    old = (RemoveOld(job),) if job.old or job.old_here else ()
    yield Phase("old", "Older backups", old)
    yield Phase("tidy", "Tidy up", (TidyUp(job),))


def backup_job(site: Site, given: Given, found: BackupSurvey) -> BackupJob:
    """What the steps need to know."""
    machine, server = engine_machine(site), backup_server(site, given)
    failover = _failover(given, found)
    scopes, version = _scopes(given), parsed(found.version)
    keep = _number(given, "retention", 0)
    stays = given.get("machine_copy") == KEEP
    whole = ALL in scopes or {"files", "db"} <= {*scopes}
    new = NewBackup(_engine(found), whole, failover is not None)
    return BackupJob(
        machine=machine,
        server=server,
        failover=failover,
        watchers=watchers(site, failover) if failover is not None else (),
        file=file_name(given, found),
        scopes=scopes,
        options=options(scopes, _form(given), version),
        needed=found.needed,
        wait_seconds=60.0 * _number(given, "wait_minutes", 30),
        always_activate=given.get("afterwards") == ACTIVATE,
        keep_copy=stays,
        rehearse=given.get("rehearse") is True and bool({ALL, "db"} & set(scopes)),
        old=beyond(found.on_server, keep, new),
        old_here=beyond(found.on_machine, keep, new) if stays else (),
    )


def file_name(given: Given, found: BackupSurvey) -> str:
    """The archive's name, with the time of the backup in it."""
    name = str(given.get("file_name") or FILE_NAME)
    return name.replace(STAMP, f"{found.now:%Y%m%dT%H%M%SZ}")


def _engine(found: BackupSurvey) -> str:
    """Whose backups are counted. Where the machine does not tell its engine's name, the records of
    the server do, unless they are of several: empty then, and none goes."""
    recorded = {one.engine.lower() for one in found.on_server}
    return found.engine or (recorded.pop() if len(recorded) == 1 else "")


def _failover(given: Given, found: BackupSurvey) -> Candidate | None:
    name = str(given.get("failover") or "")
    if name == WITHOUT:
        return None
    if name == BEST:
        return _best(found)
    chosen = next((one for one in found.candidates if one.name.lower() == name.lower()), None)
    if chosen is None:
        known = ", ".join(one.name for one in found.candidates) or "none"
        raise Refused(f"The engine has no host {name!r}; it has {known}.", "Choose one of them.")
    if chosen.refused:
        raise Refused(
            f"{chosen.name} cannot be the failover host: {chosen.refused}.",
            "Choose another host, or `none` to back up without maintenance.",
        )
    return chosen


def _best(found: BackupSurvey) -> Candidate:
    chosen = best(found.candidates)
    if chosen is None:
        why = "; ".join(
            f"{one.name}: {one.refused or 'it carries the engine machine'}"
            for one in found.candidates
        )
        raise Refused(
            f"No host can be made the failover host. {why or 'The engine has no host'}.",
            "Mend one of them, or answer `none` to back up without maintenance.",
        )
    return chosen


def _scopes(given: Given) -> tuple[str, ...]:
    value = given.get("scope") or (ALL,)
    return tuple(value) if isinstance(value, tuple) else (str(value),)


def _form(given: Given) -> Form:
    def chosen(name: str) -> str:
        return str(given.get(name) or AS_IT_DOES)

    return Form(
        str(given.get("format") or DEFAULT), chosen("archive_compressor"),
        chosen("files_compressor"), chosen("db_compressor"),
    )  # fmt: skip


def _number(given: Given, name: str, otherwise: int) -> int:
    value = given.get(name, otherwise)
    return value if isinstance(value, int) else otherwise


def _settings(given: Given, found: BackupSurvey, job: BackupJob) -> Iterator[tuple[str, str]]:
    yield "Engine", f"{found.engine or job.machine.name} {found.version}".rstrip()
    if job.failover is None:
        yield "Failover host", "none: a restore then needs new hardware"
    else:
        yield "Failover host", f"{job.failover.name} ({job.failover.ha_name})"
        yield "When planned", job.failover.words
        if job.failover.machines:
            yield "Migrate first", ", ".join(job.failover.machines)
    yield "Backed up", ", ".join(job.scopes)
    yield "Archive", job.file
    yield "Rehearsal", "a restore of its databases" if job.rehearse else "none"
    yield "Kept at", f"{job.server.name}:{job.server.folder}"
    yield "Expected size", f"up to {size_text(job.needed)}"
    yield "There now", _there(found)
    keep = _number(given, "retention", 0)
    unknown = bool(found.on_server) and not _engine(found)
    nobodys = "all: its machine does not tell which of them are this engine's"
    yield "Keep", nobodys if keep and unknown else f"{keep} of this engine" if keep else "all"
    for name in (*job.old, *job.old_here):
        yield "Goes afterwards", name
    yield "On the engine's machine", job.kept_folder if job.keep_copy else "removed afterwards"


def _there(found: BackupSurvey) -> str:
    if not found.on_server:
        return "no backup yet"
    count = len(found.on_server)
    return f"{count} backup{'s' if count > 1 else ''}, the newest of {found.on_server[0].made}"
