"""The runs there were, the newest first, and how they ended."""

from __future__ import annotations

import argparse
import json

from steps.run.directory import list_runs
from tui.run_summary import RunSummary, summary
from tui.wording import seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle runs`."""
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    parser.add_argument("--all", action="store_true", help="all of them, not only the newest 20")


def run(arguments: argparse.Namespace) -> int:
    """Print the list."""
    found = list_runs()
    told = [summary(run) for run in (found if arguments.all else found[:20])]
    if arguments.json:
        print(json.dumps([_plain(run) for run in told], indent=2))
    elif not told:
        print("There are no runs yet.")
    else:
        for line in told:
            print(_line(line))
    return 0


def _line(run: RunSummary) -> str:
    note = run.note if run.note and run.note != run.state else ""
    drill = " (drill)" if run.practice else ""
    return f"{run.mark} {run.path.name:<12} {run.state:<9} {run.title}{drill}  {note}".rstrip()


def _plain(run: RunSummary) -> dict[str, object]:
    return {
        "run": run.path.name,
        "folder": str(run.path),
        "procedure": run.procedure,
        "title": run.title,
        "state": run.state,
        "note": run.note,
        "practice": run.practice,
        "started": run.started.isoformat() if run.started else None,
        "seconds": round(run.took, 3),
        "duration": seconds(run.took),
    }
