"""What a step has for the report: tables, and lines of what is left to do; kept as facts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from steps.procedure import StepContext

PREFIX: Final = "table."
LEFT: Final = "left-to-do."


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, columns, and rows of as many cells."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def remember_table(context: StepContext, name: str, table: Table) -> None:
    """Journal a table, unless it stands there already; a later one of that name replaces it."""
    text = json.dumps(asdict(table))
    if context.recall(PREFIX + name) != text:
        context.remember(PREFIX + name, text)


def remember_left_to_do(context: StepContext, name: str, lines: Sequence[str]) -> None:
    """Journal what is left to the operator, unless it stands there; later lines replace it."""
    text = json.dumps(list(lines))
    if (context.recall(LEFT + name) or "[]") != text:
        context.remember(LEFT + name, text)


def left_to_do_of(facts: Mapping[str, str]) -> list[str]:
    """What the steps of a run left to the operator, a line each."""
    return [
        str(line) for name, text in facts.items() if name.startswith(LEFT)
        for line in json.loads(text)
    ]  # fmt: skip


def tables_of(facts: Mapping[str, str]) -> list[dict[str, Any]]:
    """The tables among the facts of a run, as data for its report."""
    return [json.loads(text) for name, text in facts.items() if name.startswith(PREFIX)]


def plain_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts that the report has no other place for."""
    return {name: text for name, text in facts.items() if not name.startswith((PREFIX, LEFT))}
