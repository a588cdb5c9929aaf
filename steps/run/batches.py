"""What a run does next: one step alone, or the steps of several lanes side by side. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from steps.procedure import Plan, Step
from steps.run.events import StepState
from steps.run.view import RunView


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps by lane, each lane's in their order; a step without a lane is a batch alone."""

    lanes: Mapping[str, tuple[str, ...]]
    at_once: int

    def before(self, held: Mapping[str, str]) -> Iterator[str]:
        """The steps that come before those at which lanes are held."""
        for lane, names in self.lanes.items():
            yield from names[: names.index(held[lane])] if lane in held else names


def next_batch(
    plan: Plan, view: RunView, *, offered: Collection[str], held: Collection[str]
) -> Batch | None:
    """The first steps that are due, leaving held lanes and left-out ones; None at the end.

    `offered` names steps that were put off and are due once more.
    """
    standing_still = {*held, *view.left_out}
    newest = 0
    for steps, at_once in _stretches(plan):
        own: dict[str, list[str]] = {}
        for step in steps:
            if step.lane not in standing_still and _due(step, view, offered, newest):
                own.setdefault(step.lane, []).append(step.name)
        if own:
            return Batch({lane: tuple(names) for lane, names in own.items()}, at_once)
        newest = max([newest, *(view.steps[s.name].changed_seq for s in steps if s.lane)])
    return None


def _stretches(plan: Plan) -> Iterator[tuple[list[Step], int]]:
    """Stretches of lanes, and the steps between them that go alone."""
    for phase in plan.phases:
        for in_lanes, steps in groupby(phase.steps, key=lambda step: bool(step.lane)):
            if in_lanes:
                yield list(steps), max(phase.at_once, 1)
            else:
                yield from (([step], 1) for step in steps)


def _due(step: Step, view: RunView, offered: Collection[str], newest: int) -> bool:
    """Whether it is to be carried out.

    A step for all lanes that is done is looked at again where an earlier step of a lane has
    changed since: a summary tells of the lanes as they are in the end.
    """
    found = view.steps[step.name]
    if not found.finished or step.name in offered:
        return True
    stands = found.state in (StepState.DONE, StepState.ALREADY)
    return not step.lane and stands and found.changed_seq < newest
