"""The five fields of a cron timetable, as sstCron* holds them. Pure.

A field is what cron's own crontab(5) allows: `*`, numbers, names of months and weekdays, ranges
`a-b`, steps `*/n` and `a-b/n`, and lists of those. A step after a single number is refused, as the
original cron does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from config.errors import InvalidInput
from config.showing import quoted

_LONGEST = 200
_PART = re.compile(r"(\*|[0-9A-Za-z]{1,9})(?:-([0-9A-Za-z]{1,9}))?(?:/([0-9]{1,3}))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What one field may hold: its title, its range, the names that stand for numbers."""

    title: str
    first: int
    last: int
    names: tuple[str, ...] = ()


MINUTE = FieldRule("minute", 0, 59)
HOUR = FieldRule("hour", 0, 23)
DAY = FieldRule("day of the month", 1, 31)
MONTH = FieldRule("month", 1, 12, _MONTHS)
WEEKDAY = FieldRule("day of the week", 0, 7, _WEEKDAYS)
"""0 and 7 are Sunday."""


@dataclass(frozen=True, slots=True)
class CronField:
    """One field: its text, every number it means, and whether it begins with a star."""

    text: str
    numbers: frozenset[int]
    star: bool


@dataclass(frozen=True, slots=True)
class Timetable:
    """When something runs, in local time. Weekdays are 0 (Sunday) to 6."""

    minute: CronField
    hour: CronField
    day: CronField
    month: CronField
    weekday: CronField

    def __str__(self) -> str:
        fields = (self.minute, self.hour, self.day, self.month, self.weekday)
        return " ".join(field.text for field in fields)

    @property
    def at_fixed_times(self) -> bool:
        """Whether hour and minute are named: cron then makes up for hours that a clock skips."""
        return not self.minute.star and not self.hour.star

    @property
    def original_refuses(self) -> str:
        """Why the original's broker would not follow it; empty where it would."""
        if not self.minute.text.isdigit():
            return f"its minute must be one number, and is {self.minute.text}"
        if self.day.text != "*" and self.weekday.text != "*":
            return "one of day and weekday must be *"
        return ""


def parse_timetable(minute: str, hour: str, day: str, month: str, weekday: str) -> Timetable:
    """The timetable of these fields; raises InvalidInput with the field and what it may hold."""
    days = parse_field(weekday, WEEKDAY)
    folded = frozenset(number % 7 for number in days.numbers)
    return Timetable(
        parse_field(minute, MINUTE),
        parse_field(hour, HOUR),
        parse_field(day, DAY),
        parse_field(month, MONTH),
        CronField(days.text, folded, days.star),
    )


def parse_field(text: str, rule: FieldRule) -> CronField:
    """One field; raises InvalidInput."""
    found = text.strip()
    if not found or len(found) > _LONGEST:
        raise _refuse(text, rule, "it is empty or too long")
    numbers: set[int] = set()
    for part in found.split(","):
        numbers |= _numbers(part, text, rule)
    return CronField(found, frozenset(numbers), found.startswith("*"))


def _numbers(part: str, text: str, rule: FieldRule) -> set[int]:
    match = _PART.fullmatch(part)
    if match is None:
        raise _refuse(text, rule, f"{quoted(part)} cannot be read")
    begin, end, step = match.groups()
    if begin == "*":
        if end is not None:
            raise _refuse(text, rule, "a range cannot begin with *")
        first, last = rule.first, rule.last
    else:
        first = _number(begin, text, rule)
        last = first if end is None else _number(end, text, rule)
        if end is None and step is not None:
            raise _refuse(text, rule, f"a step needs * or a range before it, not {quoted(begin)}")
    if last < first:
        raise _refuse(text, rule, f"the range {part} runs backwards")
    if step is not None and not int(step):
        raise _refuse(text, rule, "a step of 0 never gets anywhere")
    return set(range(first, last + 1, int(step) if step else 1))


def _number(word: str, text: str, rule: FieldRule) -> int:
    lowered = word.lower()
    if lowered in rule.names:
        return rule.names.index(lowered) + (1 if rule is MONTH else 0)
    if not word.isdecimal() or not word.isascii() or not rule.first <= int(word) <= rule.last:
        raise _refuse(text, rule, f"{quoted(word)} is outside {rule.first} to {rule.last}")
    return int(word)


def _refuse(text: str, rule: FieldRule, why: str) -> InvalidInput:
    named = f", or {rule.names[0]} to {rule.names[-1]}" if rule.names else ""
    return InvalidInput(
        f"The {rule.title} {quoted(text)} is not a cron field: {why}.",
        f"Write * or numbers from {rule.first} to {rule.last}{named}; lists as 1,2; ranges as 1-5;"
        " steps as */2.",
    )
