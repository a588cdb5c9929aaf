"""Show what a procedure would do with these answers: looks at the world, changes nothing."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import InvalidInput, Refused
from config.interviews.virtual_machine_backup import ALL
from config.secrets import Secret
from config.site_file import require_site
from steps import catalogue
from steps.procedure import Plan, Procedure
from steps.run.start import Prepared, complete_answers, gather_secrets, plan_data, prepare
from steps.run.text import duration, one_line
from tui.typed_secret import ask_secret

if TYPE_CHECKING:
    from config.answer_file import AnswerFile

MACHINES = "machines"
"""The question that `--all` answers, in every procedure that asks it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle plan`."""
    parser.add_argument("procedure", help="its name; rekindle list shows them")
    parser.add_argument("--answers", type=Path, metavar="FILE")
    parser.add_argument(
        "--all", action="store_true", help="all machines (the answer `machines: [all]`)"
    )
    parser.add_argument("--json", action="store_true", help="print the plan as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the plan; exit code 3 while a difference is open or something blocks."""
    prepared, _secrets = prepare_from(arguments)
    if arguments.json:
        print(json.dumps(plan_data(prepared), indent=2))
    else:
        for line in plan_lines(prepared):
            print(line)
    return 0 if prepared.plan else Refused.exit_code


def prepare_from(arguments: argparse.Namespace) -> tuple[Prepared, dict[str, Secret]]:
    """Site, answer file and a look at the world, brought together; and the secrets in memory."""
    procedure = catalogue.find(arguments.procedure)
    site = require_site(arguments.site)
    answers = _answers(arguments, procedure)
    given = complete_answers(procedure, answers.answers)
    secrets = gather_secrets(procedure, site, given, ask_secret)
    return prepare(procedure, site, given, answers.resolutions, secrets, answers.prompts), secrets


def _answers(arguments: argparse.Namespace, procedure: Procedure) -> AnswerFile:
    """The answer file, with every machine where `--all` says so; defaults alone where that does."""
    from config.answer_file import AnswerFile, load_answers

    everything = bool(arguments.all)
    if everything and procedure.interview.question(MACHINES) is None:
        raise InvalidInput(f"{procedure.name} does not ask for several machines.", "Leave --all.")
    if arguments.answers is None:
        if not everything:
            raise InvalidInput("There are no answers.", "Give --answers FILE, or --all.")
        return AnswerFile(procedure.name, {MACHINES: (ALL,)})
    answers = load_answers(arguments.answers, procedure.interview, procedure.name)
    if not everything:
        return answers
    return replace(answers, answers={**answers.answers, MACHINES: (ALL,)})


def plan_lines(prepared: Prepared) -> Iterator[str]:
    """The plan, or what stands in its way, as plain lines."""
    for row in prepared.unused:
        yield f"Not used: {row} does not differ (any more)."
    if prepared.plan is None:
        yield from _obstacles(prepared)
    else:
        yield from _plan(prepared.plan)


def _obstacles(prepared: Prepared) -> Iterator[str]:
    rows = {row.id: row for row in prepared.conflicts.rows} if prepared.conflicts else {}
    for name in prepared.open_rows:
        row = rows[name]
        yield f"To decide: {name} ({one_line(row.title)})"
        for source, value in row.values.items():
            yield f"  {source}: {'(none)' if value is None else one_line(value)}"
        yield f"  allowed: {', '.join(decision.value for decision in row.allowed)}"
    for block in prepared.blocking:
        yield f"Blocked: {one_line(block.message)} {one_line(block.remedy)}".rstrip()


def _plan(plan: Plan) -> Iterator[str]:
    yield f"{plan.verb} {plan.object}"
    for title, value in plan.settings:
        yield f"  {title}: {one_line(value)}"
    if plan.estimate_seconds is not None:
        yield f"  Estimate: {duration(plan.estimate_seconds)}"
    for phase in plan.phases:
        yield ""
        yield phase.title
        for step in phase.steps:
            if step.name == plan.point_of_no_return:
                yield "  -- no way back after this --"
            yield f"  {step.title}{' (may be put off)' if step.optional else ''}"
            if step.reason:
                yield f"    why: {one_line(step.reason)}"
            yield from (f"    $ {one_line(command)}" for command in step.commands())
