"""Deciding many rows at once: what each would get and which refuse, before anything changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.errors import InvalidInput, Refused
from steps.conflicts import Decision, Desk, Resolution, Row

SUGGESTED = "suggested"

GROUP_WORDS: Mapping[str, str] = {
    Decision.KEEP_BACKUP: "all from the backup",
    Decision.TAKE_LIVE: "all as they are now",
    Decision.NEXT_BOOT: "all from the backup now, today's values at the next cold start",
    Decision.ACCEPT: "all accepted",
    SUGGESTED: "all as suggested",
}
"""The wishes an operator may have for a group, and how they read."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one row would get: a resolution and its result, or the reason why it refuses."""

    row: Row
    resolution: Resolution | None
    text: str


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """What a wish would do to a group of rows."""

    proposals: tuple[Proposal, ...]
    moved: tuple[str, ...]
    """Titles of rows outside the group that are coupled and would move as well."""

    @property
    def decisions(self) -> dict[str, Resolution]:
        """What to hand to `Desk.decide_all`."""
        return {
            proposal.row.id: proposal.resolution
            for proposal in self.proposals
            if proposal.resolution is not None
        }

    @property
    def refusals(self) -> int:
        """How many rows refuse and stay as they are."""
        return sum(proposal.resolution is None for proposal in self.proposals)


def group_plan(desk: Desk, rows: Sequence[Row], wish: str) -> GroupPlan:
    """Work out a wish (a Decision's word, or `suggested`) for these rows. Changes nothing."""
    wished = {row.id: _wished(desk, row, wish) for row in rows}
    trial = Desk(desk.conflicts, decided=dict(desk.decided))
    trial.decide_all(
        {name: wanted for name, wanted in wished.items() if isinstance(wanted, Resolution)}
    )
    proposals = tuple(_proposal(trial, row, wished[row.id]) for row in rows)
    moved = changed_titles(desk, trial.decided, {row.id for row in rows})
    return GroupPlan(proposals, moved)


def changed_titles(
    desk: Desk, decided: Mapping[str, Resolution], besides: set[str]
) -> tuple[str, ...]:
    """Titles of rows whose decision differs between the desk and `decided`, in screen order."""
    return tuple(
        row.title
        for row in desk.conflicts.rows
        if row.id not in besides and desk.decided.get(row.id) != decided.get(row.id)
    )


def _wished(desk: Desk, row: Row, wish: str) -> Resolution | str:
    """The resolution a row would get, or why it refuses."""
    decision = row.default if wish == SUGGESTED else Decision(wish)
    if decision is None or decision is Decision.CUSTOM:
        return "no suggestion for this field"
    if decision not in row.allowed:
        return row.refused.get(decision, "not a choice for this field")
    try:
        desk.conflicts.check(row.id, Resolution(decision))
    except (InvalidInput, Refused) as error:
        return error.message
    return Resolution(decision)


def _proposal(trial: Desk, row: Row, wanted: Resolution | str) -> Proposal:
    if isinstance(wanted, str):
        return Proposal(row, None, wanted)
    return Proposal(row, wanted, trial.conflicts.result(row.id, trial.decided))
