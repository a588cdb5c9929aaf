"""How the engine's backups stand: what is kept where, when the next is due, whether one is missing.

The timetable is read back from the files that hosted_engine.schedule wrote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from config.errors import InvalidInput
from config.schedules import CRON_FOLDER, SYSTEMD_FOLDER
from config.timetable import Timetable, parse_timetable
from steps.hosted_engine.backup.nightly.plan import FILE
from steps.hosted_engine.backup.nightly.there import cron_command, unit_command
from steps.hosted_engine.backup.record import Summary, moment_of
from steps.hosted_engine.backup.step_keep import read_text
from steps.schedules.next_runs import Follower, last_due, next_runs
from steps.schedules.zone import zone_of
from steps.targets.shell import Shell

STALE: Final = timedelta(days=2)
NIGHT: Final = timedelta(hours=6)
"""So long a backup may take before one that was due is missed."""
_TIMER_LINE: Final = re.compile(r"^# As cron writes it: (.+)$", re.MULTILINE)
_CRON_LINE: Final = re.compile(r"^((?:\S+\s+){4}\S+)\s+root\s+(.*)$", re.MULTILINE)
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Due:
    """A timetable on a host: who follows it, the last time it came round, the next ones.

    `owed` is the last time whose backup has had time enough to be there. `command` is what is
    started then.
    """

    host: str
    timetable: Timetable
    follower: Follower
    last: datetime | None
    following: tuple[datetime, ...]
    owed: datetime | None = None
    command: tuple[str, ...] = ()


def looked_at(more: Sequence[str] = ()) -> tuple[str, ...]:
    """The folders in which a timetable is looked for."""
    return tuple(dict.fromkeys((*more, SYSTEMD_FOLDER, CRON_FOLDER)))


def look_for_timetable(shell: Shell, now: datetime, more: Sequence[str] = ()) -> Due | None:
    """The timetable on that host; None where nobody there starts the backup. `more` are folders
    in which a schedule may have put it besides the usual ones.

    Raises InvalidInput where somebody has made something else of its file.
    """
    folders = looked_at(more)
    places = (
        *((f"{folder}/{FILE}.timer", _TIMER_LINE, Follower.TIMER) for folder in folders),
        *((f"{folder}/{FILE}", _CRON_LINE, Follower.CRON) for folder in folders),
    )
    for path, pattern, follower in places:
        text = read_text(shell, path)
        if not text:
            continue
        match = pattern.search(text)
        if match is None or len(match[1].split()) != 5:
            raise InvalidInput(
                f"{path} on {shell.where} has no timetable that is understood.", "Look at it."
            )
        timetable, zone = parse_timetable(*match[1].split()), zone_of(shell)
        last = last_due(timetable, now, zone, follower)
        following = next_runs(timetable, now, zone, _SHOWN, follower)
        owed = last_due(timetable, now - NIGHT, zone, follower)
        command = (
            unit_command(read_text(shell, path.removesuffix("timer") + "service"))
            if follower is Follower.TIMER
            else cron_command(match[2])
        )
        return Due(shell.where, timetable, follower, last, following, owed, command)
    return None


def what_is_wrong(kept: tuple[Summary, ...], due: Due | None, now: datetime) -> str:
    """That a night was missed, or the newest is old, of any engine that has backups there; empty
    where all is well."""
    engines = sorted({one.engine for one in kept})
    found = {
        engine: _wrong(tuple(one for one in kept if one.engine == engine), due, now)
        for engine in engines
    }
    if len(engines) < 2:
        return found[engines[0]] if engines else _wrong((), due, now)
    return "; ".join(f"{engine}: {text}" for engine, text in found.items() if text)


def _wrong(kept: tuple[Summary, ...], due: Due | None, now: datetime) -> str:
    moments = [m for one in kept if one.whole and (m := moment_of(one.made)) is not None]
    if not moments:
        return "there is no backup of the engine"
    newest = max(moments)
    if due is not None and due.owed is not None:
        owed = due.owed.astimezone(UTC)
        if newest < owed:
            return (
                f"the backup that was due at {owed:%d %b %Y %H:%M} UTC is missing; the newest is of"
                f" {newest:%d %b %Y %H:%M} UTC"
            )
        return ""
    if now - newest > STALE:
        return f"the newest is {(now - newest) / timedelta(days=1):.1f} days old, and stale"
    return ""
