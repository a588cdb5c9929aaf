"""Which steps an undo takes back, and when it is refused. Pure: reads the fold only."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import Refused
from steps.run.view import RunView, StepView


def back_to_safe_point(view: RunView, step: str) -> tuple[str, ...]:
    """Steps to undo, the last first, to be where the last safe point before `step` was.

    Raises Refused where an irreversible step stands in the way or there is nothing to undo.
    """
    return _undoable(_since_safe_point(view, step))


def everything(view: RunView) -> tuple[str, ...]:
    """Steps to undo, the last first, to be where the run began. Raises Refused."""
    return _undoable(list(view.steps.values()))


def covers(view: RunView, steps: Sequence[str], *, whole: bool) -> tuple[str, ...]:
    """Every step of the stretch that this undo goes back over, also those with nothing to undo.

    They are looked at again should the run ever go on.
    """
    if whole:
        return tuple(view.steps)
    return tuple(step.name for step in _since_safe_point(view, steps[0]))


def _since_safe_point(view: RunView, step: str) -> list[StepView]:
    """Steps of the stretch; for a step of a lane, those of its lane only."""
    lane = view.steps[step].lane
    number = next(n for n, phase in enumerate(view.phases) if phase.name == view.steps[step].phase)
    first = number
    while first > 0 and not view.phases[first - 1].safe_point:
        first -= 1
    found = [step for phase in view.phases[first : number + 1] for step in phase.steps]
    return [step for step in found if not lane or step.lane == lane]


def _undoable(steps: list[StepView]) -> tuple[str, ...]:
    touched = [step for step in steps if step.touched]
    for step in touched:
        if step.irreversible:
            raise Refused(
                f"{step.title!r} was begun, and what it does cannot be undone.",
                "Go on with: resume.",
            )
    found = tuple(step.name for step in reversed(touched) if step.can_undo)
    if not found:
        raise Refused("There is nothing to undo: no step has changed anything.")
    return found
