"""What can be wrong with an archive: a stable code, what was found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput

OTHER_COPY: Final = "Use another copy of the archive, or an older archive."
"""What to do about damage that cannot be mended."""

CAUTIONS: Final = frozenset(
    {"no-files", "hash-unlisted-member", "damaged-warehouse", "mac-in-pool"}
)
"""Codes of what an operator must know, but that does not stand in the way of a restore."""

NO_ARCHIVE: Final = frozenset({"empty-file", "not-an-archive"})
"""Codes that say that the file is no archive at all."""

NO_DATABASE: Final = "no-database"
"""The code that says that the engine's own database is not in the archive."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; the code never changes, the words may."""

    code: str
    message: str
    remedy: str

    @property
    def blocks(self) -> bool:
        """Whether the archive is not fit for a restore because of it."""
        return self.code not in CAUTIONS


class ArchiveFault(InvalidInput):
    """Why a part of an archive cannot be read on; becomes a Problem of that code."""

    def __init__(self, code: str, message: str, remedy: str = OTHER_COPY) -> None:
        # The name of what is damaged often begins the sentence.
        super().__init__(message[:1].upper() + message[1:], remedy)
        self.code = code

    @property
    def problem(self) -> Problem:
        """The same as a finding."""
        return Problem(self.code, self.message, self.remedy)


def shown_name(name: str) -> str:
    """A name out of an archive, shortened and harmless to a terminal."""
    return ascii(name if len(name) <= 120 else f"{name[:117]}...")
