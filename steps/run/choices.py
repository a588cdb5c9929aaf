"""What an operator may answer when a step failed, cannot be judged, or cannot be undone. Pure."""

from __future__ import annotations

from typing import Final

from config.errors import Refused
from config.questions import Choice
from steps.procedure import Step
from steps.run.undo import back_to_safe_point
from steps.run.view import RunView, StepView

UNATTENDED: Final = ("stop", "undo")
"""Answers an answer file may give to the runner's own questions: none that could go round."""

AFTER_FAILED_UNDO: Final = (
    Choice("retry", "Try to undo it again"),
    Choice("skip", "Leave it as it is, with a reason, and undo the rest"),
    Choice("stop", "Stop here; the undo can be resumed"),
)


def after_failure(step: Step, view: RunView) -> tuple[Choice, ...]:
    """Retry, change, skip, undo, stop: the impossible ones say why."""
    change = "" if step.depends_on else "It depends on no answer."
    skip = "What cannot be undone is never skipped." if _must(step) else ""
    skip_label = "Put it off" if step.optional else "Skip it"
    return (
        Choice("retry", "Look again, and try again where it is not done"),
        Choice("change", "Change an answer it depends on, then try again", refused=change),
        Choice("skip", f"{skip_label}, with a reason", refused=skip),
        _undo(step, view),
        Choice("stop", "Stop here; the run can be resumed"),
    )


def when_unknown(step: Step, view: RunView) -> tuple[Choice, ...]:
    """Verify, apply (never for an irreversible step), done, undo, stop."""
    refused = "It cannot be undone, so it is never repeated blindly." if step.irreversible else ""
    return (
        Choice("verify", "Look again"),
        Choice("apply", "It is not done: do it", refused=refused),
        Choice("done", "It is done: I have looked"),
        _undo(step, view),
        Choice("stop", "Stop here; the run can be resumed"),
    )


def failure_detail(view: StepView) -> str:
    """What was seen, what was expected, what to do: a line each."""
    lines = (("Seen: ", view.seen), ("Expected: ", view.expected), ("What to do: ", view.remedy))
    return "\n".join(title + text for title, text in lines if text)


def _must(step: Step) -> bool:
    return step.irreversible and not step.optional


def _undo(step: Step, view: RunView) -> Choice:
    label = "Undo back to the last safe point, and stop"
    try:
        count = len(back_to_safe_point(view, step.name))
    except Refused as error:
        return Choice("undo", label, refused=error.message)
    return Choice("undo", label, note=f"{count} step{'s' if count > 1 else ''}")
