"""Where a secret comes from. A secret never prints: not in repr, not in str, not in a traceback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


class Secret:
    """A secret value, held in memory only. `reveal()` is the one way to the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text: Final = text

    def reveal(self) -> str:
        """The secret itself. Call it where it is handed over, keep it nowhere."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is never written down")


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where to get a secret: `prompt`, `file:PATH`, `environment:NAME`, `keyring:SERVICE/USER`."""

    source: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.source}:{self.place}" if self.place else self.source
