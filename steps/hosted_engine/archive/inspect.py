"""Look into an archive of engine-backup: what it holds, what a restore will do, what stands in
its way. Nothing is changed, nothing is unpacked to disk, no database server is needed."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from config.errors import InvalidInput
from steps.hosted_engine.archive import effects
from steps.hosted_engine.archive.archive_reader import read_archive
from steps.hosted_engine.archive.budget import Progress
from steps.hosted_engine.archive.contents import Contents
from steps.hosted_engine.archive.engine_model import EngineModel
from steps.hosted_engine.archive.inspection import Inspection, Layout
from steps.hosted_engine.archive.model_rows import build_model
from steps.hosted_engine.archive.name_lookup import Lookup, Resolved
from steps.hosted_engine.archive.newcomer import (
    Newcomer,
    conflicts,
    names_to_look_up,
    pools_with,
    storage_clash,
)
from steps.hosted_engine.archive.problems import NO_DATABASE, Problem
from steps.hosted_engine.archive.version import Version, version_problem
from steps.hosted_engine.archive.warehouse import Warehouse


def inspect(
    path: Path,
    newcomer: Newcomer | None = None,
    installed: Version | None = None,
    *,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    lookup: Lookup | None = None,
) -> Inspection:
    """Inspect an archive for a restore onto `newcomer`, with the engine `installed`.

    `lookup` (resolve_names) tells the addresses of old hosts that were added by name; without it
    nothing is asked of a network.

    What is wrong with the archive is in the result. Raises InvalidInput where there is no such
    file or the new host's data cannot be right, StepFailed or Unreachable where the file cannot
    be read, Interrupted once `cancel` is set.
    """
    if newcomer is not None:
        newcomer.check()
    contents = read_archive(path, progress, cancel)
    return inspect_contents(contents, newcomer, installed, lookup)


def inspect_contents(
    contents: Contents,
    newcomer: Newcomer | None = None,
    installed: Version | None = None,
    lookup: Lookup | None = None,
) -> Inspection:
    """What an archive that was read means for such a restore."""
    if contents.complete:
        _judge_scopes(contents)
    version = _version(contents, installed)
    model = build_model(contents.tables)
    _judge_storage(contents, model, newcomer)
    _judge_macs(contents, model, newcomer)
    wanted = names_to_look_up(model, newcomer) if lookup is not None else ()
    names = lookup(wanted) if lookup is not None and wanted else {}
    return _inspection(contents, model, version, newcomer, names)


def _judge_scopes(contents: Contents) -> None:
    if "db" not in contents.scopes:
        contents.add(
            Problem(
                NO_DATABASE,
                "The archive holds no database of the engine.",
                "It cannot bring the engine back. Use an archive made with --scope=all.",
            )
        )
    elif contents.tables.find("vds_static") is None and not _is_corrupt(contents):
        contents.add(
            Problem(
                "no-engine-tables",
                "The dump of the engine's database has no hosts: it is not an engine's database.",
                "Use another archive.",
            )
        )
    if "files" not in contents.scopes and "db" in contents.scopes:
        contents.add(
            Problem(
                "no-files",
                "The archive holds no files of the engine: neither its certificates nor its keys.",
                "Without them every host must be enrolled again. Use an archive made with "
                "--scope=all where there is one.",
            )
        )


def _is_corrupt(contents: Contents) -> bool:
    return any(problem.blocks for problem in contents.problems)


def _version(contents: Contents, installed: Version | None) -> Version | None:
    if contents.version is None:
        if contents.complete:
            contents.add(
                Problem(
                    "version-missing",
                    "The archive does not say which engine made it (member 'version').",
                    "engine-backup will refuse it. Use another archive.",
                )
            )
        return None
    try:
        version = Version.parse(contents.version)
    except InvalidInput as error:
        contents.add(Problem("version-unreadable", error.message, "Use another archive."))
        return None
    problem = version_problem(version, installed) if installed is not None else None
    if problem is not None:
        contents.add(problem)
    return version


def _judge_storage(contents: Contents, model: EngineModel, newcomer: Newcomer | None) -> None:
    clash = storage_clash(model, newcomer)
    if clash is not None:
        contents.add(
            Problem(
                "storage-in-use",
                f"The storage domain {clash.name!a} of the backup lies at {clash.connection!a}, "
                "where the new engine's storage is to be.",
                "Data may be lost. Give the new engine an empty storage path of its own.",
            )
        )


def _judge_macs(contents: Contents, model: EngineModel, newcomer: Newcomer | None) -> None:
    for mac, pool in pools_with(model, newcomer):
        contents.add(
            Problem(
                "mac-in-pool",
                f"The new host's hardware address {mac!a} lies in the MAC pool {pool!a} of the "
                "backup: the restored engine may give it to a virtual machine.",
                "Take it out of the pool's range in the restored engine, or use other hardware.",
            )
        )


def _inspection(
    contents: Contents,
    model: EngineModel,
    version: Version | None,
    newcomer: Newcomer | None,
    names: Resolved,
) -> Inspection:
    files = contents.engine_files
    return Inspection(
        version=contents.version,
        os_version=contents.os_version,
        engine_fqdn=files.engine_fqdn or model.engine_fqdn,
        backup_time=_backup_time(contents),
        scopes=contents.ordered_scopes,
        dwh_present=_has_dwh(contents),
        engine_db_host=files.engine_db_host,
        dwh_db_host=files.dwh_db_host,
        layout=Layout(
            outer=contents.outer or None,
            files=contents.files,
            db_format=contents.db_format,
            db_compressor=contents.db_compressor,
            hash=contents.hash_kind,
        ),
        hosts=model.hosts,
        vms=model.vms,
        he_hosts=effects.he_hosts(model),
        idle_maintenance_hosts=effects.idle_maintenance_hosts(model),
        ready_failover_hosts=effects.ready_failover_hosts(model),
        restore_sets_down=effects.restore_sets_down(model, version),
        left_up_on_old_host=effects.left_up_on_old_host(model, version),
        he_storage=model.he_storage,
        clusters=model.clusters,
        data_centers=model.data_centers,
        storage_domains=model.storage_domains,
        disable_fence_at_startup_s=model.disable_fence_at_startup_s,
        conflicts=conflicts(model, newcomer, names),
        problems=tuple(contents.problems),
        fit_for_restore=not any(problem.blocks for problem in contents.problems),
        unresolved_names=tuple(name for name, found in names.items() if found is None),
        dwh=_warehouse(contents, model),
        databases=files.places,
        ca_fingerprint=files.ca_fingerprint,
    )


def _warehouse(contents: Contents, model: EngineModel) -> Warehouse | None:
    found = contents.warehouse
    return None if found is None else replace(found, last_sync=model.dwh_last_sync)


def _backup_time(contents: Contents) -> str | None:
    """The time of the engine's dump, as engine-backup itself tells it; else of another member."""
    times = contents.times
    made = next((times[key] for key in ("db", "dwhdb", "version") if key in times), None)
    try:
        moment = None if made is None else datetime.fromtimestamp(made, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _has_dwh(contents: Contents) -> bool | None:
    if "dwhdb" in contents.scopes:
        return True
    return contents.engine_files.dwh_enabled if "files" in contents.scopes else None
