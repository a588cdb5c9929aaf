"""What to say to a question of the running tool: from the answers, or nothing.

A question is known by its id and by a piece of its prompt: ids repeat, and in the human dialect
there are none. Whatever is not known for certain is not answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from config.interviews.hosted_engine.merged import question, rows_of
from config.interviews.hosted_engine.table import Row
from config.questions import Given, Kind, Value
from config.secrets import SecretReference


class Asked(Protocol):
    """One question as the tool asks it; the dialog client's own type has these and more."""

    @property
    def name(self) -> str:
        """Its id; empty where the dialect does not tell."""

    @property
    def occurrence(self) -> int:
        """How often it has been asked by now, this time included."""

    @property
    def text(self) -> str:
        """Notes and prompt, the lines as printed."""

    @property
    def choices(self) -> Sequence[str]:
        """The answers that the tool takes; empty where it does not tell or takes anything."""

    @property
    def hidden(self) -> bool | None:
        """Whether what is typed is not shown; None where the dialect does not tell."""


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """What to send: `text`, or the secret of that name (then `text` is empty).

    `entry`: the number of the listed entry that has these words, never the words themselves.
    `empty`: an empty line is meant.
    """

    name: str
    text: str = ""
    secret: str = ""
    entry: bool = False
    empty: bool = False


class KnownAnswers:
    """The answers of one interview, for the questions of one generation."""

    def __init__(self, given: Given, era: str) -> None:
        self._given = given
        self._rows = [row for row in rows_of(era) if row.id]

    def answer(self, asked: Asked) -> KnownAnswer | None:
        """The answer to this question; None where there is none that the tool would take."""
        row = self.row(asked)
        if row is None or not row.name:
            return None
        secret = question(row.name).kind is Kind.SECRET
        if asked.hidden is not None and asked.hidden is not secret:
            # A secret never goes to a question that shows it, and nothing else to one that hides.
            return None
        value = self._given.get(row.name)
        if secret:
            return self._secret(row, value)
        return self._said(row, value, asked)

    def row(self, asked: Asked) -> Row | None:
        """The row of the table that is asked; None where that is not certain."""
        found = [row for row in self._rows if not asked.name or asked.name in row.ids]
        if asked.name and len({row.name for row in found}) == 1:
            return found[0]
        prompt = " ".join(asked.text.split())
        fitting = [row for row in found if row.fits(prompt)]
        if not fitting and asked.name:
            # Only where the prompt is one of which no piece is known.
            fitting = [r for r in found if r.occurrence == asked.occurrence and not r.fragments]
        return fitting[0] if len({row.name for row in fitting}) == 1 else None

    def _secret(self, row: Row, value: Value | None) -> KnownAnswer | None:
        """The password; an empty line where these answers need none and the tool asks anyway."""
        if isinstance(value, SecretReference):
            return KnownAnswer(row.name, secret=row.name)
        return None if row.condition(self._given) else KnownAnswer(row.name, empty=True)

    def _said(self, row: Row, value: Value | None, asked: Asked) -> KnownAnswer | None:
        if value in (None, "", ()) or value is None:
            optional = not question(row.name).required
            return KnownAnswer(row.name, empty=True) if optional and not asked.choices else None
        said = row.said(value)
        if said is None:
            return None
        if row.listed:
            return KnownAnswer(row.name, said, entry=True)
        if not asked.choices:
            return KnownAnswer(row.name, said)
        taken = (one for one in asked.choices if one.casefold() == said.casefold())
        return next((KnownAnswer(row.name, one) for one in taken), None)
