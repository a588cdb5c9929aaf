"""A server of a practice site in a process of its own, which says by a file that it is ready."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from config.errors import StepFailed

START_SECONDS = 40.0


def start_server(module: str, folder: Path, ready: Path, log: Path, what: str) -> None:
    """`python -P -m MODULE FOLDER`, until its file is there. Raises StepFailed with its words."""
    ready.unlink(missing_ok=True)
    with log.open("ab") as output:
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(folder)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            cwd=Path(__file__).resolve().parents[2],
        )  # fmt: skip
    until = time.monotonic() + START_SECONDS
    while not ready.exists():
        if server.poll() is not None or time.monotonic() > until:
            said = log.read_text().strip()[-1000:]
            raise StepFailed(f"{what} does not start: {said or 'no word'}", f"Look at {log}.")
        time.sleep(0.02)


def say_ready(file: Path) -> None:
    """Called by the server: its process id, whole at once."""
    temporary = file.with_suffix(".new")
    temporary.write_text(f"{os.getpid()}\n")
    temporary.replace(file)
