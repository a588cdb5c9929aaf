"""A plan's outline as plain data: what the journal keeps so that a reader needs nothing else."""

from __future__ import annotations

from collections import Counter

from steps.procedure import Phase, Plan, Procedure, Step


def outline(procedure: Procedure, plan: Plan) -> dict[str, object]:
    """Fields of the PLAN event: titles, phases and steps, without commands.

    Raises ValueError where two steps or two phases have one name: the journal could not tell them
    apart.
    """
    for kind, things in (("step", plan.steps), ("phase", plan.phases)):
        twice = [name for name, count in Counter(t.name for t in things).items() if count > 1]
        if twice:
            raise ValueError(f"the plan of {procedure.name} has {kind} {twice[0]!r} twice")
    return {
        "procedure": procedure.name,
        "title": procedure.title,
        "object": plan.object,
        "verb": plan.verb,
        "phases": [_phase(phase) for phase in plan.phases],
    }


def _phase(phase: Phase) -> dict[str, object]:
    bound = {"at_once": phase.at_once} if any(step.lane for step in phase.steps) else {}
    return {
        "name": phase.name,
        "title": phase.title,
        "safe_point": phase.safe_point,
        **bound,
        "steps": [_step(step) for step in phase.steps],
    }


def _step(step: Step) -> dict[str, object]:
    lane = {"lane": step.lane} if step.lane else {}
    return {
        "name": step.name,
        "title": step.title,
        "irreversible": step.irreversible,
        "optional": step.optional,
        "can_undo": step.can_undo,
        **lane,
    }
