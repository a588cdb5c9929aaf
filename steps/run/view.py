"""What a run looks like: the journal folded, event by event. Screens, reports and resume read this.

The runner folds what it writes with the same code, so that a resumed run decides from the very
state that everybody else sees.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from config.errors import Interrupted, InvalidInput
from steps.run.events import Doing, Event, Finish, StepState
from steps.run.journal import EventData
from steps.run.lanes import LaneView, PhaseCount, lane_views, phase_count
from steps.run.view_parts import (
    AskedQuestion,
    LeftOut,
    OfferedChoice,
    OpenQuestion,
    PhaseView,
    Progress,
    Session,
    StepView,
    UndoView,
)

__all__ = [
    "AskedQuestion",
    "LeftOut",
    "OfferedChoice",
    "OpenQuestion",
    "PhaseView",
    "Progress",
    "RunView",
    "Session",
    "StepView",
    "UndoView",
]


@dataclass(slots=True)
class RunView:
    """The whole run. `apply` folds one event in; unknown events are let pass."""

    procedure: str = ""
    title: str = ""
    object: str = ""
    verb: str = ""
    plan_hash: str = ""
    phases: list[PhaseView] = field(default_factory=list)
    steps: dict[str, StepView] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    started: datetime | None = None
    finished: datetime | None = None
    outcome: Finish | None = None
    message: str = ""
    question: OpenQuestion | None = None
    open_questions: list[OpenQuestion] = field(default_factory=list)
    questions: list[AskedQuestion] = field(default_factory=list)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    """Lanes that were left out, by name."""
    paused: bool = False
    undo: UndoView | None = None
    undone_whole: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    """Answers changed in the run, as JSON data (steps/run/values.py)."""
    notes: list[tuple[datetime, str]] = field(default_factory=list)
    last_seq: int = 0

    @classmethod
    def of(cls, events: Iterable[EventData]) -> RunView:
        """The view after these events."""
        view = cls()
        for event in events:
            view.apply(event)
        return view

    @property
    def current(self) -> StepView | None:
        """The step that is running (the first of several), or None."""
        return next(iter(self.running), None)

    @property
    def running(self) -> list[StepView]:
        """Every step that is running, in the order of the plan."""
        return [step for step in self.steps.values() if step.state is StepState.RUNNING]

    @property
    def lanes(self) -> dict[str, LaneView]:
        """Every lane by name, in the order of the plan; empty for a plan without lanes."""
        return lane_views(self.steps, self.left_out)

    def counted(self, phase: PhaseView) -> PhaseCount | None:
        """How the lanes of a phase stand; None for a phase without lanes."""
        return phase_count(phase, self.left_out)

    @property
    def phase_number(self) -> int:
        """Number (from 1) of the phase in hand: the first that is not through.

        Lanes that failed or were left out hold it up no more.
        """
        troubled = {step.lane for step in self.steps.values() if step.lane and step.troubled}
        troubled |= self.left_out.keys()
        for number, phase in enumerate(self.phases, start=1):
            if not all(step.finished or step.lane in troubled for step in phase.steps):
                return number
        return len(self.phases)

    @property
    def exit_code(self) -> int:
        """What a command that followed it to its end returns; 1 where it has not ended."""
        if self.outcome in (Finish.STOPPED, Finish.ABORTED):
            return Interrupted.exit_code
        undone = self.outcome is Finish.UNDONE and self.undone_whole and not self.left_undone
        return 0 if self.outcome is Finish.DONE or undone else 1

    @property
    def left_undone(self) -> list[StepView]:
        """Steps whose undo failed and was left out: what they did still stands."""
        return [step for step in self.steps.values() if step.left_undone]

    def elapsed(self, now: datetime | None = None) -> float:
        """Seconds from the first start to the end, or to now: what the outage has cost so far."""
        if self.started is None:
            return 0.0
        return ((self.finished or now or datetime.now(UTC)) - self.started).total_seconds()

    def apply(self, event: EventData) -> None:
        """Fold one event in; raises InvalidInput where it does not follow from those before it."""
        self.last_seq = event["seq"]
        handler = _HANDLERS.get(event["event"])
        if handler is None:
            return
        try:
            handler(self, event, _time(event))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidInput(
                f"The journal is damaged: event {self.last_seq} ({event['event']}) does not fit"
                " those before it.",
                "Compare it with a copy; the files of the run are kept as they are.",
            ) from error


def _time(event: EventData) -> datetime:
    return datetime.fromisoformat(event["at"])


def _run_started(view: RunView, event: EventData, at: datetime) -> None:
    view.sessions.append(
        Session(
            pid=event["pid"],
            host=event["host"],
            user=event["user"],
            terminal=event["terminal"],
            launcher=event["launcher"],
            boot_id=event["boot_id"],
            resumed=event["resumed"],
            started=at,
        )
    )
    view.plan_hash = event["plan_hash"]
    view.started = view.started or at
    view.finished = view.outcome = view.question = None
    view.open_questions = []
    view.paused, view.message = False, ""
    for step in view.steps.values():
        _interrupt(step)


def _interrupt(step: StepView) -> None:
    """The runner is gone: what it had in hand is unknown, what it only looked at is as before."""
    if step.state is StepState.RUNNING:
        harmless = step.doing is Doing.CHECKING
        step.state = step.state_before if harmless else StepState.UNKNOWN
        step.doing, step.progress = Doing.NOTHING, None


def _plan(view: RunView, event: EventData, _at: datetime) -> None:
    view.procedure, view.title = event["procedure"], event["title"]
    view.object, view.verb = event["object"], event["verb"]
    known, view.steps, view.phases = view.steps, {}, []
    for data in event["phases"]:
        at_once = data.get("at_once", 1)
        phase = PhaseView(data["name"], data["title"], data["safe_point"], [], at_once)
        for outlined in data["steps"]:
            fresh = StepView(**outlined, phase=phase.name)
            step = known.get(fresh.name, fresh)
            step.title, step.phase, step.lane = fresh.title, fresh.phase, fresh.lane
            phase.steps.append(step)
            view.steps[step.name] = step
        view.phases.append(phase)


def _verifying(view: RunView, event: EventData, at: datetime) -> None:
    step = view.steps[event["step"]]
    step.state_before = step.state
    step.state, step.doing = StepState.RUNNING, Doing.CHECKING
    step.started = step.started or at


def _started(view: RunView, event: EventData, at: datetime) -> None:
    step = view.steps[event["step"]]
    step.touched = True
    step.state, step.doing = StepState.RUNNING, Doing.APPLYING
    step.started, step.ended, step.seconds, step.progress = at, None, None, None
    step.message = step.remedy = step.seen = step.expected = step.reason = ""
    step.put_off = False


def _end(view: RunView, event: EventData, at: datetime, state: StepState) -> StepView:
    step = view.steps[event["step"]]
    step.state, step.doing, step.ended, step.progress = state, Doing.NOTHING, at, None
    step.changed_seq, step.left_undone = event["seq"], False
    return step


def _done(view: RunView, event: EventData, at: datetime) -> None:
    step = _end(view, event, at, StepState.DONE)
    step.evidence, step.seconds = event["evidence"], event["seconds"]


def _already(view: RunView, event: EventData, at: datetime) -> None:
    _end(view, event, at, StepState.ALREADY).evidence = event["evidence"]


def _failed(view: RunView, event: EventData, at: datetime) -> None:
    step = _end(view, event, at, StepState.FAILED)
    step.message, step.remedy = event["message"], event["remedy"]
    step.seen, step.expected = event["seen"], event["expected"]


def _unknown(view: RunView, event: EventData, at: datetime) -> None:
    _end(view, event, at, StepState.UNKNOWN).evidence = event["evidence"]


def _skipped(view: RunView, event: EventData, at: datetime) -> None:
    was_running = view.steps[event["step"]].state is StepState.RUNNING
    step = _end(view, event, at, StepState.SKIPPED)
    step.reason, step.put_off = event["reason"], event["put_off"]
    if was_running:
        # The step itself put it off: its word that nothing of it is done, whoever began it before.
        step.touched = False


def _undo_started(view: RunView, event: EventData, _at: datetime) -> None:
    steps, covers = tuple(event["steps"]), tuple(event["covers"])
    view.undo = UndoView(steps, covers, event["whole"], event["by"], event.get("lane", ""))


def _undoing(view: RunView, event: EventData, at: datetime) -> None:
    step = view.steps[event["step"]]
    step.state, step.doing = StepState.RUNNING, Doing.UNDOING
    step.started, step.ended, step.seconds, step.progress = at, None, None, None


def _undone(view: RunView, event: EventData, at: datetime) -> None:
    step = _end(view, event, at, StepState.UNDONE)
    step.evidence, step.touched = event["evidence"], False


def _undo_skipped(view: RunView, event: EventData, at: datetime) -> None:
    step = _end(view, event, at, StepState.FAILED)
    step.reason, step.touched, step.left_undone = event["reason"], False, True


def _undo_finished(view: RunView, event: EventData, _at: datetime) -> None:
    for name in view.undo.covers if view.undo else ():
        step = view.steps[name]
        if step.finished:
            # Nothing of it had to be undone, but the world it was checked in is no more.
            step.state, step.put_off = StepState.WAITING, False
    view.undone_whole = event["whole"]
    if view.undo and view.undo.lane:
        _leave_out(view, view.undo.lane, LeftOut("undone", view.undo.by), event["seq"])
        view.undo = None


def _leave_out(view: RunView, lane: str, why: LeftOut, seq: int) -> None:
    """What the lane still had to do is skipped; what failed or was undone stays what it is."""
    view.left_out[lane] = why
    for step in view.steps.values():
        if step.lane == lane and not step.finished:
            step.changed_seq = seq
            if step.state is StepState.WAITING:
                step.state, step.reason, step.left_out = StepState.SKIPPED, why.reason, True


def _lane_left_out(view: RunView, event: EventData, _at: datetime) -> None:
    _leave_out(view, event["lane"], LeftOut(event["reason"], event["by"]), event["seq"])


def _lane_taken_up(view: RunView, event: EventData, _at: datetime) -> None:
    view.left_out.pop(event["lane"], None)
    for step in view.steps.values():
        if step.lane == event["lane"] and step.left_out:
            step.state, step.reason, step.left_out = StepState.WAITING, "", False


def _progress(view: RunView, event: EventData, at: datetime) -> None:
    step = view.steps[event["step"]]
    done, total, unit = event["done"], event["total"], event["unit"]
    last = step.progress
    if last is None or (last.total, last.unit) != (total, unit) or done < last.done:
        step.progress = Progress(done, total, unit, at, done, at)
    else:
        last.done, last.at = done, at


def _fact(view: RunView, event: EventData, _at: datetime) -> None:
    view.facts[event["name"]] = event["value"]


def _asked(view: RunView, event: EventData, at: datetime) -> None:
    question = OpenQuestion(
        id=event["question"],
        step=event["step"],
        name=event["name"],
        text=event["text"],
        detail=event["detail"],
        choices=tuple(OfferedChoice(**choice) for choice in event["choices"]),
        default=event["default"],
        secret=event["secret"],
        asked=at,
    )
    view.questions.append(AskedQuestion(question))
    # A lane's question that a prepared answer answers does not hide the one that waits.
    view.open_questions.append(question)
    view.question = view.open_questions[0]


def _answered(view: RunView, event: EventData, at: datetime) -> None:
    view.open_questions = [q for q in view.open_questions if q.id != event["question"]]
    view.question = next(iter(view.open_questions), None)
    for asked in reversed(view.questions):
        if asked.question.id == event["question"]:
            asked.answer, asked.by, asked.answered = event.get("value"), event["by"], at
            return


def _answer_changed(view: RunView, event: EventData, _at: datetime) -> None:
    view.changes[event["name"]] = event["value"]


def _paused(view: RunView, _event: EventData, _at: datetime) -> None:
    view.paused = True


def _resumed(view: RunView, _event: EventData, _at: datetime) -> None:
    view.paused = False


def _note(view: RunView, event: EventData, at: datetime) -> None:
    view.notes.append((at, event["text"]))


def _run_finished(view: RunView, event: EventData, at: datetime) -> None:
    view.outcome, view.message, view.finished = Finish(event["outcome"]), event["message"], at
    view.question, view.open_questions, view.paused = None, [], False
    if view.outcome is Finish.UNDONE:
        view.undo = None
    for step in view.steps.values():
        _interrupt(step)


_HANDLERS = {
    Event.RUN_STARTED: _run_started,
    Event.PLAN: _plan,
    Event.STEP_VERIFYING: _verifying,
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
    Event.UNDO_FINISHED: _undo_finished,
    Event.LANE_LEFT_OUT: _lane_left_out,
    Event.LANE_TAKEN_UP: _lane_taken_up,
    Event.PROGRESS: _progress,
    Event.FACT: _fact,
    Event.ASKED: _asked,
    Event.ANSWERED: _answered,
    Event.ANSWER_CHANGED: _answer_changed,
    Event.PAUSED: _paused,
    Event.RESUMED: _resumed,
    Event.NOTE: _note,
    Event.RUN_FINISHED: _run_finished,
}
