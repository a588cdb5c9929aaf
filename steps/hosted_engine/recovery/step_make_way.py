"""Removing the failover host from the restored engine, in time and only where it is in the way."""

from __future__ import annotations

from steps.hosted_engine.recovery.recovery_job import BackupHost, RecoveryJob
from steps.hosted_engine.recovery.step_remove import RemoveHost


class RemoveFailoverHost(RemoveHost):
    """One host of the backup: the one that is deployed on, as it was known then."""

    reason = (
        "The host that the engine is deployed on is known to the restored engine from the backup."
        " Until that entry is gone, it cannot be added. Force would not help: the engine wants a"
        " host without machines, in maintenance or out of reach."
    )

    def __init__(self, job: RecoveryJob, host: BackupHost) -> None:
        super().__init__(job.deploy.host.name, host, job.limits)
        self.name = f"make-way.{host.name}"
        self.title = f"Remove {host.name}, as the backup knows it, from the engine"
