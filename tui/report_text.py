"""The report of a run in plain lines: shared by the report screen and plain mode. Pure but for
asking which report files exist."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from steps.run.directory import RunDirectory
from steps.run.events import Finish
from steps.run.view import RunView, StepView
from tui.widgets.conflict_words import visible
from tui.widgets.step_list import state_word
from tui.wording import seconds

_ENDED = {
    Finish.DONE: "Done.",
    Finish.FAILED: "Failed.",
    Finish.STOPPED: "Stopped.",
    Finish.UNDONE: "Undone: the world is as it was before.",
    Finish.ABORTED: "Aborted.",
}


def report_lines(run: RunDirectory, view: RunView) -> Iterator[str]:
    """Summary, what is left to do, timeline, decisions, saved paths."""
    yield from _summary(view)
    yield ""
    yield from _next(run, view)
    yield "Timeline"
    for phase in view.phases:
        yield f"  {phase.title}"
        for step in phase.steps:
            yield from _step(step)
    yield from _answers(view)
    yield from _notes(view)
    yield ""
    yield "Saved"
    yield from _saved(run)


def _summary(view: RunView) -> Iterator[str]:
    ended = _ENDED[view.outcome] if view.outcome else "Not finished."
    yield f"{view.verb} {view.object}: {ended}"
    if view.message:
        yield visible(view.message)
    took = seconds(view.elapsed())
    yield f"It took {took}, from {_moment(view.started)} to {_moment(view.finished)}."
    through = sum(step.finished for step in view.steps.values())
    yield f"{through} of {len(view.steps)} steps are through."


def _next(run: RunDirectory, view: RunView) -> Iterator[str]:
    put_off = [step.title for step in view.steps.values() if step.put_off]
    if view.outcome is Finish.DONE and not put_off:
        return
    yield "What to do next"
    for title in put_off:
        yield f"  {title}: put off; rekindle resume {run.id}"
    if view.outcome not in (Finish.DONE, Finish.UNDONE):
        yield f"  Go on: rekindle resume {run.id}"
        yield f"  Watch: rekindle attach {run.id}"
    yield ""


def _step(step: StepView) -> Iterator[str]:
    took = seconds(step.seconds) if step.seconds is not None else ""
    at = step.started.astimezone().strftime("%H:%M:%S") if step.started else "        "
    yield f"    {at}  {state_word(step):<7} {step.title}  {took}".rstrip()
    for text in (step.evidence, step.message, step.reason):
        for line in text.splitlines():
            yield f"                      {visible(line)}"


def _answers(view: RunView) -> Iterator[str]:
    if view.questions:
        yield ""
        yield "Answered on the way"
    for asked in view.questions:
        answer = "(secret)" if asked.question.secret else asked.answer or "(not answered)"
        yield f"  {visible(asked.question.text)}: {visible(answer)}  {asked.by}"


def _notes(view: RunView) -> Iterator[str]:
    if view.notes:
        yield ""
        yield "Noted"
    for at, text in view.notes:
        yield f"  {at.astimezone():%H:%M:%S}  {visible(text)}"


def _saved(run: RunDirectory) -> Iterator[str]:
    for kind in ("md", "html", "json"):
        if run.report_file(kind).exists():
            yield f"  {run.report_file(kind)}"
    yield f"  {run.journal_file}"
    yield f"  {run.log_folder}"


def _moment(at: datetime | None) -> str:
    return at.astimezone().strftime("%d %b %Y %H:%M:%S") if at else "now"
