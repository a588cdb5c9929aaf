"""What a decision makes of a case: the value for the directory, for now and for the next boot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from steps.conflicts import Decision, Resolution, Resolutions
from steps.virtual_machine.cases import Case
from steps.virtual_machine.situation import Situation
from steps.virtual_machine.typed_values import typed_key


@dataclass(frozen=True, slots=True)
class Outcome:
    """Keys as in Field; `directory` describes the definition, so it goes with the next boot."""

    directory: str | None
    now: str | None
    next_boot: str | None


def decided(case: Case, resolutions: Resolutions) -> Resolution | None:
    """The decision on a case: the operator's, or the only one there is."""
    chosen = resolutions.get(case.id)
    if chosen is not None:
        return chosen
    allowed = case.choices.allowed
    alone = len(allowed) == 1 and allowed[0] is not Decision.CUSTOM
    return Resolution(allowed[0]) if alone else None


def outcome(case: Case, resolution: Resolution, situation: Situation) -> Outcome:
    """What becomes of the case. Raises InvalidInput for a custom value that is none."""
    backup, now = case.key(Decision.KEEP_BACKUP), case.key(Decision.TAKE_LIVE)
    if resolution.decision is Decision.KEEP_BACKUP:
        return Outcome(backup, backup, backup)
    if resolution.decision is Decision.TAKE_LIVE:
        return Outcome(now, now, now)
    if resolution.decision is Decision.NEXT_BOOT:
        return Outcome(now, backup, now)
    assert case.field is not None
    key = typed_key(case.field, resolution.value, situation)
    return Outcome(key, key, key)


def outcomes(
    cases: Iterable[Case], resolutions: Resolutions, situation: Situation
) -> tuple[tuple[Case, Outcome], ...]:
    """Every case that is decided, with what becomes of it."""
    found = []
    for case in cases:
        resolution = decided(case, resolutions)
        if resolution is not None:
            found.append((case, outcome(case, resolution, situation)))
    return tuple(found)
