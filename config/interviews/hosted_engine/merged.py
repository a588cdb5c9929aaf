"""One question out of the rows that share a name, whichever generation asks it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from config.interviews.hosted_engine.ansible_table import ANSIBLE_ROWS
from config.interviews.hosted_engine.builds import ANSIBLE, CLASSIC
from config.interviews.hosted_engine.classic_table import CLASSIC_ROWS
from config.interviews.hosted_engine.passwords import judge_password
from config.interviews.hosted_engine.table import Row
from config.interviews.hosted_engine.wording import LABELS, WORDINGS
from config.questions import Choice, Given, Kind, Question, Value

ROWS: tuple[Row, ...] = (*CLASSIC_ROWS, *ANSIBLE_ROWS)
"""Both tables."""


def rows_of(era: str) -> tuple[Row, ...]:
    """The table of one generation."""
    return {CLASSIC: CLASSIC_ROWS, ANSIBLE: ANSIBLE_ROWS}[era]


@cache
def rows_by_name() -> Mapping[str, tuple[Row, ...]]:
    """The rows of each answer, in the order of the tables."""
    found: dict[str, list[Row]] = {}
    for row in ROWS:
        if row.name:
            found.setdefault(row.name, []).append(row)
    return MappingProxyType({name: tuple(rows) for name, rows in found.items()})


def row_for(name: str, given: Given) -> Row:
    """The row that stands for an answer: of the generation answered, else the first."""
    rows = rows_by_name()[name]
    return next((row for row in rows if row.era == given.get("era")), rows[0])


@cache
def question(name: str) -> Question:
    """The question of that name; one object, so that it can stand on more than one page."""
    wording = WORDINGS[name]
    rows = rows_by_name()[name]
    return Question(
        name=name,
        title=wording.title,
        kind=wording.kind,
        why=wording.why,
        help=wording.help,
        default=_default(name, rows),
        required=wording.required,
        choices=_choices(name, rows) if wording.kind is Kind.CHOICE and not wording.lists else (),
        choices_probe=wording.lists,
        suggest_probe=wording.suggests,
        probe=wording.probe,
        depends_on=wording.depends_on,
        check=_check(name),
        condition=lambda given: any(row.asked(given) for row in rows),
        may_type=bool(wording.lists),
        judge_secret=judge_password if name in ("admin_password", "root_password") else None,
    )


def _default(name: str, rows: tuple[Row, ...]) -> Value | Callable[[Given], Value | None] | None:
    if len({repr(row.default) for row in rows}) == 1 and not callable(rows[0].default):
        return rows[0].default

    def default(given: Given) -> Value | None:
        value = row_for(name, given).default
        return value(given) if callable(value) else value

    return default


def _choices(
    name: str, rows: tuple[Row, ...]
) -> tuple[Choice, ...] | Callable[[Given], tuple[Choice, ...]]:
    labels = LABELS.get(name, {})

    def choices(given: Given) -> tuple[Choice, ...]:
        return tuple(Choice(c, labels.get(c, c)) for c in row_for(name, given).choices)

    return choices({}) if len({row.choices for row in rows}) == 1 else choices


def _check(name: str) -> Callable[[Value, Given], None]:
    def check(value: Value, given: Given) -> None:
        row_for(name, given).check(value, given)

    return check
