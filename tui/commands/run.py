"""Run a procedure with an answer file. The run does not depend on this terminal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config.errors import InvalidInput, Refused
from steps.procedure import Plan
from tui.commands.plan import plan_lines, prepare_from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle run`."""
    parser.add_argument("procedure", help="its name; rekindle list shows them")
    parser.add_argument("--answers", type=Path, metavar="FILE")
    parser.add_argument(
        "--all", action="store_true", help="all machines (the answer `machines: [all]`)"
    )
    parser.add_argument("--yes", action="store_true", help="start without asking")
    parser.add_argument("--detach", action="store_true", help="start it and return at once")


def run(arguments: argparse.Namespace) -> int:
    """Plan, confirm, start, follow. Returns the exit codes that `rekindle --help` lists."""
    from steps.run.launcher import launch
    from steps.run.start import make_run
    from tui.follow_plain import follow_plain

    prepared, secrets = prepare_from(arguments)
    plan = prepared.check_ready()
    for line in plan_lines(prepared):
        print(line)
    if not arguments.yes:
        _confirm(plan)
    made = make_run(prepared)
    launched = launch(made, secrets)
    print(f"Run {made.id} started: {launched.how}, process {launched.pid}.", flush=True)
    if arguments.detach:
        print(f"Watch it: rekindle attach {made.id}")
        return 0
    return follow_plain(made)


def _confirm(plan: Plan) -> None:
    """Ask for the word that starts it; raises Refused without it."""
    if not sys.stdin or not sys.stdin.isatty():
        raise InvalidInput("Nobody is here to confirm this plan.", "Start it with --yes.")
    word = plan.confirm_by_typing or "yes"
    print(f"\n{plan.verb} {plan.object}? Type {word} to start: ", end="", flush=True)
    if sys.stdin.readline().strip() != word:
        raise Refused("It was not confirmed. Nothing was started.")
