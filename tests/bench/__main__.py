"""Measure what we claim: `python -m tests.bench [NAME ...] [--rounds N] [--json FILE]`.

A benchmark is a module of this folder with `measure(rounds) -> list[Claim]`; its name on the
command line is the module's. Exits with 1 where a claim is clearly not met (by more than 15 %).
"""

import argparse
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.claim import Claim


def benchmarks() -> dict[str, object]:
    """The modules of this folder that measure something, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = {n: importlib.import_module(f"tests.bench.{n}") for n in names if n != "__main__"}
    return {name: module for name, module in modules.items() if hasattr(module, "measure")}


def table(claims: Sequence[Claim]) -> str:
    """The claims as text, a line for each and a line of detail below."""
    width = max((len(claim.name) for claim in claims), default=0)
    lines = []
    for claim in claims:
        measured = f"{claim.measured:10.3f} {claim.unit:<3} at most {claim.limit:g} {claim.unit}"
        lines.append(f"{claim.name:<{width}}  {measured:<34}  {claim.verdict}")
        if claim.detail:
            lines.append(f"    {claim.detail}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks asked for, or all; print the table; 0 where no claim is broken."""
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure our claims")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in known]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    # An operator's Python keeps its bytecode; one that may not would be measured compiling.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    claims: list[Claim] = []
    for name in given.names or known:
        print(f"== {name} (load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores)", flush=True)
        found = known[name].measure(given.rounds)
        print(table(found), flush=True)
        claims += found
    if given.json:
        rows = [{**asdict(claim), "verdict": claim.verdict} for claim in claims]
        given.json.write_text(json.dumps(rows, indent=2) + "\n")
    broken = [claim.name for claim in claims if claim.broken]
    print(
        f"{len(claims)} claims, {len(broken)} not met" + "".join(f"\n  {name}" for name in broken)
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
