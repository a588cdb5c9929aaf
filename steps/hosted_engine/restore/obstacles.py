"""What stands in the way of a restore whatever is chosen, and what should be known. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from config.errors import InvalidInput
from config.interviews.hosted_engine.conditions import ansible
from config.interviews.hosted_engine.databases import (
    ALL,
    files_left,
    history_chosen,
    others_placed,
    restores_engine,
)
from config.interviews.hosted_engine.variants import FAILOVER, MACHINE, by_hand
from config.questions import Given
from config.site import Site
from steps.conflicts import Blocking, Warning_
from steps.hosted_engine.archive.effects import fenced_after_start
from steps.hosted_engine.archive.engine_model import EngineModel
from steps.hosted_engine.archive.newcomer import storage_clash
from steps.hosted_engine.archive.problems import NO_DATABASE
from steps.hosted_engine.archive.version import Version, version_problem
from steps.hosted_engine.restore.survey import RestoreSurvey
from steps.past import age_of

_OLD: Final = timedelta(days=7)


def obstacles(site: Site, given: Given, survey: RestoreSurvey) -> Iterator[Blocking]:
    """Everything that no decision settles."""
    for problem in survey.inspection.problems:
        if problem.blocks and (problem.code != NO_DATABASE or restores_engine(given)):
            yield Blocking(problem.code, problem.message, problem.remedy)
    yield from _version(survey)
    yield from _engine_name(given, survey)
    yield from _storage(given, survey)
    yield from _failover(given, survey)
    yield from _scope(given, survey)
    yield from _site(site, given)


def _version(survey: RestoreSurvey) -> Iterator[Blocking]:
    installed, text = survey.host.version, survey.inspection.version
    try:
        made = Version.parse(text) if text else None
    except InvalidInput:
        return
    problem = version_problem(made, installed) if made and installed else None
    if problem is not None:
        yield Blocking(problem.code, problem.message, problem.remedy)


def _engine_name(given: Given, survey: RestoreSurvey) -> Iterator[Blocking]:
    wanted, name = survey.inspection.engine_fqdn, given.get("fqdn")
    if wanted and isinstance(name, str) and name and name.casefold() != wanted.casefold():
        yield Blocking(
            "engine-name",
            f"The backup is of the engine {wanted}, and the new machine is to be {name}.",
            f"A restored engine keeps its name: answer {wanted}.",
        )


def _storage(given: Given, survey: RestoreSurvey) -> Iterator[Blocking]:
    path = given.get("storage_connection")
    if given.get("variant") == MACHINE or not isinstance(path, str) or not path:
        return
    model = EngineModel(storage_domains=survey.inspection.storage_domains)
    clash = storage_clash(model, survey.host.newcomer(path))
    if clash is not None:
        yield Blocking(
            "storage-in-use",
            f"The storage domain {clash.name!r} of the backup lies at {clash.connection!r}, where"
            " the new engine's storage is to be.",
            "Data may be lost. Give the new engine an empty storage path of its own.",
        )


def _failover(given: Given, survey: RestoreSurvey) -> Iterator[Blocking]:
    if given.get("variant") != FAILOVER or survey.inspection.conflicts:
        return
    yield Blocking(
        "no-failover-host",
        f"The backup knows no host like {survey.host.fqdn or given.get('host')}: it is no failover"
        " host.",
        "Restore onto new hardware, or choose the host that was in maintenance at the backup.",
    )


def _scope(given: Given, survey: RestoreSurvey) -> Iterator[Blocking]:
    held = survey.inspection.scopes
    if not by_hand(given):
        return
    if history_chosen(given) and "dwhdb" not in held:
        yield Blocking(
            "no-history",
            "The archive holds no database of the Data Warehouse.",
            "Restore everything in it, or choose another archive.",
        )
    for scope in others_placed(given):
        if scope not in held:
            yield Blocking(
                f"no-{scope}",
                f"The archive holds no {scope}: it holds {', '.join(held)}.",
                "Do not choose it among the other databases, or take another archive.",
            )
    if files_left(given) or "files" not in held:
        yield from _without_files(given, survey)


def _without_files(given: Given, survey: RestoreSurvey) -> Iterator[Blocking]:
    """No files are restored: the machine must have them. A new one never has."""
    wanted = "dwhdb" if history_chosen(given) else "db"
    there = survey.host.settings if given.get("variant") == MACHINE else ()
    if not files_left(given) and given.get("scope") != ALL:
        yield Blocking(
            "files-not-in-archive",
            "The archive holds no files of the engine, and they are to be restored.",
            "Restore the database alone onto a machine whose files are there, or choose an archive"
            " made with --scope=all.",
        )
    elif there is not None and wanted not in there:
        yield Blocking(
            "files-not-there",
            "No files are restored, and the engine's machine has none that say where its database"
            " is: neither were they restored before, nor was it set up.",
            "Restore the files with the database, from an archive that holds both.",
        )


def _site(site: Site, given: Given) -> Iterator[Blocking]:
    if site.engine is None:
        yield Blocking(
            "no-engine",
            f"The site {site.name} does not say how its engine is reached.",
            "Add `engine:` to the site file: hosts are looked at and removed through it.",
        )
    elif by_hand(given) and site.engine.machine is None:
        yield Blocking(
            "no-engine-machine",
            f"The site {site.name} does not say how the engine's machine is reached.",
            "Add `engine: machine:` to the site file: the backup is restored there.",
        )


def cautions(given: Given, survey: RestoreSurvey) -> Iterator[Warning_]:
    """What stops nothing."""
    inspection = survey.inspection
    for problem in inspection.problems:
        if not problem.blocks:
            yield Warning_(problem.code, f"{problem.message} {problem.remedy}")
    if survey.host.version is None and inspection.version:
        yield Warning_(
            "version-unknown",
            "Which engine will run there cannot be told yet: it must take back a backup of"
            f" {inspection.version}. It is checked before anything is restored.",
        )
    if inspection.unresolved_names:
        yield Warning_(
            "names-unknown",
            "Whether a host of the backup has an address of this host was not compared for"
            f" {', '.join(inspection.unresolved_names)}: nobody tells where that name leads.",
        )
    yield from _age(survey)
    others = inspection.he_hosts
    if others:
        yield Warning_(
            "hosts-again",
            "Hosts that could run the engine must be deployed again afterwards:"
            f" {', '.join(others)}.",
        )
    fenced = fenced_after_start(inspection.hosts, inspection.clusters)
    if fenced and ansible(given) and given.get("variant") != MACHINE:
        yield Warning_(
            "fencing-held-off",
            "The tool itself holds power fencing off for a day after the restore, and puts the"
            f" setting back at its end: {', '.join(fenced)}.",
        )


def _age(survey: RestoreSurvey) -> Iterator[Warning_]:
    made = survey.inspection.backup_time
    if made is None:
        return
    moment, now = datetime.fromisoformat(made), datetime.fromisoformat(survey.looked_at)
    if now - moment > _OLD:
        yield Warning_(
            "old",
            f"The backup was made {age_of(moment, now)}: what was changed since is not in it.",
        )
