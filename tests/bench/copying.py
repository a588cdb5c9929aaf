"""Copy with checksum against the programs an operator would use instead.

The others do not fsync and ours does; that is in our time.
"""

import os
import random
import subprocess
import tempfile
from pathlib import Path

from steps.targets.copy import copy_file
from tests.bench.claim import Claim, interleaved, ratio_claim

MIB = 1 << 20


def make_sparse(path: Path, size: int, data: int) -> None:
    """An image as guests leave it: data in pieces from 4 KiB to 8 MiB, holes between."""
    rng = random.Random(3)
    lengths = [4096] * 4 + [65536] * 4 + [MIB] * 4 + [8 * MIB] * 3
    made = 0
    with open(path, "wb") as file:
        file.truncate(size)
        while made < data:
            length = min(rng.choice(lengths), size // 4)
            file.seek(rng.randrange(0, size - length) // 4096 * 4096)
            file.write(os.urandom(length))
            made += length


def make_dense(path: Path, size: int) -> None:
    """A file without holes or zeros, as a compressed or full qcow2 is."""
    with open(path, "wb") as file:
        for _ in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size)))


def clear(target: Path) -> None:
    """Remove it, and let the disk finish what earlier works left, so that none pays for another."""
    target.unlink(missing_ok=True)
    os.sync()


def measure(
    rounds: int, sparse: int = 4096 * MIB, data: int = 450 * MIB, dense: int = 512 * MIB
) -> list[Claim]:
    """Sizes in bytes; `data` is what the sparse image holds of its size."""
    with tempfile.TemporaryDirectory(prefix="rekindle-bench-") as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        make_sparse(source, sparse, data)
        os.sync()
        claims = _sparse_claims(source, target, rounds)
        make_dense(source, dense)
        os.sync()
        return claims + _dense_claims(source, target, rounds)


def _sparse_claims(source: Path, target: Path, rounds: int) -> list[Claim]:
    def remove() -> None:
        clear(target)

    def ours() -> None:
        copy_file(str(source), str(target))

    copied = interleaved(
        {"cp": lambda: _shell("cp -p {}", source, target), "ours": ours}, rounds, remove
    )
    slow = "cp -p {} && sha256sum {target}"
    hashed = interleaved(
        {"cp": lambda: _shell(slow, source, target), "ours": ours}, max(rounds // 3, 1), remove
    )
    return [
        ratio_claim("sparse copy with checksum / cp -p", copied, "ours", "cp", 2.5),
        ratio_claim("sparse copy with checksum / cp -p && sha256sum", hashed, "ours", "cp", 0.1),
    ]


def _dense_claims(source: Path, target: Path, rounds: int) -> list[Claim]:
    def ours() -> None:
        copy_file(str(source), str(target))

    def theirs() -> None:
        _shell("cp -p {} && openssl dgst -sha256 {target}", source, target)

    timings = interleaved({"cp": theirs, "ours": ours}, rounds, lambda: clear(target))
    name = "dense copy with checksum / cp -p && openssl dgst"
    return [ratio_claim(name, timings, "ours", "cp", 1.0)]


def _shell(command: str, source: Path, target: Path) -> None:
    line = command.format(f"'{source}' '{target}'", target=f"'{target}'")
    subprocess.run(["sh", "-c", line], check=True, stdout=subprocess.DEVNULL)
