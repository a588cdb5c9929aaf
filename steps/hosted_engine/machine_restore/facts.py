"""Names of the facts that the steps of one restore remember for each other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.restore_command import DatabaseSettings
from steps.procedure import StepContext

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


def with_settings(job: MachineRestoreJob, context: StepContext) -> MachineRestoreJob:
    """The job with what the archive's own files said of its databases, once it was read."""
    text = context.recall(ARCHIVE_DATABASES)
    if not text:
        return job
    found = {
        scope: DatabaseSettings(host, port, secured)
        for scope, (host, port, secured) in json.loads(text).items()
        if (host, port, secured) != (None, None, None)
    }
    return replace(job, holds=replace(job.holds, databases=found))
