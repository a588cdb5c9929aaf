"""Tables for the report: a step remembers one as a fact, and it is shown as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from steps.procedure import StepContext

PREFIX: Final = "table."


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


def tables_of(facts: Mapping[str, str]) -> list[dict[str, Any]]:
    """The tables among the facts of a run, as data for its report."""
    return [json.loads(text) for name, text in facts.items() if name.startswith(PREFIX)]


def plain_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts that are no tables."""
    return {name: text for name, text in facts.items() if not name.startswith(PREFIX)}
