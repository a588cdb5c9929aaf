"""Versions of the engine, and which backup an installed engine takes back.

The rule is engine-backup's own, for restore and for verify alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput
from steps.hosted_engine.archive.problems import Problem

_TEXT: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9}){1,5})(?:[-_.~+][\w.~+-]*)?")

Numbers = tuple[int, ...]

_PAIRS: Final[tuple[tuple[Numbers, Mapping[Numbers, tuple[Numbers, ...]]], ...]] = (
    ((4, 5, 1), {(4, 5): ((4, 3), (4, 4))}),
    ((4, 4), {(4, 4): ((4, 3),)}),
    ((3, 6, 7), {(4, 0): ((3, 6),)}),
)
"""From which engine-backup on: which older backups which installed engine takes."""

_ORDER_COUNTS_FROM: Final = (4, 4, 7)
_OLDEST_4_3: Final = (4, 3, 10)


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it is written, and its numbers; suffixes such as `_master` do not count."""

    text: str
    numbers: Numbers

    @classmethod
    def parse(cls, text: str) -> Version:
        """Raises InvalidInput."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise InvalidInput(
                f"{text[:80]!a} is not a version of the engine.", "It looks like 4.5.7 or 4.4.10.7."
            )
        return cls(text.strip(), tuple(int(number) for number in match[1].split(".")))

    @property
    def release(self) -> Numbers:
        """The first two numbers."""
        return self.numbers[:2]


def version_problem(backup: Version, installed: Version) -> Problem | None:
    """Why the installed engine refuses this backup, or None where it takes it."""
    if backup.release == installed.release:
        newer = backup.numbers > installed.numbers
        if not newer or installed.numbers < _ORDER_COUNTS_FROM:
            return None
        return _refused(
            backup, installed, f"Update the engine to at least {backup.text} before the restore."
        )
    if backup.release not in _taken_by(installed):
        taken = [".".join(map(str, r)) for r in sorted((installed.release, *_taken_by(installed)))]
        return _refused(
            backup,
            installed,
            f"Engine {installed.text} takes backups of {', '.join(taken)}. "
            f"Install engine {'.'.join(map(str, backup.release))} on the new machine.",
        )
    if backup.release == (4, 3) and backup.numbers[:3] < _OLDEST_4_3:
        return _refused(
            backup,
            installed,
            "Restore it with an engine 4.3, update that to 4.3.10 or later, and back it up again.",
        )
    return None


def _taken_by(installed: Version) -> tuple[Numbers, ...]:
    for since, pairs in _PAIRS:
        if installed.numbers >= since:
            return pairs.get(installed.release, ())
    return ()


def _refused(backup: Version, installed: Version, remedy: str) -> Problem:
    return Problem(
        "version-refused",
        f"The backup was made by engine {backup.text}, and the engine that is installed "
        f"({installed.text}) does not take it back.",
        remedy,
    )
