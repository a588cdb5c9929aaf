"""Show the report of a run, written anew from its journal."""

from __future__ import annotations

import argparse
import sys

from steps import catalogue
from steps.run.directory import find_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle report`."""
    parser.add_argument("run", nargs="?", default="last", help="its id, or `last` (the default)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for a program")
    form.add_argument("--html", action="store_true", help="one self-contained page")
    form.add_argument("--path", action="store_true", help="only write the files, say where")


def run(arguments: argparse.Namespace) -> int:
    """Write the report's files where nobody else does, and print it."""
    from steps.run.report import as_html, as_json, as_markdown, write_reports
    from steps.run.report_data import gather

    run = find_run(arguments.run)
    procedure = catalogue.find(run.frozen().procedure)
    # A runner that lives writes its own report at the end, and knows secrets that we do not.
    data = gather(run, procedure) if run.holder() else write_reports(run, procedure)
    if arguments.path:
        for kind in ("md", "html", "json"):
            print(run.report_file(kind))
        return 0
    text = as_json(data) if arguments.json else as_html(data) if arguments.html else None
    sys.stdout.write(text if text is not None else as_markdown(data))
    return 0
