"""Numbers as an operator reads them. Pure; shared by the screens and plain mode."""

from __future__ import annotations

from datetime import datetime

from steps.run.text import duration as seconds

__all__ = ["about", "bar", "clock", "day", "minutes", "seconds", "size"]

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def size(count: float) -> str:
    """Bytes with a decimal unit: `2.1 GB`."""
    step = 0
    while count >= 999.5 and step < len(_UNITS) - 1:
        count /= 1000
        step += 1
    return (
        f"{count:.0f} {_UNITS[step]}"
        if step == 0 or count >= 99.5
        else f"{count:.1f} {_UNITS[step]}"
    )


def day(moment: datetime) -> str:
    """A day in local time: `2 Nov 2026`."""
    local = moment.astimezone()
    return f"{local.day} {local:%b %Y}"


def about(count: float) -> str:
    """An estimate: `30 s`, `3m12s`."""
    return f"{round(count)} s" if count < 59.5 else seconds(count)


def clock(count: float) -> str:
    """Elapsed time with seconds: `00:01:47`."""
    whole = max(int(count), 0)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def minutes(count: float) -> str:
    """Elapsed time that changes once a minute: `4 min`, `2 h 05`."""
    whole = max(int(count), 0) // 60
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60:02d}"


def bar(done: float, total: float, width: int = 20) -> str:
    """A progress bar of `#` and `.`: `[########............]`."""
    share = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
    filled = int(share * width)
    return "[" + "#" * filled + "." * (width - filled) + "]"
