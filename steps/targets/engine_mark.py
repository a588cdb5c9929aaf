"""The mark that joins what a run asked of an engine to the engine's own event log."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from config.errors import InvalidInput

LONGEST: Final = 50
"""An engine refuses a correlation id that is longer."""
_ALLOWED: Final = re.compile(r"[A-Za-z0-9._-]{1,50}")


def correlation_mark(run: str, step: str) -> str:
    """The correlation id of a step of a run; the same step always has the same."""
    mark = re.sub(r"[^A-Za-z0-9._-]", "-", f"rekindle-{run}-{step}")
    if len(mark) <= LONGEST:
        return mark
    digest = hashlib.sha256(mark.encode()).hexdigest()[:8]
    return f"{mark[: LONGEST - 9]}-{digest}"


def checked_mark(mark: str) -> str:
    """The mark itself. Raises InvalidInput where an engine would not take it."""
    if not _ALLOWED.fullmatch(mark):
        raise InvalidInput(
            f"{mark!r:.80} cannot be a correlation id.",
            f"Letters, digits, dots, dashes; at most {LONGEST}.",
        )
    return mark
