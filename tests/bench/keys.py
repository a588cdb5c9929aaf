"""How long a key takes to be painted while a step logs 10 000 lines a second."""

import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.claim import Claim
from tests.screens.support import Script, make_run
from tests.screens.terminal import Terminal, python

LINES_A_SECOND = 10_000
BATCH_SECONDS = 0.02
LINE = (
    "03:14:07 image vda: chunk {:>9} copied, sha256 of it is as expected, next one follows here\n"
)
KEYS_A_ROUND = 100
KEYS = ("\x1b[A", "\x1b[B")
"""Up and down: the cursor of the step list moves, and nothing else does."""


class Flood(threading.Thread):
    """Appends lines to a file at a steady pace until it is stopped."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._path, self._ended = path, threading.Event()
        self.lines = 0

    def run(self) -> None:
        begun = time.perf_counter()
        with self._path.open("a") as log:
            while not self._ended.wait(BATCH_SECONDS):
                due = int((time.perf_counter() - begun) * LINES_A_SECOND)
                log.write("".join(LINE.format(n) for n in range(self.lines, due)))
                log.flush()
                self.lines = due

    def end(self) -> None:
        self._ended.set()
        self.join()


def measure(rounds: int) -> list[Claim]:
    """Milliseconds until a key is painted: each round's 99th percentile, the median of rounds.

    The same without a log comes first in each round: what it takes then is not the log's doing.
    """
    quiet: list[list[float]] = []
    flooded: list[list[float]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="rekindle-bench-") as folder:
            _round(Path(folder), quiet, flooded)
    without, worst = (statistics.median(map(_p99, found)) for found in (quiet, flooded))
    middle = statistics.median(wait for found in flooded for wait in found)
    detail = (
        f"median {middle:.1f} ms; p99 without a log {without:.1f} ms;"
        f" {rounds} rounds of {KEYS_A_ROUND} keys; load {os.getloadavg()[0]:.1f}"
    )
    return [
        Claim("a key painted while a step logs 10 000 lines/s (p99)", worst, 50.0, "ms", detail)
    ]


def _round(folder: Path, quiet: list[list[float]], flooded: list[list[float]]) -> None:
    with Script(make_run(folder)) as script:
        script.start()
        script.do("check.set")
        script.begin("swap.aside")
        program = python("-m", "tests.screens.attach_program", str(script.run.path))
        with Terminal(program) as terminal:
            terminal.wait_for("Wipe the old images")
            terminal.settle()
            quiet.append([_wait(terminal, KEYS[n % 2]) for n in range(KEYS_A_ROUND)])
            flood = Flood(script.run.step_log("swap.aside"))
            flood.start()
            terminal.wait_for("sha256 of it")
            flooded.append([_wait(terminal, KEYS[n % 2]) for n in range(KEYS_A_ROUND)])
            flood.end()


def _p99(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.99) - 1]


def _wait(terminal: Terminal, key: str) -> float:
    """Milliseconds until the cursor stands on another line."""
    while terminal.read(0.0):
        pass
    before = _cursor_line(terminal)
    begun = time.perf_counter()
    terminal.send(key)
    while _cursor_line(terminal) == before:
        terminal.read(0.005)
        if time.perf_counter() - begun > 5:
            raise AssertionError(f"the cursor never moved\n{terminal.text}")
    took = (time.perf_counter() - begun) * 1000
    time.sleep(0.03)
    return took


def _cursor_line(terminal: Terminal) -> int:
    lines = [number for number, line in enumerate(terminal.screen.display[:8]) if line[1] == ">"]
    return lines[0] if lines else -1
