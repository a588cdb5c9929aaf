"""From the start of the program to Home on the terminal, against a trivial Textual application."""

import os
import statistics
import tempfile
from pathlib import Path

from config.site_example import EXAMPLE
from tests.bench.claim import Claim
from tests.screens.terminal import Terminal, environment, python

TRIVIAL = """
from textual.app import App
from textual.widgets import Static

class Trivial(App):
    def compose(self):
        yield Static("The first line of text")

Trivial().run()
"""
WIZARD = "from tui.main import console; console()"


def seconds_to(command: list[str], *wanted: str, env: dict[str, str]) -> list[float]:
    """Seconds from the start of a program until its terminal shows each text, in turn."""
    with Terminal(command, env=env) as terminal:
        return [terminal.wait_for(text) for text in wanted]


def measure(rounds: int) -> list[Claim]:
    """Ours and the trivial one in turn, the order changing; the median of the rounds' ratios."""
    with tempfile.TemporaryDirectory(prefix="rekindle-bench-") as folder:
        site = Path(folder, "site.yaml")
        site.write_text(EXAMPLE)
        env = environment(REKINDLE_HOME=folder)
        wizard = python("-c", WIZARD, "--site", str(site))
        trivial = python("-c", TRIVIAL)
        painted, complete, theirs = [], [], []
        for number in range(rounds + 1):
            if number % 2:
                theirs += seconds_to(trivial, "The first line", env=env)
            first, whole = seconds_to(wizard, "ctrl+q quit", "Restore a machine", env=env)
            painted.append(first)
            complete.append(whole)
            if not number % 2:
                theirs += seconds_to(trivial, "The first line", env=env)
    # The first round warms the caches.
    ratio, whole_ratio = (
        statistics.median(ours / other for ours, other in zip(mine[1:], theirs[1:], strict=True))
        for mine in (painted, complete)
    )
    detail = (
        f"best {min(painted):.3f} s to {min(theirs):.3f} s; with the whole catalogue"
        f" {min(complete):.3f} s, {whole_ratio:.2f}x; load {os.getloadavg()[0]:.1f}"
    )
    return [
        Claim("first paint of Home, to a trivial Textual application's", ratio, 1.6, "x", detail)
    ]
