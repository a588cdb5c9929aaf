"""Restore an archive's databases into a scratch PostgreSQL, count their rows, and take it away."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path

from config.errors import Refused
from steps.hosted_engine.rehearsal.rehearsal import Progress, Rehearsal


def rehearse(
    path: Path,
    *,
    databases: Collection[str] | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    folder: Path | None = None,
) -> Rehearsal:
    """Restore the databases of an archive of engine-backup, and compare their rows.

    `databases` names scopes (`db`, `dwhdb` ...); None is every one in the archive. `folder` is
    where the scratch PostgreSQL is made; None is /var/tmp. It is gone afterwards.

    A database that does not come back whole is in the result. Raises InvalidInput where the file is
    no archive or the scope is not in it, Refused where the dump is of a newer PostgreSQL than the
    installed one or would run commands, StepFailed where there is no PostgreSQL or no room,
    Interrupted once `cancel` is set.
    """
    raise Refused(f"The databases of {path} cannot be rehearsed yet.")
