"""How a value is shown to an operator, and to a program: never a secret. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from steps.virtual_machine import normalise as n
from steps.virtual_machine.cases import Case
from steps.virtual_machine.field_table import Rule
from steps.virtual_machine.sanitise import is_secret_name

SET, DIFFERS, NONE = "(set)", "(set, differs)", "(none)"
THERE, NOT_THERE = "there", "not there"
_SIZES = ("memory", "capacity", "allocation")


def is_secret(case: Case) -> bool:
    """Whether its values are never shown."""
    if case.field is None:
        return False
    row = case.field.row
    return row.rule is Rule.SECRET or any(map(is_secret_name, row.attributes))


def texts(case: Case) -> Mapping[str, str | None]:
    """Values by source in the directory's spelling, as a program reads them."""
    if is_secret(case):
        return _marks(case)
    return {source: seen.text if seen else None for source, seen in case.values.items()}


def _marks(case: Case) -> Mapping[str, str | None]:
    first = next((seen.key for seen in case.values.values() if seen and seen.key), None)
    return {
        source: None if seen is None or seen.key is None else SET if seen.key == first else DIFFERS
        for source, seen in case.values.items()
    }


def words(case: Case) -> Mapping[str, str | None]:
    """Values by source as people read them."""
    found = {}
    for source, text in texts(case).items():
        seen = case.values[source]
        plain = text is None or seen is None or case.field is None or is_secret(case)
        found[source] = text if plain or seen is None else key_words(case, seen.key, text)
    return found


def key_words(case: Case, key: str | None, text: str | None = None) -> str:
    """One value as people read it."""
    if case.field is None:
        return THERE if key is not None else NOT_THERE
    if key is None:
        return NONE
    if is_secret(case):
        return SET
    if case.field.row.id in _SIZES:
        return n.size_words(key)
    return (text if text is not None else key).replace("\n", ", ")
