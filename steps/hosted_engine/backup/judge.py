"""Whether an archive is the backup that was asked for, by what is in it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.backup.job import BackupJob

_NO_DATABASE = "no-database"
_WAREHOUSE = "damaged-warehouse"
"""It stands in the way of no restore of the engine; a backup that has just been made it spoils."""


def shortcomings(found: Inspection, job: BackupJob, *, in_maintenance: bool) -> Iterator[str]:
    """What speaks against it; nothing where it is well."""
    for problem in found.problems:
        asked_for = problem.code == _NO_DATABASE and not job.has_database
        if (problem.blocks or problem.code == _WAREHOUSE) and not asked_for:
            yield problem.message.rstrip(".")
    if not found.is_archive:
        return
    wanted = {"files"} if job.has_files else set()
    wanted |= {"db"} if job.has_database else set()
    wanted |= set(job.scopes) - {"all"}
    for scope in sorted(wanted - set(found.scopes)):
        yield f"it was made without {scope!r}, which was asked for"
    if job.failover is not None and in_maintenance and job.has_database:
        yield from _not_ready(found, job.failover.name)


def _not_ready(found: Inspection, host: str) -> Iterator[str]:
    if host.lower() in (name.lower() for name in found.ready_failover_hosts or ()):
        return
    known = next((one for one in found.hosts or () if one.name.lower() == host.lower()), None)
    if known is None:
        yield f"it knows no host {host}"
        return
    on_it = [vm.name for vm in found.vms or () if known.name in (vm.host, vm.migrating_to)]
    carried = f" with {', '.join(on_it)}" if on_it else ""
    yield f"it has {host} as {known.status_name}{carried}: no failover host for a restore"
