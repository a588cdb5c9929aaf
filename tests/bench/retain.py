"""Retain against `cp --sparse=always`: across file systems for the bytes moved, else a rename.

Both sides end with the data on the disk: a backup that is lost with the power is none. What comes
after the copy is a cost of its own: the proof reads the file back from the disk, compares it, and
takes the SHA-256 that `sha256sum -c` will want. It is measured against `sha256sum` of the same file
dropped from the cache. That digest is one stream over every byte, holes as zeros: no way around it.
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
        copied = ratio_claim(name, timings, "ours", "cp", 1.2)
        return [copied, _proof(shell, target, rounds), _rename(shell, backup)]


def _proof(shell: LocalShell, target: Path, rounds: int) -> Claim:
    """Tree digest and plain SHA-256 in one pass, against the plain one alone."""

    def theirs() -> None:
        subprocess.run(["sha256sum", target], check=True, stdout=subprocess.DEVNULL)

    def ours() -> None:
        assert shell.checksum(str(target), sha256=True).sha256

    works = {"sha256sum": theirs, "ours": ours}
    timings = interleaved(works, max(rounds // 2, 1), lambda: _drop(target))
    return ratio_claim("proof by reading back / sha256sum", timings, "ours", "sha256sum", 1.2)


def _drop(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def _rename(shell: LocalShell, folder: str) -> Claim:
    """On one file system no byte is moved, however large the image is."""
    one, other = Path(folder, "one"), Path(folder, "other")
    make_sparse(one, 1024 * MIB, 64 * MIB)
    began = time.monotonic()
    shell.rename(str(one), str(other))
    return Claim("retain on one file system", time.monotonic() - began, 0.5, "s")
