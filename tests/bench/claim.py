"""A claim about speed or size, what was measured, and whether it holds."""

import gc
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MARGIN = 1.15
"""Wall times on a shared machine differ by so much for no reason; a claim is broken beyond it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`measured` is to be at most `limit`; both in `unit` (a ratio is in "x")."""

    name: str
    measured: float
    limit: float
    unit: str = "x"
    detail: str = ""

    @property
    def verdict(self) -> str:
        """met, close (over the limit by no more than the noise), or NOT MET."""
        if self.measured <= self.limit:
            return "met"
        return "close" if self.measured <= self.limit * MARGIN else "NOT MET"

    @property
    def broken(self) -> bool:
        """Whether it fails the run."""
        return self.verdict == "NOT MET"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of wall time, and of processor time here and in children that were waited for."""

    wall: float
    cpu: float


Work = Callable[[], object]


def timed(work: Work) -> Timing:
    """Run it once with the garbage collector out of the way."""
    gc.collect()
    cpu, begun = _cpu_seconds(), time.perf_counter()
    work()
    return Timing(time.perf_counter() - begun, _cpu_seconds() - cpu)


def interleaved(
    works: Mapping[str, Work], rounds: int, before: Work = lambda: None
) -> dict[str, list[Timing]]:
    """Time each work once a round, in turn, backwards in each second round.

    `before` runs ahead of each work and is not timed: it puts the scene back in order. One round
    more comes first and is thrown away: it warms the caches.
    """
    timings: dict[str, list[Timing]] = {name: [] for name in works}
    for number in range(-1, rounds):
        names = list(works) if number % 2 == 0 else list(reversed(works))
        for name in names:
            before()
            timing = timed(works[name])
            if number >= 0:
                timings[name].append(timing)
    return timings


def ratio_claim(
    name: str, timings: Mapping[str, list[Timing]], ours: str, base: str, limit: float
) -> Claim:
    """The median over the rounds of our wall time by the other's; processor time as the detail."""
    pairs = list(zip(timings[ours], timings[base], strict=True))
    wall = statistics.median(mine.wall / theirs.wall for mine, theirs in pairs)
    cpu = statistics.median(mine.cpu / max(theirs.cpu, 1e-9) for mine, theirs in pairs)
    spread = sorted(mine.wall / theirs.wall for mine, theirs in pairs)
    seconds = statistics.median(mine.wall for mine, _theirs in pairs)
    other = statistics.median(theirs.wall for _mine, theirs in pairs)
    return Claim(
        name,
        wall,
        limit,
        detail=f"{seconds:.3f} s to {other:.3f} s; rounds {spread[0]:.2f}..{spread[-1]:.2f}; "
        f"CPU {cpu:.2f}x",
    )


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
