"""How long ago something was, in words."""

from __future__ import annotations

from datetime import datetime, timedelta


def age_of(moment: datetime, now: datetime) -> str:
    """`3 days ago`; a moment to come says so."""
    past = now - moment
    if past < timedelta(0):
        return "in the future"
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = int(past.total_seconds() // size)
        if count:
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"
