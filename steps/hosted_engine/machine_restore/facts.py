"""Names of the facts that the steps of one restore remember for each other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from steps.hosted_engine.machine_restore.database_client import login_there
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.restore_command import DatabaseSettings
from steps.procedure import StepContext
from steps.targets.shell import Shell

ARCHIVE_SHA256: Final = "archive.sha256"
ARCHIVE_DATABASES: Final = "archive.databases"
"""Where its own files say that its databases were."""
ARCHIVE_UNPACKS: Final = "archive.unpacks"
"""How many times its size it may take unpacked."""
RESTORE_ATTEMPT: Final = "restore.attempt"
"""The number of the last start of engine-backup; none: nothing was restored yet."""
SETUP_PREVIEW: Final = "setup.preview"
"""engine-setup's preview as it was shown: rows of key and value."""
FENCE_DELAY_BEFORE: Final = "setup.fence-delay-before"
"""Seconds, as it was in the backup."""


def has_begun(context: StepContext) -> bool:
    """Whether this run has begun to restore: the machine is not new any more."""
    return context.recall(RESTORE_ATTEMPT) is not None


def with_settings(job: MachineRestoreJob, context: StepContext, shell: Shell) -> MachineRestoreJob:
    """The job with what the engine's files say of its databases: the archive's, once it was read;
    where they are not restored, those that are on the machine."""
    if not job.restores_files:
        return _with_own_settings(job, shell)
    text = context.recall(ARCHIVE_DATABASES)
    if not text:
        return job
    found = {
        scope: DatabaseSettings(*told)
        for scope, told in json.loads(text).items()
        if any(value is not None for value in told)
    }
    return replace(job, holds=replace(job.holds, databases=found))


def _with_own_settings(job: MachineRestoreJob, shell: Shell) -> MachineRestoreJob:
    owners = {scope: was.user for scope, was in job.holds.databases.items()}
    logins = {scope: login_there(shell, path) for scope, path in job.settings_used.items()}
    found = {
        scope: DatabaseSettings(login.host, login.port, login.secured, owners.get(scope))
        for scope, login in logins.items()
        if login is not None
    }
    return replace(job, holds=replace(job.holds, databases=found))
