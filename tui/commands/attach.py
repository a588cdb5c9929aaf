"""Watch a run and steer it: its steps, its questions, pause and stop."""

from __future__ import annotations

import argparse

from steps.run.directory import RunDirectory, find_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle attach`."""
    parser.add_argument("run", help="its id, the beginning of it, or `last`")


def run(arguments: argparse.Namespace) -> int:
    """Follow the run until it ends or the operator leaves."""
    return follow(find_run(arguments.run), arguments)


def follow(run: RunDirectory, arguments: argparse.Namespace) -> int:
    """Follow a run full screen, or in plain lines where that is wanted or needed."""
    if arguments.plain:
        from tui.follow_plain import follow_plain

        return follow_plain(run)
    from tui.app import run_attached

    return run_attached(run.path, mouse=arguments.mouse)
