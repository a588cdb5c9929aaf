"""The time zone of a host: timetables are in the node's local time."""

from __future__ import annotations

import os
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from steps.targets.shell import Shell

_MARK = "zoneinfo/"


def zone_of(shell: Shell) -> ZoneInfo:
    """The zone of a node, by where its /etc/localtime points; UTC where that says nothing."""
    found = shell.run(["readlink", "-f", "/etc/localtime"], check=False)
    return zone_named(found.out.strip().rpartition(_MARK)[2])


def own_zone() -> ZoneInfo:
    """The zone of this host."""
    told = os.environ.get("TZ", "").removeprefix(":")
    return zone_named(told or os.path.realpath("/etc/localtime").rpartition(_MARK)[2])


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name; UTC where there is none of it."""
    try:
        return ZoneInfo(name.removeprefix("posix/").removeprefix("right/"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def both_clocks(moment: datetime) -> str:
    """A moment in its own zone and in UTC: `Sat 28 Nov 2026 03:00 CET (02:00 UTC)`."""
    utc = moment.astimezone(ZoneInfo("UTC"))
    other = f"{utc:%H:%M}" if utc.date() == moment.date() else f"{utc.day} {utc:%b %H:%M}"
    return f"{moment:%a} {moment.day} {moment:%b %Y %H:%M %Z} ({other} UTC)"
