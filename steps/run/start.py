"""From answers to a run: survey, conflicts, plan, and what still stands in the way.

No screen and no terminal here: the wizard and the commands both come this way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from config.answers import check_value, settled, unanswered
from config.errors import InvalidInput, Refused
from config.questions import Given
from config.secret_sources import resolve
from config.secrets import Secret, SecretReference
from config.site import Site
from config.site_secrets import resolve_site_secrets
from steps.conflicts import Blocking, ConflictSet, Desk, Resolution, Resolutions
from steps.probing import ask_survey
from steps.procedure import Plan, Procedure, Survey
from steps.run.directory import RunDirectory, create_run

LookAround = Callable[[Procedure, Site, Given, Mapping[str, Secret]], Survey]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything decided, and what is not: ready to start when `open_rows` and `blocking` are
    empty."""

    procedure: Procedure
    site: Site
    given: Given
    survey: Survey
    conflicts: ConflictSet | None
    resolutions: Resolutions
    open_rows: tuple[str, ...]
    blocking: tuple[Blocking, ...]
    plan: Plan | None
    """None while a row is open or something blocks."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    """Decisions for rows that do not differ (any more)."""

    def check_ready(self) -> Plan:
        """The plan; raises Refused where a row is open or something blocks, naming all of it."""
        if self.plan is not None:
            return self.plan
        titles = {row.id: row.title for row in self.conflicts.rows} if self.conflicts else {}
        lines = [f"to decide: {row} ({titles.get(row, row)})" for row in self.open_rows]
        lines += [f"{block.message} {block.remedy}".strip() for block in self.blocking]
        raise Refused(
            "Nothing was started:\n" + "\n".join(f"  {line}" for line in lines),
            "Decide the rows under `resolutions:` in the answer file, or in the wizard.",
        )


def complete_answers(procedure: Procedure, given: Given) -> Given:
    """Defaults added, unasked answers left out; raises InvalidInput naming what is missing."""
    complete = settled(procedure.interview, given)
    missing = unanswered(procedure.interview, complete)
    if missing:
        names = ", ".join(question.name for question in missing)
        raise InvalidInput(f"These answers are missing: {names}.", "Add them to the answer file.")
    for name, value in complete.items():
        question = procedure.interview.question(name)
        if question is not None:
            check_value(question, value, complete)
    return complete


def gather_secrets(
    procedure: Procedure, site: Site, given: Given, ask: Callable[[str], Secret]
) -> dict[str, Secret]:
    """Secrets of the site by their names, and those among the answers by the question's name.

    `ask` is called with the title of one that must be typed, as the interview calls it.
    """
    secrets = resolve_site_secrets(site, ask)
    for name, value in given.items():
        if isinstance(value, SecretReference):
            question = procedure.interview.question(name)
            secrets[name] = resolve(value, ask, question.title if question else name)
    return secrets


def prepare(
    procedure: Procedure,
    site: Site,
    given: Given,
    decisions: Mapping[str, str],
    secrets: Mapping[str, Secret],
    prompts: Mapping[str, str] | None = None,
    *,
    look: LookAround = ask_survey,
) -> Prepared:
    """Look at the world and plan. `decisions` are resolutions as text, by row.

    Raises InvalidInput for wrong answers or decisions, and what looking at the world raises.
    """
    complete = complete_answers(procedure, given)
    return settle(
        procedure,
        site,
        complete,
        decisions,
        look(procedure, site, complete, secrets),
        prompts or {},
    )


def settle(
    procedure: Procedure,
    site: Site,
    given: Given,
    decisions: Mapping[str, str],
    survey: Survey,
    prompts: Mapping[str, str],
) -> Prepared:
    """The pure part of `prepare`: conflicts and plan from what was seen."""
    conflicts = procedure.conflicts(site, given, survey) if procedure.conflicts else None
    resolutions = _decide(conflicts, decisions)
    open_rows = tuple(conflicts.still_open(resolutions)) if conflicts else ()
    blocking = tuple(conflicts.blocking(resolutions)) if conflicts else ()
    ready = not open_rows and not blocking
    plan = procedure.plan(site, given, resolutions, survey) if ready else None
    return Prepared(
        procedure=procedure,
        site=site,
        given=given,
        survey=survey,
        conflicts=conflicts,
        resolutions=resolutions,
        open_rows=open_rows,
        blocking=blocking,
        plan=plan,
        prompts=prompts,
        unused=_unused(conflicts, decisions),
    )


def make_run(prepared: Prepared) -> RunDirectory:
    """A run directory for what was prepared; raises Refused where it is not ready."""
    prepared.check_ready()
    return create_run(
        prepared.site,
        prepared.procedure.name,
        prepared.given,
        prepared.resolutions,
        prepared.survey,
        prepared.prompts,
    )


def plan_data(prepared: Prepared) -> dict[str, Any]:
    """What would be done, as JSON data, for `plan --json`."""
    plan = prepared.plan
    return {
        "procedure": prepared.procedure.name,
        "site": prepared.site.name,
        "open": list(prepared.open_rows),
        "blocking": [
            {"code": block.code, "message": block.message, "remedy": block.remedy}
            for block in prepared.blocking
        ],
        "object": plan.object if plan else "",
        "verb": plan.verb if plan else "",
        "estimate_seconds": plan.estimate_seconds if plan else None,
        "point_of_no_return": plan.point_of_no_return if plan else None,
        "settings": [{"title": title, "value": value} for title, value in plan.settings]
        if plan
        else [],
        "phases": [
            {
                "name": phase.name,
                "title": phase.title,
                "steps": [
                    {
                        "name": step.name,
                        "title": step.title,
                        "reason": step.reason,
                        "irreversible": step.irreversible,
                        "optional": step.optional,
                        "commands": list(step.commands()),
                    }
                    for step in phase.steps
                ],
            }
            for phase in (plan.phases if plan else ())
        ],
    }


def _decide(conflicts: ConflictSet | None, decisions: Mapping[str, str]) -> Resolutions:
    if conflicts is None:
        return {}
    known = {row.id for row in conflicts.rows}
    desk = Desk(conflicts)
    desk.decide_all(
        {row: Resolution.parse(text) for row, text in decisions.items() if row in known}
    )
    return desk.decided


def _unused(conflicts: ConflictSet | None, decisions: Mapping[str, str]) -> tuple[str, ...]:
    known = {row.id for row in conflicts.rows} if conflicts else set()
    return tuple(row for row in decisions if row not in known)
