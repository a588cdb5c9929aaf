"""Whether a run may be gone on with, or undone. Pure: reads the fold and the plan only."""

from __future__ import annotations

from config.errors import Refused
from steps.procedure import Plan
from steps.run.events import PREPARED, Finish, StepState
from steps.run.undo import everything
from steps.run.view import RunView


def check_resumable(view: RunView, *, undo: bool = False) -> None:
    """Raise Refused where there is nothing to go on with, or no way back."""
    if undo:
        everything(view)
    elif view.undone_whole and view.undo is None:
        raise Refused(
            "This run was undone as a whole: its plan was made for a world that is gone.",
            "Make a new plan.",
        )
    elif view.outcome is Finish.DONE and not put_off(view):
        raise Refused("This run is done: there is nothing left to do.", "See: rekindle report")


def check_same_steps(view: RunView, plan: Plan) -> None:
    """Raise Refused where the plan, made again, lacks a step that this run has touched."""
    names = {step.name for step in plan.steps}
    lost = [step.name for step in view.steps.values() if step.touched and step.name not in names]
    if lost:
        raise Refused(
            f"The plan has no step {lost[0]!r} any more, but this run has begun it.",
            "Resume it with the version of Rekindle that started it.",
        )


def put_off(view: RunView) -> frozenset[str]:
    """Optional steps that were put off and may be done now."""
    return frozenset(
        step.name
        for step in view.steps.values()
        if step.state is StepState.SKIPPED and step.put_off
    )


def offered_again(view: RunView) -> frozenset[str]:
    """Steps that a resumed run offers once more: put off in a finished one, or left out.

    A lane that was left out as prepared, or that is all there is left to do, is taken up again.
    """
    if view.outcome is Finish.DONE:
        return put_off(view)
    if view.outcome is None:
        return frozenset()
    steps = view.steps.values()
    nothing_else = all(step.finished or step.lane in view.left_out for step in steps)
    lanes = {lane for lane, left in view.left_out.items() if nothing_else or left.by == PREPARED}
    return frozenset(step.name for step in steps if step.lane in lanes and not step.succeeded)
