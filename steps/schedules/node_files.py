"""The files that put a timetable on a host, and what they are now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput
from config.schedules import CRON, CRON_FOLDER, SYSTEMD_FOLDER, TIMER, UNINSTALL
from steps.schedules.zone import zone_of
from steps.targets.shell import Shell

_SYSTEMD: Final = "/run/systemd/system"
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """One node: its zone, whether systemd runs there, and the SHA-256 of each file in question
    (empty where there is none)."""

    name: str
    zone: str
    systemd: bool
    files: Mapping[str, str]


def schedule_name(*words: str) -> str:
    """The name of the files: cron takes no dots in one."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in "-".join(words))


def schedule_files(name: str, install: str, folder: str) -> tuple[str, str, str]:
    """Every file of a schedule: service, timer, crontab line. What is not wanted goes away."""
    units, lines = folder, folder
    if install in (TIMER, UNINSTALL) and folder == SYSTEMD_FOLDER:
        lines = CRON_FOLDER
    if install == CRON and folder == CRON_FOLDER:
        units = SYSTEMD_FOLDER
    return f"{units}/{name}.service", f"{units}/{name}.timer", f"{lines}/{name}"


def look_at_node(shell: Shell, name: str, paths: tuple[str, ...]) -> NodeFiles:
    """How the files stand on a host. Raises InvalidInput where one is no small file."""
    return NodeFiles(
        name=name,
        zone=zone_of(shell).key,
        systemd=shell.status(_SYSTEMD) is not None,
        files={path: content_sha(shell, path) for path in paths},
    )


def content_sha(shell: Shell, path: str) -> str:
    """SHA-256 of a small file, empty where there is none; raises InvalidInput for another thing."""
    status = shell.status(path)
    if status is None:
        return ""
    if status.kind != "file" or status.size > _LARGEST:
        raise InvalidInput(f"{path} on {shell.where} is not a small file.", "Look at it by hand.")
    return hashlib.sha256(shell.read(path, limit=_LARGEST)).hexdigest()
