"""When each machine was last restored from here: read from the runs of whoever asks."""

from __future__ import annotations

from config.errors import RekindleError
from steps.run.directory import RunDirectory, list_runs
from steps.run.events import Finish

_RESTORE = "virtual_machine.restore"
AT_MOST = 100
"""How many of the newest runs are looked at."""


def last_restores() -> dict[str, str]:
    """The moment of the last restore that was done, as ISO text, by machine in lower case.

    Drills do not count. A run that cannot be read tells nothing.
    """
    found: dict[str, str] = {}
    for run in list_runs()[:AT_MOST]:
        try:
            machine, moment = _restored(run)
        except RekindleError:
            continue
        if machine:
            found.setdefault(machine.lower(), moment)
    return found


def _restored(run: RunDirectory) -> tuple[str, str]:
    frozen = run.frozen()
    if frozen.procedure != _RESTORE or frozen.site_data.get("practice"):
        return "", ""
    view = run.view()
    if view.outcome is not Finish.DONE or view.started is None:
        return "", ""
    return str(frozen.given.get("machine", "")), view.started.isoformat()
