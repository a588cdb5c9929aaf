"""Retain against `cp --sparse=always`: across file systems for the bytes moved, else a rename.

Both sides end with the data on the disk: a backup that is lost with the power is none.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from steps.targets.local import LocalShell
from tests.bench.claim import Claim, interleaved, ratio_claim
from tests.bench.copying import MIB, clear, make_sparse

ELSEWHERE = Path("/dev/shm")


def measure(rounds: int, size: int = 2048 * MIB, data: int = 320 * MIB) -> list[Claim]:
    """Sizes in bytes; `data` is what the image holds of its size."""
    with (
        tempfile.TemporaryDirectory(prefix="rekindle-bench-", dir=ELSEWHERE) as retain,
        tempfile.TemporaryDirectory(prefix="rekindle-bench-") as backup,
    ):
        source, target = Path(retain, "image.qcow2"), Path(backup, "image.qcow2")
        make_sparse(source, size, data)
        os.sync()
        shell = LocalShell()

        def theirs() -> None:
            command = ["cp", "-p", "--sparse=always", source, target]
            subprocess.run(command, check=True)
            subprocess.run(["sync", "-f", target], check=True)

        def ours() -> None:
            shell.copy(str(source), str(target))

        timings = interleaved({"cp": theirs, "ours": ours}, rounds, lambda: clear(target))
        name = "retain across file systems, with checksum / cp --sparse=always && sync"
        return [ratio_claim(name, timings, "ours", "cp", 1.2), _rename(shell, backup)]


def _rename(shell: LocalShell, folder: str) -> Claim:
    """On one file system no byte is moved, however large the image is."""
    one, other = Path(folder, "one"), Path(folder, "other")
    make_sparse(one, 1024 * MIB, 64 * MIB)
    began = time.monotonic()
    shell.rename(str(one), str(other))
    return Claim("retain on one file system", time.monotonic() - began, 0.5, "s")
