"""Removing the failover host from the restored engine, in time and only where it is in the way."""

from __future__ import annotations

from steps.hosted_engine.recovery.step_remove import RemoveHost


class RemoveFailoverHost(RemoveHost):
    """One host of the backup: the one that is deployed on, as it was known then."""

    kind = "make-way"
    titled = "Remove {name}, as the backup knows it, from the engine"
    reason = (
        "The host that the engine is deployed on is known to the restored engine from the backup."
        " Until that entry is gone, it cannot be added. Force would not help: the engine wants a"
        " host without machines, in maintenance or out of reach."
    )
