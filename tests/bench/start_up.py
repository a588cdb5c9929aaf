"""What `rekindle --version` costs beyond a bare interpreter: the program answers at once."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench.claim import Claim, interleaved

PROGRAM = Path(sys.executable).with_name("rekindle")
LIMIT = 60.0
"""Milliseconds beyond `python -c pass`."""


def measure(rounds: int) -> list[Claim]:
    """Both programs in turn; the median of the differences."""
    works = {
        "ours": lambda: subprocess.run([PROGRAM, "--version"], check=True, capture_output=True),
        "bare": lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
    }
    timings = interleaved(works, rounds * 5)
    pairs = list(zip(timings["ours"], timings["bare"], strict=True))
    beyond = [1000 * (mine.wall - bare.wall) for mine, bare in pairs]
    bare = statistics.median(bare.wall for _, bare in pairs) * 1000
    return [
        Claim(
            "rekindle --version, beyond bare python",
            statistics.median(beyond),
            LIMIT,
            "ms",
            f"bare python {bare:.0f} ms; differences {min(beyond):.0f}..{max(beyond):.0f} ms",
        )
    ]
