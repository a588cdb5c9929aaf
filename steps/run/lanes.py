"""Lanes of a run, folded: how each stands, how a phase stands, what is in hand. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from steps.run.events import StepState
from steps.run.view_parts import LeftOut, PhaseView, Progress, StepView

TOLD_AT_MOST = 5
"""How many failed lanes a message names."""


class LaneState(StrEnum):
    """How a lane stands."""

    FAILED = "failed"
    RUNNING = "running"
    LEFT_OUT = "left-out"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class LaneView:
    """One lane: its steps in the plan's order, and the one in hand."""

    name: str
    state: LaneState
    steps: tuple[StepView, ...]
    step: StepView
    """The one that failed, runs, or comes next; the last where all are done."""
    reason: str = ""
    """Why it was left out."""

    @property
    def phase(self) -> str:
        """Name of the phase it is in."""
        return self.step.phase

    @property
    def progress(self) -> Progress | None:
        """How far the step in hand is."""
        return self.step.progress

    @property
    def seconds(self) -> float:
        """What its steps took, in seconds."""
        spans = ((s.started, s.ended) for s in self.steps)
        return sum((end - begun).total_seconds() for begun, end in spans if begun and end)


def lane_views(
    steps: Mapping[str, StepView], left_out: Mapping[str, LeftOut]
) -> dict[str, LaneView]:
    """Every lane by name, in the order of the plan."""
    found: dict[str, list[StepView]] = {}
    for step in steps.values():
        if step.lane:
            found.setdefault(step.lane, []).append(step)
    return {name: _lane(name, tuple(own), left_out.get(name)) for name, own in found.items()}


def _lane(name: str, steps: tuple[StepView, ...], left: LeftOut | None) -> LaneView:
    running = next((s for s in steps if s.state is StepState.RUNNING), None)
    trouble = next((s for s in steps if s.troubled), None)
    coming = next((s for s in steps if not s.finished), None)
    step = running or trouble or coming or steps[-1]
    if left is not None:
        blamed = next((s for s in steps if s.message), step)
        return LaneView(name, LaneState.LEFT_OUT, steps, trouble or blamed, left.reason)
    if running:
        return LaneView(name, LaneState.RUNNING, steps, step)
    if trouble:
        return LaneView(name, LaneState.FAILED, steps, step)
    return LaneView(name, LaneState.WAITING if coming else LaneState.DONE, steps, step)


@dataclass(frozen=True, slots=True)
class PhaseCount:
    """How many lanes of a phase are where."""

    title: str
    lanes: int
    done: int
    running: int
    failed: int
    left_out: int

    def __str__(self) -> str:
        """`37 of 100 done, 8 running, 1 failed`."""
        more = ((self.running, "running"), (self.failed, "failed"), (self.left_out, "left out"))
        told = [f"{count} {word}" for count, word in more if count]
        return ", ".join([f"{self.done} of {self.lanes} done", *told])


def phase_count(phase: PhaseView, left_out: Mapping[str, LeftOut]) -> PhaseCount | None:
    """How the lanes of a phase stand, by their steps in it; None for a phase without lanes."""
    own: dict[str, list[StepView]] = {}
    for step in phase.steps:
        if step.lane:
            own.setdefault(step.lane, []).append(step)
    counts = Counter(_state_here(steps, name in left_out) for name, steps in own.items())
    if not own:
        return None
    return PhaseCount(
        phase.title,
        len(own),
        counts[LaneState.DONE],
        counts[LaneState.RUNNING],
        counts[LaneState.FAILED],
        counts[LaneState.LEFT_OUT],
    )


def _state_here(steps: Sequence[StepView], left_out: bool) -> LaneState:
    if any(step.state is StepState.RUNNING for step in steps):
        return LaneState.RUNNING
    if all(step.succeeded for step in steps):
        return LaneState.DONE
    if any(step.troubled for step in steps):
        return LaneState.FAILED
    return LaneState.LEFT_OUT if left_out else LaneState.WAITING


def standing(lanes: Mapping[str, LaneView]) -> dict[str, str]:
    """For every lane done, failed, left-out or waiting: what a step may read."""
    return {
        name: LaneState.WAITING if lane.state is LaneState.RUNNING else lane.state
        for name, lane in lanes.items()
    }


def told(lanes: Mapping[str, LaneView], phases: Sequence[PhaseView]) -> str:
    """`11 of 12 done; failed: web01 (Snapshot: no space left)`."""
    done = sum(lane.state is LaneState.DONE for lane in lanes.values())
    titles = {phase.name: phase.title for phase in phases}
    failed = list(_blamed(lanes, titles))
    text = f"{done} of {len(lanes)} done"
    if not failed:
        return text
    more = [f"and {len(failed) - TOLD_AT_MOST} more"] if len(failed) > TOLD_AT_MOST else []
    return f"{text}; failed: {', '.join([*failed[:TOLD_AT_MOST], *more])}"


def _blamed(lanes: Mapping[str, LaneView], titles: Mapping[str, str]) -> Iterator[str]:
    for lane in lanes.values():
        if lane.state in (LaneState.FAILED, LaneState.LEFT_OUT):
            why = lane.step.message or lane.step.evidence
            reason = f"; {lane.reason}" if lane.reason else ""
            yield f"{lane.name} ({titles[lane.phase]}: {why}{reason})"
