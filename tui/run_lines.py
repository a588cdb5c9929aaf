"""A run as plain lines, one for each event worth telling. Pure but for the local time zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from steps.run.events import Event
from steps.run.text import counted, duration, one_line
from steps.run.view import OpenQuestion, Progress, RunView
from tui.lane_text import phase_line, running_words, titled
from tui.wording import size

PROGRESS_SECONDS: Final = 10.0
"""A screen reader reads every line: progress is told this often, not five times a second."""


class RunLines:
    """Folds events and tells them. `view` is the fold so far."""

    def __init__(self) -> None:
        self.view = RunView()
        self._told_progress: datetime | None = None

    def tell(self, event: dict[str, Any]) -> Iterator[str]:
        """Fold the event in and yield its lines, each beginning with the time."""
        self.view.apply(event)
        teller = _TELLERS.get(event["event"])
        if event["event"] == Event.PROGRESS and not self._progress_due(event):
            return
        if teller is not None:
            at = datetime.fromisoformat(event["at"]).astimezone()
            for line in teller(self.view, event):
                yield f"{at:%H:%M:%S} {one_line(line)}"

    def _progress_due(self, event: dict[str, Any]) -> bool:
        at = datetime.fromisoformat(event["at"])
        last = self._told_progress
        due = last is None or (at - last).total_seconds() >= PROGRESS_SECONDS
        if due:
            self._told_progress = at
        return due


def question_lines(question: OpenQuestion) -> Iterator[str]:
    """A question with what can be answered, a line each."""
    yield f"QUESTION {question.id}: {one_line(question.text)}"
    yield from (f"  {one_line(line)}" for line in question.detail.splitlines())
    for choice in question.choices:
        note = f" ({one_line(choice.note)})" if choice.note else ""
        refused = f" - not possible: {one_line(choice.refused)}" if choice.refused else ""
        value, label = one_line(choice.value), one_line(choice.label)
        # The label of a tool's own answer begins with that answer.
        named = label if label.startswith(f"{value}:") else f"{value}: {label}"
        yield f"  {named}{note}{refused}"


def _title(view: RunView, event: dict[str, Any]) -> str:
    step = view.steps.get(event["step"])
    return titled(step) if step else str(event["step"])


def _run_started(_view: RunView, event: dict[str, Any]) -> Iterator[str]:
    word = "Resumed" if event["resumed"] else "Started"
    yield f"{word} by {event['user']} on {event['host']}, {event['launcher']}."


def _already(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"{_title(view, event)}: as it should be. {event['evidence']}{_counted(view, event)}"


def _started(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"{_title(view, event)}: begun."


def _done(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    took = duration(event["seconds"])
    yield f"{_title(view, event)}: done in {took}. {event['evidence']}{_counted(view, event)}"


def _counted(view: RunView, event: dict[str, Any]) -> str:
    """` (Snapshot: 37 of 100 done, 8 running)` after the end of a lane's step."""
    step = view.steps.get(event["step"])
    phase = next((p for p in view.phases if step and step.lane and p.name == step.phase), None)
    return f" ({phase_line(view, phase)})" if phase else ""


def _lane_left_out(_view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"{event['lane']} is left out: {event['reason']} (by {event['by']})"


def _lane_taken_up(_view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"{event['lane']} was left out and is taken up again."


def _failed(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"{_title(view, event)}: FAILED. {event['message']}"
    for word in ("seen", "expected", "remedy"):
        if event[word]:
            yield f"  {word}: {event[word]}"


def _unknown(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"{_title(view, event)}: UNSURE. {event['evidence']}"


def _skipped(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    word = "put off" if event["put_off"] else "skipped"
    yield f"{_title(view, event)}: {word}. {event['reason']}"


def _undo_started(_view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"Undo of {counted(len(event['steps']), 'step')}, asked for by {event['by']}."


def _undoing(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"{_title(view, event)}: being undone."


def _undone(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"{_title(view, event)}: undone. {event['evidence']}"


def _undo_skipped(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"{_title(view, event)}: its undo was left out. {event['reason']}"


def _progress(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    """Of one step, or of all lanes at work: each would come round too seldom alone."""
    step = view.steps.get(event["step"])
    if step is None or step.progress is None:
        return
    if not step.lane:
        yield f"{step.title}: {progress_words(step.progress)}"
        return
    yield running_words(view)
    for running in view.running:
        if running.progress:
            yield f"  {titled(running)}: {progress_words(running.progress)}"


def progress_words(progress: Progress) -> str:
    """`51 %, 2.1 GB of 4.1 GB, 18.0 s left`."""
    share = 100 * progress.done // progress.total if progress.total else 0
    if progress.unit == "B":
        amount = f"{size(progress.done)} of {size(progress.total)}"
    else:
        amount = f"{progress.done} of {progress.total} {progress.unit}"
    left = progress.seconds_left
    return f"{share} %, {amount}" + (f", {duration(left)} left" if left is not None else "")


def _answered(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    asked = next((a for a in view.questions if a.question.id == event["question"]), None)
    text = asked.question.text if asked else "A question"
    yield f"{text} Answer: {event.get('value', '(secret)')} (by {event['by']})"


def _answer_changed(_view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"The answer {event['name']} is now {event['value']} (by {event['by']})."


def _paused(_view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"Paused by {event['by']}."


def _resumed(_view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"Going on, by {event['by']}."


def _note(_view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"Note: {event['text']}"


def _finished(view: RunView, event: dict[str, Any]) -> Iterator[str]:
    yield f"{str(event['outcome']).upper()} after {duration(view.elapsed())}. {event['message']}"


_Teller = Callable[[RunView, dict[str, Any]], Iterator[str]]
_TELLERS: Final[dict[str, _Teller]] = {
    Event.RUN_STARTED: _run_started,
    Event.STEP_ALREADY: _already,
    Event.STEP_STARTED: _started,
    Event.STEP_DONE: _done,
    Event.STEP_FAILED: _failed,
    Event.STEP_UNKNOWN: _unknown,
    Event.STEP_SKIPPED: _skipped,
    Event.UNDO_STARTED: _undo_started,
    Event.STEP_UNDOING: _undoing,
    Event.STEP_UNDONE: _undone,
    Event.UNDO_SKIPPED: _undo_skipped,
    Event.LANE_LEFT_OUT: _lane_left_out,
    Event.LANE_TAKEN_UP: _lane_taken_up,
    Event.PROGRESS: _progress,
    Event.ANSWERED: _answered,
    Event.ANSWER_CHANGED: _answer_changed,
    Event.PAUSED: _paused,
    Event.RESUMED: _resumed,
    Event.NOTE: _note,
    Event.RUN_FINISHED: _finished,
}
