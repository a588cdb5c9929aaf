"""One entry of an answer file as one printable line: how entries are kept among answers.

    environment:default OVEHOSTED_X/someKey=str:value

A backslash begins an escape, so that a multi-str with its lines and any other sign stays whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from config.errors import InvalidInput
from config.otopi.conf import Entry
from config.otopi.keys import is_secret
from config.otopi.typed import Typed, parse_typed
from config.showing import quoted


@dataclass(frozen=True, slots=True)
class Line:
    """One kept entry."""

    section: str
    key: str
    value: Typed

    @property
    def is_secret(self) -> bool:
        """Whether its name says that it holds a password."""
        return is_secret(self.key)

    @property
    def entry(self) -> Entry:
        """The entry it stands for."""
        return Entry(self.section, self.key, self.value)


def text_of(entry: Entry) -> str:
    """The entry as one printable line."""
    return _escaped(f"{entry.section} {entry.key}={entry.value}")


def line_of(text: str) -> Line:
    """The entry of a line that `text_of` wrote, or an operator. Raises InvalidInput."""
    section, blank, rest = text.partition(" ")
    key, equals, value = _plain(rest).partition("=")
    if not blank or not equals or not key.strip() or not section:
        raise InvalidInput(
            f"{quoted(text)} is not a line of an answer file.",
            "Write SECTION KEY=TYPE:VALUE, for instance"
            " environment:default OVEHOSTED_VM/emulatedMachine=str:pc.",
        )
    return Line(_plain(section), key.strip(), parse_typed(value))


def _escaped(text: str) -> str:
    return "".join(sign if sign.isprintable() and sign != "\\" else _escape(sign) for sign in text)


def _escape(sign: str) -> str:
    return {"\\": "\\\\", "\n": "\\n", "\t": "\\t"}.get(sign, f"\\U{ord(sign):08x}")


def _plain(text: str) -> str:
    parts: list[str] = []
    place = 0
    while place < len(text):
        sign, taken = (text[place], 1) if text[place] != "\\" else _unescaped(text, place)
        parts.append(sign)
        place += taken
    return "".join(parts)


def _unescaped(text: str, place: int) -> tuple[str, int]:
    short = {"\\": "\\", "n": "\n", "t": "\t"}.get(text[place + 1 : place + 2])
    if short is not None:
        return short, 2
    digits = text[place + 2 : place + 10]
    try:
        if text[place + 1 : place + 2] != "U" or len(digits) != 8 or not digits.isalnum():
            raise ValueError
        return chr(int(digits, 16)), 10
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{quoted(text[place : place + 10])} is no escape.", "Write \\\\ for a backslash."
        ) from None
