"""Looking into an archive against the pipeline an operator would use, and in time and memory.

The dumps are a real pg_dump's, of a database that is nearly all audit log, as an engine's is.
"""

import json
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from steps.hosted_engine.archive.inspect import inspect
from tests.bench.claim import Claim, interleaved, ratio_claim, timed
from tests.engine_archives import MODERN, build
from tests.engine_schema import schema
from tests.real.postgres_support import running_postgres
from tests.screens.terminal import python

ROW_BYTES = 205
AUDIT_LOG = """INSERT INTO audit_log SELECT n, 'VM vm' || n % 977 || ' was migrated from host '
  || md5(n::text) || ' to ' || md5((n * 7)::text) || ' by admin@internal in ' || n * 37 % 1000
  || ' seconds, correlation ' || md5((n + 5)::text), NULL, 'x' || n
  FROM generate_series(1, {rows}) n;"""
WANTED = "vds_static|vm_static|vm_dynamic"
PIPELINE = (
    "tar {unpack} -xOf '{path}' ./db/engine_backup.db | {inner} "
    "awk '/^COPY public\\.(" + WANTED + ") /{{on=1}} on{{print}} /^\\\\\\.$/{{on=0}}' > /dev/null"
)
OPTIONS = {
    "plain": ("--format=plain",),
    "custom": ("--format=custom",),
    "custom, not compressed": ("--format=custom", "--compress=0"),
}


def measure(rounds: int, megabytes: int = 300, small: int = 60) -> list[Claim]:
    """`megabytes` is the size of the plain dump; `small` that of the one that is xz within xz."""
    with tempfile.TemporaryDirectory(prefix="rekindle-bench-") as folder:
        archives = dict(_archives(Path(folder), megabytes, small))
        plain, twice = archives.pop("plain"), archives.pop("xz")
        return [
            _against(plain, "plain in gzip / tar | awk", "-z", "", rounds),
            _against(twice, "xz in xz / tar | xz | awk", "-J", "xz -dc |", rounds),
            *(_seconds(path, name, rounds) for name, path in archives.items()),
            *(_memory(path) for path in (plain, twice, *archives.values())),
        ]


def _archives(folder: Path, megabytes: int, small: int) -> Iterator[tuple[str, Path]]:
    with running_postgres() as server:
        for name, size in (("large", megabytes), ("small", small)):
            rows = size * 1_000_000 // ROW_BYTES
            server.create(name, schema("4.5") + AUDIT_LOG.format(rows=rows))
        for name, options in OPTIONS.items():
            dumps = {"engine_backup.db": server.dump("large", *options)}
            yield name, build(folder / f"{name}.backup", MODERN.but(dumps=dumps))
        dumps = {"engine_backup.db": server.dump("small", "--format=plain")}
        recipe = MODERN.but(dumps=dumps, outer="xz", db_compressor="xz")
        yield "xz", build(folder / "xz.backup", recipe)


def _against(path: Path, name: str, unpack: str, inner: str, rounds: int) -> Claim:
    command = PIPELINE.format(path=path, unpack=unpack, inner=inner)

    def theirs() -> None:
        subprocess.run(["sh", "-c", command], check=True)

    timings = interleaved({"ours": lambda: _look(path), "theirs": theirs}, rounds)
    return ratio_claim(f"inspect, {name}", timings, "ours", "theirs", 1.0)


def _look(path: Path) -> None:
    found = inspect(path)
    assert found.fit_for_restore
    assert len(found.hosts or ()) == 4


def _seconds(path: Path, name: str, rounds: int) -> Claim:
    times = [timed(lambda: _look(path)) for _ in range(rounds)]
    wall = statistics.median(timing.wall for timing in times)
    cpu = statistics.median(timing.cpu for timing in times)
    return Claim(f"inspect, {name}", wall, 2.0, "s", f"CPU {cpu:.2f} s")


def _memory(path: Path) -> Claim:
    code = (
        "import sys; from tui.main import main; code = main(sys.argv[1:]); "
        "print(open('/proc/self/status').read(), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [*python("-c", code), "inspect", str(path), "--json"], capture_output=True, check=True
    )
    assert json.loads(done.stdout)["fit_for_restore"]
    peak = next(line for line in done.stderr.decode().splitlines() if line.startswith("VmHWM"))
    return Claim(f"memory, inspect {path.stem}", int(peak.split()[1]) / 1000, 150.0, "MB")
