"""What an operator may answer when a step failed, cannot be judged, or cannot be undone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from config.errors import Refused
from config.questions import Choice
from steps.procedure import Prompt, Step
from steps.run.events import FAILED_STEP, FAILED_UNDO
from steps.run.lanes import TOLD_AT_MOST
from steps.run.undo import back_to_safe_point
from steps.run.view import RunView, StepView
from steps.targets.fingerprints import same_fingerprint

LEAVE_OUT: Final = "leave-out"
LEAVE_OUT_ALL: Final = "leave-out-all"
RETRY_ALL: Final = "retry-all"
"""The last two are about every lane that the same step holds."""

AS_PREPARED: Final = "left out as prepared"
"""The reason where an answer file, and no operator, left a lane out."""

LEFT_AS_PREPARED: Final = "left as it is, as prepared"
"""The same where it left something as it is that could not be undone."""

UNATTENDED: Final = ("stop", "undo", LEAVE_OUT, LEAVE_OUT_ALL)
"""Answers an answer file may give to the runner's own questions: none that could go round."""

UNATTENDED_UNDO: Final = ("skip", "stop")
"""The same where an undo failed."""

AFTER_FAILED_UNDO: Final = (
    Choice("retry", "Try to undo it again"),
    Choice("skip", "Leave it as it is, with a reason, and undo the rest"),
    Choice("stop", "Stop here; the undo can be resumed"),
)


def after_failure(step: Step, view: RunView, alike: int = 0) -> tuple[Choice, ...]:
    """Retry, change, skip (or leave its lane out), undo, stop: the impossible ones say why.

    `alike` is how many other lanes failed at the same step: one answer may be for all of them.
    """
    change = "" if step.depends_on else "It depends on no answer."
    whom = f"all {alike + 1} that failed at this step"
    return (
        Choice("retry", "Look again, and try again where it is not done"),
        *((Choice(RETRY_ALL, f"The same for {whom}"),) if alike else ()),
        Choice("change", "Change an answer it depends on, then try again", refused=change),
        _leave_out(step) if step.lane else _skip(step),
        *((Choice(LEAVE_OUT_ALL, f"Leave {whom} out, with one reason"),) if alike else ()),
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
        *((_leave_out(step),) if step.lane else ()),
        _undo(step, view),
        Choice("stop", "Stop here; the run can be resumed"),
    )


def unattended(prompts: Mapping[str, str], prompt: Prompt) -> dict[str, str]:
    """The prepared answer to a question of the runner's own, where it is one that ends the matter.

    Where it is the only one that failed, leaving all out leaves it out. Where nothing can be left
    out, because all lanes need it, or there is nothing to undo, the run stops: nobody is there to
    be asked. For the same reason a file that has failures undone has what cannot be undone left as
    it is, and the rest undone, unless it says otherwise.
    """
    value = prompts.get(prompt.name)
    if prompt.name == FAILED_UNDO:
        if value is None and prompts.get(FAILED_STEP) == "undo":
            value = "skip"
        return {prompt.name: value} if value in UNATTENDED_UNDO else {}
    if value not in UNATTENDED:
        return {}
    offered = {choice.value for choice in prompt.choices if not choice.refused}
    if value == LEAVE_OUT_ALL and value not in offered:
        value = LEAVE_OUT
    return {prompt.name: value if value in offered else "stop"}


def prepared_value(prompt: Prompt, value: str, *, practice: bool) -> str:
    """The choice that a prepared answer stands for. On a practice site a word may take anything.

    Raises Refused where nobody can have prepared it, or it is not what is shown.
    """
    if prompt.in_person:
        raise Refused("It goes against what is seen: somebody must read it first.")
    if not prompt.seen or practice:
        return value
    takes, *others = (choice.value for choice in prompt.choices)
    if value in others:
        return value
    if same_fingerprint(value, prompt.seen):
        return takes
    if value == takes:
        raise Refused(
            f"That word would take whatever is shown. Shown is {prompt.seen}: once that has been"
            f' compared, write under `prompts:` {prompt.name}: "{prompt.seen}".'
        )
    raise Refused(
        f"Shown is {prompt.seen}. Somebody may be in between: compare it before it is taken."
    )


def kind_of(step: Step) -> str:
    """The step's name without its lane: what the same step of every lane has in common."""
    return step.name.removesuffix(f".{step.lane}") if step.lane else step.name


def held_too(lanes: Sequence[str]) -> str:
    """A line that names the other lanes that the same step holds; empty where there are none."""
    if not lanes:
        return ""
    more = [f"and {len(lanes) - TOLD_AT_MOST} more"] if len(lanes) > TOLD_AT_MOST else []
    return f"It failed for these as well: {', '.join([*lanes[:TOLD_AT_MOST], *more])}."


def of_lane(step: Step, text: str) -> str:
    """The text, beginning with the lane it is about."""
    return f"{step.lane}: {text}" if step.lane and step.lane not in text else text


def failure_detail(view: StepView) -> str:
    """What was seen, what was expected, what to do: a line each."""
    lines = (("Seen: ", view.seen), ("Expected: ", view.expected), ("What to do: ", view.remedy))
    return "\n".join(title + text for title, text in lines if text)


def left_undone(view: StepView) -> str:
    """That a step was not undone, and why."""
    return f"{view.title!r} was left as it is: {view.message}"


def _must(step: Step) -> bool:
    return step.irreversible and not step.optional


def _skip(step: Step) -> Choice:
    refused = "What cannot be undone is never skipped." if _must(step) else ""
    label = "Put it off" if step.optional else "Skip it"
    return Choice("skip", f"{label}, with a reason", refused=refused)


def _leave_out(step: Step) -> Choice:
    return Choice(LEAVE_OUT, f"Leave {step.lane} out, with a reason; the others go on")


def _undo(step: Step, view: RunView) -> Choice:
    what = f"{step.lane} back to its last safe point, and leave it out" if step.lane else ""
    label = f"Undo {what or 'back to the last safe point, and stop'}"
    try:
        count = len(back_to_safe_point(view, step.name))
    except Refused as error:
        return Choice("undo", label, refused=error.message)
    return Choice("undo", label, note=f"{count} step{'s' if count > 1 else ''}")
