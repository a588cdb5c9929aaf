"""The errors that reach an operator: what is wrong, with the value, and what to do about it."""

from __future__ import annotations


class RekindleError(Exception):
    """Base of every error an operator may see.

    `message` says what is wrong, with the value and the place; `remedy` says what to do.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class InvalidInput(RekindleError):
    """A value, file or document that cannot be accepted. Nothing was changed."""

    exit_code = 2


class Refused(RekindleError):
    """A rule says no: an unresolved conflict, a wrong version, a lost race. Nothing was changed."""

    exit_code = 3


class Unreachable(RekindleError):
    """A host, service or file system that does not answer."""

    exit_code = 1


class StepFailed(RekindleError):
    """A step did not reach what it promised: `seen` and `expected` say how."""

    exit_code = 1

    def __init__(
        self, message: str, remedy: str = "", *, seen: str = "", expected: str = ""
    ) -> None:
        super().__init__(message, remedy)
        self.seen = seen
        self.expected = expected


class Interrupted(RekindleError):
    """The operator stopped it."""

    exit_code = 130


EXIT_WAITING = 4
"""Exit code when a run waits for an operator's answer."""
