"""Lanes of a run as text: how each phase stands, and a line a lane, failed first. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from steps.run.events import StepState
from steps.run.lanes import LaneState, LaneView
from steps.run.view import PhaseView, RunView, StepView
from tui.step_text import state_word, step_line, step_text

PHASE, LANE = "phase ", "lane "
"""What the names of such rows begin with; any other row is named after its step."""

_ORDER = (
    LaneState.FAILED,
    LaneState.RUNNING,
    LaneState.LEFT_OUT,
    LaneState.WAITING,
    LaneState.DONE,
)


def rows(view: RunView, width: int, now: datetime) -> dict[str, str]:
    """The run line by line, by the name of the row: steps, or phases and then lanes."""
    lanes = view.lanes
    if not lanes:
        return {name: step_line(step, width, now) for name, step in view.steps.items()}
    found: dict[str, str] = {}
    for phase in view.phases:
        found |= _phase_rows(view, phase, width, now)
    for lane in sorted(lanes.values(), key=lambda lane: _ORDER.index(lane.state)):
        found[LANE + lane.name] = lane_line(lane, width, now)
    return found


def _phase_rows(view: RunView, phase: PhaseView, width: int, now: datetime) -> dict[str, str]:
    alone = {s.name: step_line(s, width, now) for s in phase.steps if not s.lane}
    line = phase_line(view, phase)
    return {**({PHASE + phase.name: line[:width]} if line else {}), **alone}


def phase_line(view: RunView, phase: PhaseView) -> str:
    """`Snapshot: 37 of 100 done, 8 running, 1 failed`; empty for a phase without lanes."""
    count = view.counted(phase)
    return f"{phase.title}: {count}" if count else ""


def lane_line(lane: LaneView, width: int, now: datetime) -> str:
    """One lane: its state, its name, and the step in hand with its progress."""
    title = titled(lane.step)
    if lane.state is LaneState.DONE:
        title = lane.name
    word = {LaneState.LEFT_OUT: "out", LaneState.DONE: "done", LaneState.WAITING: "wait"}
    return step_line(lane.step, width, now, title=title, word=word.get(lane.state, ""))


def titled(step: StepView) -> str:
    """The step's title, with the lane before it where the title does not name it."""
    named = not step.lane or step.lane in step.title
    return step.title if named else f"{step.lane}: {step.title}"


def row_of(step: StepView) -> str:
    """Name of the row to look at while the step runs: its own, or its phase's, with the counts."""
    return PHASE + step.phase if step.lane else step.name


def step_of(view: RunView, row: str) -> StepView | None:
    """The step that a row is about; None for a phase, or where there is no such row."""
    if row.startswith(LANE):
        lane = view.lanes.get(row.removeprefix(LANE))
        return lane.step if lane else None
    return view.steps.get(row)


def opened(view: RunView, step: StepView) -> str:
    """A step, opened; for one of a lane with the lane's other steps."""
    if not step.lane:
        return step_text(step)
    lane = view.lanes[step.lane]
    out = [f"left out  {lane.reason}"] if lane.reason else []
    steps = [f"{state_word(own):<7} {own.title}" for own in lane.steps]
    return "\n".join([step_text(step), *out, "", *steps])


def phase_text(view: RunView, row: str) -> tuple[str, str]:
    """A phase, opened: its title, and its lanes by how they stand; empty where it is no phase."""
    phase = next((p for p in view.phases if PHASE + p.name == row), None)
    if phase is None:
        return "", ""
    named = [f"{word:<7} {', '.join(names)}" for word, names in _by_word(phase)]
    return phase.title, "\n".join([phase_line(view, phase), "", *named])


def _by_word(phase: PhaseView) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    first = (StepState.FAILED, StepState.UNKNOWN, StepState.RUNNING)
    for step in sorted(phase.steps, key=lambda s: s.state not in first):
        names = found.setdefault(state_word(step), [])
        if step.lane and step.lane not in names:
            names.append(step.lane)
    return ((word, names) for word, names in found.items() if names)


def running_words(view: RunView) -> str:
    """What runs, in a few words: the phase with its counts, or the step."""
    step = view.current
    if step is None:
        return ""
    phase = next((p for p in view.phases if p.name == step.phase), None)
    line = phase_line(view, phase) if phase and step.lane else ""
    return line or step.title
