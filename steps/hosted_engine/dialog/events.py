"""What a dialog parser hands over: the tool's words, each as one piece of data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How serious a line is, as the tool marks it. What it calls critical or fatal is an error."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Wants(StrEnum):
    """The form that the answer to a question must have."""

    LINE = "line"
    LINES = "lines"
    VALUE = "value"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Log:
    """One line of the tool's log."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """One line for humans, outside a question."""

    text: str


@dataclass(frozen=True, slots=True)
class Other:
    """A line in no dialect that we know: the output of a program that the tool has run.

    `waits`: nothing of the dialect came so far, and whoever said this (or nothing) fell silent: it
    may well wait at a prompt of its own.
    """

    text: str
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Display:
    """A value that the tool shows."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Planned:
    """The tool's whole plan: how many events it will go through (otopi 1.7.2 and later)."""

    total: int


@dataclass(frozen=True, slots=True)
class Passed:
    """One event of that plan has ended."""

    name: str


@dataclass(frozen=True, slots=True)
class Terminated:
    """The dialog is over; the tool may still be busy for a moment."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that the tool waits at.

    `name` is empty where the dialect does not show it; `occurrence` counts from 1 by name (by text
    where there is no name). `default` is None where the tool has none. `choices` are the valid
    answers, empty where anything goes. `hidden` is None where the dialect does not say.
    """

    name: str
    occurrence: int
    text: str
    wants: Wants = Wants.LINE
    default: str | None = None
    choices: tuple[str, ...] = ()
    hidden: bool | None = None
    boundary: str = ""

    @property
    def key(self) -> str:
        """Stable within one dialog: for the journal."""
        return f"{self.name or self.last_line}#{self.occurrence}"

    @property
    def last_line(self) -> str:
        """The line that asks; what stands before it explains."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    @property
    def words(self) -> str:
        """The text as one line, however it was wrapped: what fragments are looked for in."""
        return " ".join(self.text.split())

    @property
    def is_secret(self) -> bool:
        """Whether the answer must not be shown: as the tool says, else as its words tell."""
        if self.hidden is not None:
            return self.hidden
        if self.choices or self.default:
            return False  # "(yes, no, without-password)[yes]" is no question for one
        return "password" in self.last_line.casefold() or "passw" in self.name.casefold()


Event = Log | Note | Other | Display | Planned | Passed | Terminated | Asked
