"""Search filters (RFC 4515) for directories without a server: parsed once, matched in memory. Pure.

Without a schema every attribute compares like a directory string: letter case and repeated spaces
do not count. Extensible and approximate matches are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from config.errors import InvalidInput
from steps.targets.directory import Entry

MAX_CHARACTERS = 8192
MAX_DEPTH = 32

Match = Callable[[Entry], bool]

_ITEM = re.compile(r"\(([A-Za-z][A-Za-z0-9;.-]*|[0-9.]+)(>=|<=|=)([^()]*)\)")
_SPACES = re.compile(r"\s+")


def parse_filter(text: str) -> Match:
    """A function that says whether an entry matches. Raises InvalidInput with the place."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(f"The filter is longer than {MAX_CHARACTERS} characters.", "Shorten it.")
    stripped = text.strip()
    match, end = _filter(stripped, 0, 0)
    if end != len(stripped):
        raise _refused(stripped, end, "more follows after its end")
    return match


def same_value(first: bytes, second: bytes) -> bool:
    """Whether two values are equal as directory strings; binary ones byte by byte."""
    return _normal(first) == _normal(second)


def _filter(text: str, start: int, depth: int) -> tuple[Match, int]:
    if depth > MAX_DEPTH:
        raise _refused(text, start, f"nested deeper than {MAX_DEPTH}")
    kind = text[start + 1 : start + 2] if text[start : start + 1] == "(" else ""
    if kind not in ("&", "|", "!"):
        return _item(text, start)
    parts, end = _list(text, start + 2, depth + 1)
    if kind == "!":
        if len(parts) != 1:
            raise _refused(text, start, "`!` wants exactly one filter")
        return _none_of(parts[0]), end
    return (_all_of(parts) if kind == "&" else _any_of(parts)), end


def _list(text: str, position: int, depth: int) -> tuple[list[Match], int]:
    parts = []
    while text[position : position + 1] == "(":
        part, position = _filter(text, position, depth)
        parts.append(part)
    if text[position : position + 1] != ")":
        raise _refused(text, position, "a closing bracket is missing")
    return parts, position + 1


def _item(text: str, start: int) -> tuple[Match, int]:
    found = _ITEM.match(text, start)
    if found is None:
        raise _refused(text, start, "`(attribute=value)` must stand here")
    attribute, sign, value = found.groups()
    if sign != "=":
        return _ordered(attribute, sign, _unescaped(value, text, start)), found.end()
    pieces = [_unescaped(piece, text, start) for piece in value.split("*")]
    if len(pieces) == 1:
        return _equal(attribute, pieces[0]), found.end()
    if not any(pieces):
        return (lambda entry: bool(entry.values(attribute))), found.end()
    return _substring(attribute, pieces), found.end()


def _all_of(parts: Sequence[Match]) -> Match:
    return lambda entry: all(part(entry) for part in parts)


def _any_of(parts: Sequence[Match]) -> Match:
    return lambda entry: any(part(entry) for part in parts)


def _none_of(part: Match) -> Match:
    return lambda entry: not part(entry)


def _equal(attribute: str, wanted: bytes) -> Match:
    return lambda entry: any(same_value(value, wanted) for value in entry.values(attribute))


def _ordered(attribute: str, sign: str, wanted: bytes) -> Match:
    def fits(value: bytes) -> bool:
        low, high = (wanted, value) if sign == ">=" else (value, wanted)
        if _is_number(low) and _is_number(high):
            return int(low) <= int(high)
        return _normal(low) <= _normal(high)

    return lambda entry: any(fits(value) for value in entry.values(attribute))


def _substring(attribute: str, pieces: Sequence[bytes]) -> Match:
    first, *middle, last = [_normal(piece, keep_ends=True) for piece in pieces]

    def fits(value: bytes) -> bool:
        text = _normal(value)
        if not text.startswith(first) or not text.endswith(last):
            return False
        position = len(first)
        for piece in middle:
            found = text.find(piece, position)
            if found < 0:
                return False
            position = found + len(piece)
        return position <= len(text) - len(last)

    return lambda entry: any(fits(value) for value in entry.values(attribute))


def _normal(value: bytes, *, keep_ends: bool = False) -> bytes:
    try:
        text = _SPACES.sub(" ", value.decode("utf-8")).casefold()
    except UnicodeDecodeError:
        return value
    return (text if keep_ends else text.strip()).encode()


def _is_number(value: bytes) -> bool:
    return re.fullmatch(rb"-?[0-9]{1,40}", value) is not None


def _unescaped(value: str, text: str, start: int) -> bytes:
    """The value's bytes; a backslash must be followed by two hexadecimal digits."""
    raw = value.encode("utf-8")
    if re.search(rb"\\(?![0-9A-Fa-f]{2})", raw):
        raise _refused(text, start, "a backslash must be followed by two hexadecimal digits")
    return re.sub(rb"\\([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), raw)


def _refused(text: str, position: int, what: str) -> InvalidInput:
    return InvalidInput(
        f"The filter {text[:80]!r} is wrong at character {position + 1}: {what}.",
        "Write it as `(attribute=value)`, joined by `(&...)`, `(|...)` or `(!...)`.",
    )
