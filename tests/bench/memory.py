"""What the wizard holds in memory while it shows a run with a log of a million lines."""

import tempfile
from pathlib import Path

from tests.bench.claim import Claim
from tests.screens.support import Script, make_run
from tests.screens.terminal import Terminal, python

LINES = 1_000_000
LINE = (
    "03:14:07 image vda: chunk {:>9} copied, sha256 of it is as expected, next one follows here\n"
)


def measure(rounds: int) -> list[Claim]:
    """Megabytes resident, after the run screen and the full log with its first and last line."""
    with (
        tempfile.TemporaryDirectory(prefix="rekindle-bench-") as folder,
        Script(make_run(Path(folder))) as script,
    ):
        script.start()
        script.begin("swap.aside")
        with script.run.step_log("swap.aside").open("w") as log:
            for start in range(0, LINES, 10_000):
                log.write("".join(LINE.format(n) for n in range(start, start + 10_000)))
        found = max(_resident(script) for _ in range(min(rounds, 3)))
    return [Claim("memory with a log of a million lines", found, 120.0, "MB")]


def _resident(script: Script) -> float:
    program = python("-m", "tests.screens.attach_program", str(script.run.path))
    with Terminal(program) as terminal:
        terminal.wait_for("sha256 of it")
        terminal.send("l")
        terminal.wait_for(f"{LINES} lines", 60)
        terminal.send("\x1b[H")
        terminal.wait_for("chunk         0 ")
        terminal.send("\x1b[F")
        terminal.wait_for(f"chunk    {LINES - 1} ")
        status = Path(f"/proc/{terminal.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1000
