"""How an answer stands in the tool's answer file: `type:text`, and back.

Each form knows the answers it stands for by name. `write` gives None where nothing is to be
written; `read` gives None for a value that the form does not understand, and no answers where the
file says "ask me" (`none:None`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from config.otopi.typed import Typed
from config.questions import Given, Value

Read = Mapping[str, Value] | None


@dataclass(frozen=True, slots=True)
class Stored:
    """One form: its otopi type, the answers it is made from, and the two directions."""

    type: str
    names: tuple[str, ...]
    write: Callable[[Given], Typed | None]
    read: Callable[[Typed], Read]


def text(name: str, **words: str) -> Stored:
    """A text as it is; `words` are answers that the file calls otherwise (spice is qxl)."""
    answers = {stored: answer for answer, stored in words.items()}

    def write(given: Given) -> Typed | None:
        value = given.get(name)
        return Typed("str", words.get(value, value)) if isinstance(value, str) and value else None

    def read(typed: Typed) -> Read:
        if typed.type != "str" or not typed.text:
            return None
        return {name: answers.get(typed.text, typed.text)}

    return Stored("str", (name,), write, read)


def several(name: str) -> Stored:
    """A list, written with commas."""

    def write(given: Given) -> Typed | None:
        value = given.get(name)
        return Typed("str", ",".join(value)) if isinstance(value, tuple) and value else None

    def read(typed: Typed) -> Read:
        parts = tuple(part.strip() for part in typed.text.split(",") if part.strip())
        return {name: parts} if typed.type == "str" and parts else None

    return Stored("str", (name,), write, read)


def whole(name: str, type_: str = "str") -> Stored:
    """A whole number, of type `str` (most keys) or `int`."""

    def write(given: Given) -> Typed | None:
        value = given.get(name)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return Typed(type_, str(value)) if is_number else None

    def read(typed: Typed) -> Read:
        digits = typed.text.strip()
        plain = typed.type in ("int", "str") and digits.isascii() and digits.isdigit()
        return {name: int(digits)} if plain and len(digits) <= 18 else None

    return Stored(type_, (name,), write, read)


def flag(name: str, *, only: bool | None = None) -> Stored:
    """Yes or no as a bool. With `only`, that one answer alone is written."""

    def write(given: Given) -> Typed | None:
        value = given.get(name)
        if not isinstance(value, bool) or (only is not None and value is not only):
            return None
        return Typed("bool", str(value))

    def read(typed: Typed) -> Read:
        return {name: typed.is_true} if typed.type == "bool" else None

    return Stored("bool", (name,), write, read)


def word(name: str, answer: Value, stored: Typed, *others: tuple[Value, Typed]) -> Stored:
    """Single answers that stand as fixed words; every other answer is not written at all."""
    pairs = ((answer, stored), *others)

    def write(given: Given) -> Typed | None:
        value = given.get(name)
        return next((form for one, form in pairs if one == value and one is not None), None)

    def read(typed: Typed) -> Read:
        return next(({name: one} for one, form in pairs if form == typed), None)

    return Stored(stored.type, (name,), write, read)


def secret(name: str) -> Stored:
    """A password: never written, never read."""
    return Stored("str", (name,), lambda _given: None, lambda _typed: None)


DHCP = "dhcp"
STATIC = "static"


def static_address(network: str, address: str) -> Stored:
    """The machine's address with its prefix, or False for DHCP: two answers in one key."""

    def write(given: Given) -> Typed | None:
        value = given.get(address)
        if given.get(network) == DHCP:
            return Typed("bool", "False")
        return Typed("str", value) if isinstance(value, str) and "/" in value else None

    def read(typed: Typed) -> Read:
        if typed.type == "bool" and not typed.is_true:
            return {network: DHCP}
        if typed.type != "str" or "/" not in typed.text:
            return None
        return {network: STATIC, address: typed.text}

    return Stored("str", (network, address), write, read)


def static_names(name: str) -> Stored:
    """The machine's name servers; False where DHCP brings them, which says nothing of its own."""
    servers = several(name)

    def read(typed: Typed) -> Read:
        off = typed.type == "bool" and not typed.is_true
        return {} if off else servers.read(typed)

    return Stored("str", (name,), servers.write, read)
