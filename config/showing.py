"""Values as messages show them: nothing that moves a cursor, nothing that fills the screen."""

from __future__ import annotations

SHOWN = 80
"""How many characters of a value a message repeats."""


def quoted(value: object) -> str:
    """A value's text in quotes, escapes instead of control characters, cut if long."""
    text = str(value)
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}..."
