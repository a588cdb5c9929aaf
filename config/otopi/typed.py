"""Typed values of otopi: `bool:True` is type `bool`, text `True`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput
from config.showing import quoted

TYPES: Final = ("none", "bool", "int", "str", "multi-str")
"""What otopi reads. It also prints `object`, which it does not read."""

FALSE_WORDS: Final = frozenset({"0", "f", "F", "false", "False"})
"""What otopi reads as false; anything else is true, `no` included."""

_WHOLE = re.compile(r"\s*[+-]?[0-9]+(_[0-9]+)*\s*")


@dataclass(frozen=True, slots=True)
class Typed:
    """One value with its type. The text of a multi-str has its lines joined by line feeds."""

    type: str
    text: str

    def __str__(self) -> str:
        return f"{self.type}:{self.text}"

    @property
    def is_true(self) -> bool:
        """How otopi reads a bool: everything but five words is true."""
        return self.text not in FALSE_WORDS

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of a multi-str."""
        return tuple(self.text.splitlines())


ASK_ME: Final = Typed("none", "None")
"""A key that is there and still asked for."""


def parse_typed(text: str) -> Typed:
    """Read `TYPE:VALUE`. Raises InvalidInput for what otopi itself would refuse."""
    type_, colon, value = text.partition(":")
    if not colon:
        raise InvalidInput(
            f"{quoted(text)} has no type.", f"Write TYPE:VALUE, the type one of {', '.join(TYPES)}."
        )
    if type_ not in TYPES:
        known = f"Types are {', '.join(TYPES)}."
        if type_ == "object":
            known = "otopi prints this type and does not read it: remove the line. " + known
        raise InvalidInput(f"{quoted(type_)} is not a type of answer files.", known)
    if type_ == "int" and not _WHOLE.fullmatch(value):
        raise InvalidInput(f"int:{quoted(value)} is not a whole number.", "Write digits only.")
    return Typed(type_, value)
