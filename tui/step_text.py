"""Steps of a run as text: a line each, or one opened. Pure; for the run screen and plain mode."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from steps.procedure import Plan, Step
from steps.run.events import Doing, StepState
from steps.run.view import Progress, RunView, StepView
from tui.widgets.conflict_words import visible
from tui.wording import bar, seconds, size

NO_WAY_BACK = "-- no way back after this --"

WORDS = {
    StepState.WAITING: "wait",
    StepState.RUNNING: "run",
    StepState.DONE: "done",
    StepState.ALREADY: "ok",
    StepState.FAILED: "FAILED",
    StepState.SKIPPED: "skipped",
    StepState.UNKNOWN: "UNSURE",
    StepState.UNDONE: "undone",
}
_DOING = {Doing.CHECKING: "check", Doing.UNDOING: "undo"}
_BAR = 16


def state_word(step: StepView) -> str:
    """The state in one word of at most seven letters."""
    return _DOING.get(step.doing) or WORDS[step.state]


def step_line(step: StepView, width: int, now: datetime, *, title: str = "", word: str = "") -> str:
    """One step, as wide as the screen; where it is narrow, the title is worth more than a rate.

    A lane's line has another title, and may have another word for how it stands.
    """
    left = f"{word or state_word(step):<7} {title or step.title}"
    variants = _progress(step.progress) if step.progress else [_took(step, now)]
    right = next((text for text in variants if len(left) + len(text) + 2 <= width), variants[-1])
    room = width - len(right) - 2
    if len(left) > room:
        left = left[: max(room - 2, 0)] + ".."
    return f"{left}{right:>{max(width - len(left), 0)}}"


def _took(step: StepView, now: datetime) -> str:
    elapsed = step.elapsed(now)
    if elapsed is None or step.state is StepState.WAITING:
        return ""
    if step.state is StepState.RUNNING:
        # Whole seconds: a running step is painted again once a second, not ten times.
        return f"{int(elapsed)} s" if elapsed < 60 else seconds(elapsed)
    return seconds(elapsed)


def _progress(progress: Progress) -> list[str]:
    """How far it is: everything, then without the rate, then bar and time only."""
    share = int(100 * progress.done / progress.total) if progress.total else 0
    drawn = f"{bar(progress.done, progress.total, _BAR)} {share:>3}%"
    amount = size(progress.done) if progress.unit == "B" else f"{progress.done} {progress.unit}"
    left = [] if progress.seconds_left is None else [f"{int(progress.seconds_left)} s left"]
    rate = [_rate(progress.rate, progress.unit)] if progress.rate else []
    variants = ([drawn, amount, *rate, *left], [drawn, amount, *left], [drawn, *left])
    return ["  ".join(parts) for parts in variants]


def _rate(rate: float, unit: str) -> str:
    return f"{size(rate)}/s" if unit == "B" else f"{rate:.0f} {unit}/s"


def step_in_hand(view: RunView) -> StepView | None:
    """The running step, the one that asks, or the first that is not through."""
    if view.current is not None:
        return view.current
    if view.question is not None and view.question.step in view.steps:
        return view.steps[view.question.step]
    waiting = (step for step in view.steps.values() if not step.finished)
    return next(waiting, None)


def problem_lines(step: StepView) -> list[str]:
    """What is wrong with a step, a fact a line: what was seen, expected, and the remedy."""
    facts = (
        ("wrong", step.message),
        ("seen", step.seen),
        ("expected", step.expected),
        ("remedy", step.remedy),
        ("reason", step.reason),
    )
    return [f"{name:<9} {visible_lines(text)}" for name, text in facts if text]


def step_text(step: StepView) -> str:
    """A step, opened: its state and everything known about it."""
    evidence = [f"evidence  {visible_lines(step.evidence)}"] if step.evidence else []
    return "\n".join([f"state     {state_word(step)}", *evidence, *problem_lines(step)])


def visible_lines(text: str) -> str:
    """Text of the world, line ends kept, everything else a terminal would obey written out."""
    return "\n".join(visible(line) for line in text.splitlines())


def plan_rows(plan: Plan) -> Iterator[tuple[str, Step | None]]:
    """The plan line by line: phases, numbered steps, and the line that ends the way back."""
    number = 0
    for phase in plan.phases:
        yield phase.title, None
        for step in phase.steps:
            number += 1
            if step.name == plan.point_of_no_return:
                yield NO_WAY_BACK, None
            later = "  (you may put it off)" if step.optional else ""
            yield f"{number:>3} {step.title}{later}", step


def plan_lines(plan: Plan) -> list[str]:
    """The plan as lines."""
    return [line for line, _ in plan_rows(plan)]


def plan_step_text(plan: Plan, number: str) -> str:
    """The step of that number, opened; empty where there is none."""
    found = plan.steps[int(number[:9]) - 1 :][:1] if _is_number(number) else ()
    return f"{found[0].title}\n{planned_step_text(found[0])}" if found else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text[:9]) > 0


def planned_step_text(step: Step) -> str:
    """One step of a plan: why, what it does, whether it can be undone."""
    commands = "\n".join(f"  {visible(command)}" for command in step.commands())
    does = f"What it does:\n{commands or '  (it only looks and asks)'}"
    if step.irreversible:
        undo = "It cannot be undone."
    else:
        undo = "It can be undone." if step.can_undo else "It leaves nothing to undo."
    return "\n\n".join(part for part in (step.reason, does, undo) if part)
