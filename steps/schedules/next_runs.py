"""When a timetable comes round, as cron and as a systemd timer read it. Pure.

They differ where the clocks change (cron from its manual, systemd measured with 252):

                    fixed time in the skipped hour     fixed time in the doubled hour
    cron            once, right after the change       once, the first time
    systemd timer   not that day                       once, the first time

A timetable with a star in hour or minute simply follows the wall clock under cron, so that it
runs in both passes of the doubled hour; a timer runs in the first pass only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from config.timetable import Timetable

HORIZON_DAYS = 366 * 41
"""29 February on a given weekday can be 40 years away; what is empty for longer is empty."""


class Follower(StrEnum):
    """Who follows the timetable."""

    CRON = "cron"
    TIMER = "systemd timer"


def next_runs(
    timetable: Timetable, after: datetime, zone: ZoneInfo, count: int, who: Follower = Follower.CRON
) -> tuple[datetime, ...]:
    """The next `count` moments later than `after`, in that zone; fewer where there are no more."""
    found: list[datetime] = []
    first = after.astimezone(zone).date() - timedelta(days=1)
    for offset in range(HORIZON_DAYS):
        day = first + timedelta(days=offset)
        if not day_matches(timetable, day):
            continue
        found += [run for run in _runs_on(timetable, day, zone, who) if run > after.astimezone(UTC)]
        if len(found) >= count:
            break
    return tuple(run.astimezone(zone) for run in found[:count])


def last_due(
    timetable: Timetable, before: datetime, zone: ZoneInfo, who: Follower = Follower.CRON
) -> datetime | None:
    """The latest moment at or before `before`; None where there was none in 41 years."""
    last = before.astimezone(zone).date() + timedelta(days=1)
    for offset in range(HORIZON_DAYS):
        day = last - timedelta(days=offset)
        if not day_matches(timetable, day):
            continue
        runs = _runs_on(timetable, day, zone, who)
        past = [run for run in runs if run <= before.astimezone(UTC)]
        if past:
            return past[-1].astimezone(zone)
    return None


def day_matches(timetable: Timetable, day: date) -> bool:
    """cron's rule: day and weekday must both hold where one of them begins with a star, else
    either is enough."""
    if day.month not in timetable.month.numbers:
        return False
    by_day = day.day in timetable.day.numbers
    by_weekday = day.isoweekday() % 7 in timetable.weekday.numbers
    if timetable.day.star or timetable.weekday.star:
        return by_day and by_weekday
    return by_day or by_weekday


def _runs_on(
    timetable: Timetable, day: date, zone: ZoneInfo, who: Follower
) -> tuple[datetime, ...]:
    """Every moment of a day that matches, in order and once each.

    In UTC: two moments of one zone are compared by what the clock shows, which a change of the
    clocks makes wrong.
    """
    moments = {
        moment.astimezone(UTC)
        for hour in timetable.hour.numbers
        for minute in timetable.minute.numbers
        for moment in _moments(timetable, datetime.combine(day, time(hour, minute)), zone, who)
    }
    return tuple(sorted(moments))


def _moments(
    timetable: Timetable, wall: datetime, zone: ZoneInfo, who: Follower
) -> Iterator[datetime]:
    """The moments at which the clock on the wall shows `wall`, or what is done instead."""
    early, late = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    if not shown(early):
        if who is Follower.CRON and timetable.at_fixed_times:
            yield _end_of_gap(early)
        return
    yield early
    is_doubled = early.utcoffset() != late.utcoffset()
    if is_doubled and who is Follower.CRON and not timetable.at_fixed_times:
        yield late


def clock_changes(
    timetable: Timetable, after: datetime, zone: ZoneInfo, who: Follower
) -> tuple[str, ...]:
    """What the next change of the clocks does to it, within a year: a line for an hour that is
    skipped, one for an hour that is doubled."""
    if not timetable.at_fixed_times:
        return ()
    notes: dict[bool, str] = {}
    first = after.astimezone(zone).date()
    for offset in range(366):
        day = first + timedelta(days=offset)
        if day_matches(timetable, day) and _changes_on(day, zone):
            for hour, minute in _times(timetable):
                wall = datetime.combine(day, time(hour, minute), zone)
                is_skipped = not shown(wall)
                if is_skipped or wall.utcoffset() != wall.replace(fold=1).utcoffset():
                    notes.setdefault(is_skipped, _change_words(wall, is_skipped, who))
    return tuple(notes.values())


def _changes_on(day: date, zone: ZoneInfo) -> bool:
    """Whether the clocks change on that day or in the night to it."""
    evening, before = (datetime.combine(day - timedelta(days=n), time(23), zone) for n in (0, 1))
    return evening.utcoffset() != before.utcoffset()


def _times(timetable: Timetable) -> Iterator[tuple[int, int]]:
    for hour in sorted(timetable.hour.numbers):
        for minute in sorted(timetable.minute.numbers):
            yield hour, minute


def _change_words(wall: datetime, is_skipped: bool, who: Follower) -> str:
    named = f"{wall.day} {wall:%b %Y %H:%M}"
    if not is_skipped:
        return f"{named} comes twice: {who} runs it once, the first time"
    if who is Follower.TIMER:
        return f"{named} does not exist: a {who} does not run that day"
    return f"{named} does not exist: {who} runs it at {_end_of_gap(wall):%H:%M}"


def shown(moment: datetime) -> bool:
    """Whether a clock on the wall ever shows that time: it does not in an hour that is skipped."""
    back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return back.replace(tzinfo=None) == moment.replace(tzinfo=None)


def _end_of_gap(skipped: datetime) -> datetime:
    """The first moment after the change that skips this time."""
    zone = skipped.tzinfo
    # Read with the offset of after the change, the skipped time lies before it; and the reverse.
    low = skipped.replace(fold=1).astimezone(UTC)
    high = skipped.replace(fold=0).astimezone(UTC)
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0).astimezone(zone)
