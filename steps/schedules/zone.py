"""The time zone of a host: timetables are in the node's local time.

/etc/localtime is a link into the zones' folder, or a copy of one of its files. A copy is known by
its content; one of another release by the rule at its end, as POSIX writes it (`CET-1CEST,M3.5.0,
M10.5.0/3`), which stands for the zone from then on.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError, available_timezones

from config.errors import RekindleError
from steps.targets.shell import Shell

_MARK: Final = "zoneinfo/"
LOCALTIME: Final = "/etc/localtime"
TIMEZONE: Final = "/etc/timezone"
"""Where Debian writes the name as well."""
_LARGEST: Final = 1 << 16
_RULE: Final = re.compile(r"(?:<[-+A-Za-z0-9]{3,}>|[A-Za-z]{3,})[-+]?\d[-+<>,./:A-Za-z0-9]*")
_LONGEST_RULE: Final = 100
_OFFSET: Final = re.compile(r"([-+])(\d\d)(\d\d)")


def zone_of(shell: Shell) -> ZoneInfo:
    """The zone of a node, by its /etc/localtime. UTC where there is none: so does libc."""

    def read(path: str) -> bytes:
        return shell.read(path, limit=_LARGEST) if shell.status(path) is not None else b""

    def offset() -> str:
        return shell.run(["date", "+%z"], check=False).out

    found = shell.run(["readlink", "-f", LOCALTIME], check=False).out.strip()
    return _linked(found) or _copied(read, found or LOCALTIME, offset)


def own_zone() -> ZoneInfo:
    """The zone of this host."""
    told = os.environ.get("TZ", "").removeprefix(":")
    if told:
        return zone_named(told)

    def read(path: str) -> bytes:
        try:
            return Path(path).read_bytes()[:_LARGEST]
        except OSError:
            return b""

    found = os.path.realpath(LOCALTIME)
    return _linked(found) or _copied(read, found, lambda: f"{datetime.now().astimezone():%z}")


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name, or of that rule; UTC where there is none of it."""
    return _known(name) or _by_rule(name) or ZoneInfo("UTC")


def zone_words(key: str) -> str:
    """The zone as an operator reads it; one that goes by a rule says so."""
    if _known(key) or _by_rule(key) is None:
        return key
    return f"{key} (the rule in {LOCALTIME}, which is no zone known here)"


def both_clocks(moment: datetime) -> str:
    """A moment in its own zone and in UTC: `Sat 28 Nov 2026 03:00 CET (02:00 UTC)`."""
    utc = moment.astimezone(ZoneInfo("UTC"))
    other = f"{utc:%H:%M}" if utc.date() == moment.date() else f"{utc.day} {utc:%b %H:%M}"
    return f"{moment:%a} {moment.day} {moment:%b %Y %H:%M %Z} ({other} UTC)"


def _linked(target: str) -> ZoneInfo | None:
    name = target.rpartition(_MARK)[2] if _MARK in target else ""
    return _known(name) if name else None


def _known(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name.removeprefix("posix/").removeprefix("right/"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _copied(read: Callable[[str], bytes], path: str, offset: Callable[[], str]) -> ZoneInfo:
    try:
        data = read(path)
        if not data.startswith(b"TZif"):
            return ZoneInfo("UTC")
        told = read(TIMEZONE).decode("ascii", "replace").strip()
    except RekindleError:
        return ZoneInfo("UTC")
    name = _name_of(data, told)
    if name:
        return ZoneInfo(name)
    rule = data.rstrip(b"\n").rpartition(b"\n")[2].decode("ascii", "replace")
    return _by_rule(rule) or _by_rule(_fixed(offset())) or ZoneInfo("UTC")


def _name_of(data: bytes, told: str) -> str:
    """The zone that has exactly this content: the one that is told, else the first by its name."""
    names = sorted(available_timezones(), key=lambda name: (name != told, "/" not in name, name))
    return next((name for name in names if _has(name, data)), "")


def _has(name: str, data: bytes) -> bool:
    for folder in TZPATH:
        file = Path(folder, name)
        try:
            if file.stat().st_size == len(data) and file.read_bytes() == data:
                return True
        except OSError:
            continue
    return False


def _fixed(offset: str) -> str:
    """`+0530`, as date tells it, as a rule: POSIX counts westwards."""
    match = _OFFSET.fullmatch(offset.strip())
    if match is None:
        return ""
    sign, hours, minutes = match.groups()
    west = "-" if sign == "+" else "+"
    return f"<{sign}{hours}{minutes}>{west}{int(hours)}:{minutes}"


def _by_rule(rule: str) -> ZoneInfo | None:
    if len(rule) > _LONGEST_RULE or not _RULE.fullmatch(rule):
        return None
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    block = header + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    try:
        return ZoneInfo.from_file(BytesIO(2 * block + f"\n{rule}\n".encode("ascii")), key=rule)
    except ValueError:
        return None
