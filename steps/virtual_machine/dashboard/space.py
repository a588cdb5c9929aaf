"""How long the backup storage lasts, from the sizes of the sets that are there. Pure.

A night's size is taken to change by the same amount from night to night (a straight line through
the nights that are there), and as many nights are kept as the plans say. Its honest width is given:
with few nights, or nights that differ much, the range is wide, and below three there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import sqrt
from statistics import mean, median

LEAST_NIGHTS = 3
HORIZON_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Night:
    """All sets of one date: bytes on disk."""

    day: date
    size: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the next night needs (bytes), by how much a night changes a day (bytes, and the
    standard error of that), and in how many days the storage is full: at the earliest, as the line
    runs. None: not within ten years. `reason` says why there is no forecast."""

    needs: int
    growth: float = 0.0
    error: float = 0.0
    earliest: int | None = None
    likely: int | None = None
    reason: str = ""


def forecast(nights: Sequence[Night], free: int, kept: int) -> Forecast:
    """The forecast for storage with `free` bytes where `kept` nights are kept."""
    ordered = sorted(nights, key=lambda night: night.day)
    if not ordered:
        return Forecast(0, reason="there is no backup yet")
    if len(ordered) < LEAST_NIGHTS:
        few = f"{len(ordered)} night{'s' if len(ordered) > 1 else ''}"
        return Forecast(ordered[-1].size, reason=f"{few}: too few for a trend")
    growth, error, level = _line(ordered)
    needs = max(round(level), 0)
    likely = _days(ordered, free, kept, growth, level)
    earliest = _days(ordered, free, kept, growth + 2 * error, level)
    return Forecast(needs, growth, error, earliest, likely)


def _line(nights: Sequence[Night]) -> tuple[float, float, float]:
    """Slope in bytes a day, its standard error, and the line's value one night after the last."""
    days = [(night.day - nights[0].day).days for night in nights]
    sizes = [night.size for night in nights]
    middle, average = mean(days), mean(sizes)
    spread = sum((day - middle) ** 2 for day in days)
    slope = sum((d - middle) * (s - average) for d, s in zip(days, sizes, strict=True)) / spread
    rest = [s - average - slope * (d - middle) for d, s in zip(days, sizes, strict=True)]
    error = sqrt(sum(r * r for r in rest) / (len(nights) - 2) / spread)
    return slope, error, average + slope * (days[-1] + _rhythm(nights) - middle)


def _rhythm(nights: Sequence[Night]) -> int:
    """Days from one night to the next."""
    pairs = pairwise(nights)
    return max(round(median((after.day - before.day).days for before, after in pairs)), 1)


def _days(nights: Sequence[Night], free: int, kept: int, growth: float, level: float) -> int | None:
    """Night after night: the new one must fit before the oldest goes."""
    held, step = [float(night.size) for night in nights], _rhythm(nights)
    for day in range(step, HORIZON_DAYS, step):
        new = max(level + growth * (day - step), 0.0)
        if new > free:
            return day
        held.append(new)
        free -= round(new)
        while len(held) > max(kept, 1):
            free += round(held.pop(0))
    return None
