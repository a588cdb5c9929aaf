"""What a Tab costs over the line, uncompressed, on an interview page at 80x24."""

import tempfile

from tests.bench.claim import Claim
from tests.screens.terminal import Terminal, python

TABS = 8


def measure(rounds: int) -> list[Claim]:
    """The dearest Tab of all rounds, in kilobytes; the cheapest and a typed letter as detail."""
    costs: list[int] = []
    letters: list[int] = []
    for _ in range(rounds):
        with (
            tempfile.TemporaryDirectory(prefix="rekindle-bench-") as folder,
            Terminal(python("-m", "tests.screens.toy_program", folder)) as terminal,
        ):
            terminal.wait_for("drilled never")
            terminal.send("\r")
            terminal.wait_for("found the entry")
            terminal.settle(0.5)
            letters.append(_cost(terminal, "x"))
            costs += [_cost(terminal, "\t") for _ in range(TABS)]
    detail = f"{len(costs)} Tabs, {min(costs)}..{max(costs)} B; a letter {max(letters)} B"
    return [Claim("a Tab over the line", max(costs) / 1000, 5.0, "kB", detail)]


def _cost(terminal: Terminal, key: str) -> int:
    before = terminal.received
    terminal.send(key)
    terminal.settle()
    return terminal.received - before
