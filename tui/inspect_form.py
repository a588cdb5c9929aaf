"""What is asked before an archive is looked into, by the screen, in plain lines and by options."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from steps.hosted_engine.archive.budget import Progress
    from steps.hosted_engine.archive.inspection import Inspection

ARCHIVE: Final = "archive"
FIELDS: Final = {
    ARCHIVE: "Archive",
    "name": "New host's name",
    "fqdn": "New host's FQDN",
    "addresses": "Its addresses",
    "uuid": "Its hardware UUID",
    "storage": "Storage path",
    "version": "Installed engine",
}
"""Each line by its name, with its label; all but the archive may stay empty."""

HINT: Final = (
    "The archive is a file of engine-backup on this machine. It is read; nothing is unpacked to "
    "disk, and nothing is changed.\n\n"
    "The rest may stay empty. What is known of the host that the engine will be deployed on is "
    "compared with every host in the backup (several addresses: with blanks between). The "
    "installed engine's version, such as 4.5.7, tells whether it takes the backup back."
)


def look(
    values: Mapping[str, str],
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Inspection:
    """Look into the archive, with what was typed. Raises what steps' inspect() raises."""
    from steps.hosted_engine.archive.inspect import inspect
    from steps.hosted_engine.archive.name_lookup import resolve_names
    from steps.hosted_engine.archive.newcomer import Newcomer
    from steps.hosted_engine.archive.version import Version

    newcomer = Newcomer(
        name=values["name"] or None,
        fqdn=values["fqdn"] or None,
        addresses=tuple(values["addresses"].replace(",", " ").split()),
        hardware_uuid=values["uuid"] or None,
        storage=values["storage"] or None,
        macs=tuple(values.get("macs", "").split()),
    )
    return inspect(
        Path(os.path.expanduser(values[ARCHIVE])),
        None if newcomer == Newcomer() else newcomer,
        Version.parse(values["version"]) if values["version"] else None,
        progress=progress,
        cancel=cancel,
        lookup=resolve_names,
    )
