"""Default, choices and options that stand in a prompt's own words.

Before otopi 1.5, and in the human dialect always, they stand nowhere else: `(A, B)[D]: `,
sometimes with a blank before the bracket, sometimes with words inside it
(`[Defaults to minimum requirement: 2]`). Menus and lists number their entries, `(1) Text` or
`[1]` and a tab; the numbers moved between versions, so that only an entry's text tells what it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 16 << 10
"""Characters of a question's text that are looked at."""

_DEFAULT = re.compile(r"\[([^\[\]]*)\]\s*[:?]?\s*$")
_CHOICES = re.compile(r"\(([^()]*)\)\s*(?:\[[^\[\]]*\])?\s*[:?]?\s*$")
_MINIMUM = re.compile(r"^Defaults to [a-z ]+: (.*)$")
_OPTION = re.compile(r"^\s*[(\[]([0-9]{1,4})[)\]]\s+(\S.*)$")


@dataclass(frozen=True, slots=True)
class Option:
    """One numbered entry of a menu or list: what to send, and what it says."""

    number: str
    text: str


def default_in(text: str) -> str | None:
    """The default that the text ends with, or None."""
    found = _DEFAULT.search(_end(text))
    if found is None:
        return None
    inner = found[1].strip()
    minimum = _MINIMUM.match(inner)
    return minimum[1].strip() if minimum else inner


def choices_in(text: str) -> tuple[str, ...]:
    """The choices that the text ends with, before the default; empty where it lists none.

    A single word in brackets is an explanation, unless it is also the default.
    """
    found = _CHOICES.search(_end(text))
    if found is None:
        return ()
    parts = tuple(part.strip() for part in found[1].split(","))
    is_list = len(parts) > 1 or parts[0] == default_in(text)
    plain = all(part and " " not in part and ":" not in part for part in parts)
    return parts if is_list and plain else ()


def options_in(text: str) -> tuple[Option, ...]:
    """The numbered entries, each with the lines that go on below it."""
    options: list[Option] = []
    for line in text[-LONGEST:].splitlines():
        found = _OPTION.match(line)
        if found is not None:
            options.append(Option(found[1], " ".join(found[2].split())))
        elif options and choices_in(line):
            break  # the prompt after the menu: (1, 2, 3, 4)[1]:
        elif options and line.startswith((" ", "\t")) and line.strip():
            options[-1] = Option(options[-1].number, f"{options[-1].text} {' '.join(line.split())}")
        elif options and line.strip() and not line.startswith((" ", "\t")):
            break
    return tuple(options)


def _end(text: str) -> str:
    """The end of a text as one line: a narrow terminal may have wrapped it anywhere."""
    return " ".join(text[-LONGEST:].split())
