"""A timetable as systemd's OnCalendar, as a crontab line, and the unit files around it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from config.errors import InvalidInput
from config.timetable import CronField, Timetable
from steps.targets.quoting import command_line

_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is run when. `name` names the files, `command` is a program and its arguments,
    `procedure` the one that changes them."""

    name: str
    title: str
    timetable: Timetable
    command: tuple[str, ...]
    procedure: str


def on_calendar(timetable: Timetable) -> tuple[str, ...]:
    """The OnCalendar lines that mean the same. Two where cron takes day *or* weekday."""
    if timetable.day.star or timetable.weekday.star:
        return (_calendar(timetable, by_weekday=True, by_day=True),)
    return (
        _calendar(timetable, by_weekday=False, by_day=True),
        _calendar(timetable, by_weekday=True, by_day=False),
    )


def _calendar(timetable: Timetable, *, by_weekday: bool, by_day: bool) -> str:
    month = _numbers(timetable.month, 12)
    day = _numbers(timetable.day, 31) if by_day else "*"
    clock = f"{_numbers(timetable.hour, 24)}:{_numbers(timetable.minute, 60)}:00"
    text = f"*-{month}-{day} {clock}"
    if by_weekday and len(timetable.weekday.numbers) < 7:
        names = ",".join(_WEEKDAYS[number] for number in sorted(timetable.weekday.numbers))
        return f"{names} {text}"
    return text


def _numbers(field: CronField, count: int) -> str:
    if len(field.numbers) == count:
        return "*"
    return ",".join(f"{number:02d}" for number in sorted(field.numbers))


def service_unit(schedule: Schedule) -> str:
    """The .service: one run, started by its timer."""
    return _lines(
        _written_by(schedule),
        "[Unit]",
        f"Description={schedule.title}",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={' '.join(_unit_word(word) for word in schedule.command)}",
    )


def timer_unit(schedule: Schedule) -> str:
    """The .timer. Not persistent: what a node that was off has missed is not made up for by day."""
    return _lines(
        _written_by(schedule),
        f"# As cron writes it: {schedule.timetable}",
        "[Unit]",
        f"Description={schedule.title}, by timetable",
        "",
        "[Timer]",
        *(f"OnCalendar={line}" for line in on_calendar(schedule.timetable)),
        "AccuracySec=1s",
        "Persistent=false",
        "",
        "[Install]",
        "WantedBy=timers.target",
    )


def crontab(schedule: Schedule) -> str:
    """A file for /etc/cron.d. cron takes a bare `%` for the end of the line, so it is escaped."""
    command = command_line(schedule.command).replace("%", "\\%")
    return _lines(
        _written_by(schedule),
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        f"{schedule.timetable} root {command}",
    )


def _written_by(schedule: Schedule) -> str:
    return f"# Written by Rekindle. `rekindle run {schedule.procedure}` changes it."


def _unit_word(word: str) -> str:
    """One argument as systemd.service(5) reads it: quoted, `%` and `$` doubled."""
    if not word or any(ord(character) < 0x20 for character in word):
        raise InvalidInput(f"{word!r} cannot stand in a unit file.", "Use a plain path.")
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = all(c.isalnum() or c in "/._-+:=@," for c in word)
    return escaped if plain else f'"{escaped}"'


def _lines(*lines: str) -> str:
    return "\n".join(_flat(lines)) + "\n"


def _flat(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if "\n" in line or "\r" in line:
            raise InvalidInput(f"{line[:80]!r} is more than one line.", "Use a plain name.")
        yield line
