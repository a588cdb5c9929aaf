"""Look at what is installed, reachable and usable. Every finding comes with its remedy.

Exit code 0 where nothing is wrong, 1 where something is.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from config.errors import RekindleError
from config.secrets import Secret
from config.site import Site
from config.site_file import find_site
from steps.doctor.diagnosis import Diagnosis, concern, fault, fine, healthy
from steps.run.text import counted
from tui.commands.site import site_counts
from tui.terminal_guard import plain_reason


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle doctor`."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--seconds",
        type=float,
        default=30.0,
        metavar="N",
        help="how long a node or the directory may take to answer (default: 30)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print every finding as it comes (as JSON: at the end); 1 where one of them is an error."""
    found = []
    for diagnosis in _examined(arguments):
        found.append(diagnosis)
        if not arguments.json:
            print("\n".join(as_lines(diagnosis)), flush=True)
    if arguments.json:
        print(json.dumps([asdict(diagnosis) for diagnosis in found], indent=2))
    else:
        print(_summary(found))
    return 0 if healthy(found) else 1


def as_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """A finding in plain lines, its remedy below it; where several are wrong, a line for each."""
    first, *more = _lines_of(diagnosis.seen) or [""]
    yield f"{diagnosis.level:<8} {diagnosis.topic}: {first}"
    yield from (f"{'':<8}   {line}" for line in more)
    if diagnosis.remedy:
        first, *more = _lines_of(diagnosis.remedy) or [""]
        yield f"{'':<8}   do: {first}"
        yield from (f"{'':<8}       {line}" for line in more)


def _examined(arguments: argparse.Namespace) -> Iterator[Diagnosis]:
    from steps.doctor.folders import examine_folders
    from steps.doctor.software import examine_software

    yield from examine_software()
    yield from examine_folders()
    yield _terminal()
    try:
        site = find_site(arguments.site)
    except RekindleError as error:
        yield fault("site file", error.message, error.remedy)
        return
    yield _site_file(site)
    if site is not None:
        yield from _reached(site, arguments)


def _reached(site: Site, arguments: argparse.Namespace) -> Iterable[Diagnosis]:
    from steps.doctor.site import examine_site, gather_secrets

    may_ask = sys.stdin.isatty() and not arguments.json
    secrets, diagnoses = gather_secrets(site, _typed if may_ask else None)
    return [*diagnoses, *examine_site(site, secrets, arguments.seconds)]


def _typed(title: str) -> Secret:
    from getpass import getpass

    return Secret(getpass(f"{title}: "))


def _site_file(site: Site | None) -> Diagnosis:
    if site is None:
        return concern(
            "site file", "there is none yet", "Begin one: rekindle site --example; or use --site."
        )
    return fine("site file", f"{site.file}: site {site.name}, {site_counts(site)}")


def _terminal() -> Diagnosis:
    reason = plain_reason()
    if reason:
        return fine("terminal", f"plain lines will be used: {reason}")
    columns, rows = shutil.get_terminal_size()
    if columns < 80 or rows < 24:
        seen = f"{columns} columns, {rows} rows; the full screen needs 80x24"
        return concern("terminal", seen, "Make it larger, or use --plain.")
    return fine("terminal", f"full screen, {columns} columns, {rows} rows, UTF-8")


def _summary(found: list[Diagnosis]) -> str:
    counts = {level: 0 for level in ("ok", "warning", "error")}
    for diagnosis in found:
        counts[diagnosis.level] += 1
    warnings, errors = counted(counts["warning"], "warning"), counted(counts["error"], "error")
    return f"{counts['ok']} ok, {warnings}, {errors}"


def _lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
