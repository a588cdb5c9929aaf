"""Our errors as JSON data and back, for what is said between our own processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from config.errors import (
    Interrupted,
    InvalidInput,
    Refused,
    RekindleError,
    StepFailed,
    Unreachable,
)

_KINDS: Final = {
    kind.__name__: kind for kind in (InvalidInput, Refused, Unreachable, StepFailed, Interrupted)
}


def error_to_data(error: RekindleError) -> dict[str, Any]:
    """The error's kind and its words."""
    data = {"error": type(error).__name__, "message": error.message, "remedy": error.remedy}
    if isinstance(error, StepFailed):
        data |= {"seen": error.seen, "expected": error.expected}
    return data


def error_from_data(data: Mapping[str, Any]) -> RekindleError:
    """The error again; one of an unknown kind becomes the base of all of them."""
    message, remedy = str(data.get("message", "")), str(data.get("remedy", ""))
    kind = _KINDS.get(str(data.get("error")), RekindleError)
    if kind is StepFailed:
        seen, expected = str(data.get("seen", "")), str(data.get("expected", ""))
        return StepFailed(message, remedy, seen=seen, expected=expected)
    return kind(message, remedy)
