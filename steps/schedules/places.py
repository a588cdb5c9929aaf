"""The host on which somebody follows a timetable: one of the site, or this one."""

from __future__ import annotations

from config.schedules import HERE
from steps.targets import Targets
from steps.targets.shell import Shell


def shell_at(targets: Targets, name: str) -> Shell:
    """Its shell."""
    if name != HERE:
        return targets.shell(name)
    from steps.targets.local import LocalShell

    return LocalShell(HERE)
