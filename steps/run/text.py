"""Words of a run as plain text: one line of the world, a number of things, a duration. Pure."""

from __future__ import annotations

import unicodedata

_HIDDEN = ("Cc", "Cf", "Cs")
"""Unicode categories of characters that a terminal obeys instead of showing."""


def one_line(value: object) -> str:
    """A text of the world as one line without control characters: it may be shown by a terminal."""
    text = " ".join(str(value).split())
    return "".join(c for c in text if unicodedata.category(c) not in _HIDDEN)


def counted(number: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """`0.8 s`, `3m12s`, `2h05m`; a dash where it is not known."""
    if seconds is None:
        return "-"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
