"""The conflicts of one machine as the screen, plain mode and `rekindle conflicts` use them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from config.errors import InvalidInput, Refused
from steps.conflicts import (
    Blocking,
    Decision,
    Preview,
    Resolution,
    Resolutions,
    Row,
    Warning_,
)
from steps.virtual_machine import sources as s
from steps.virtual_machine.cases import Case
from steps.virtual_machine.coupling import couplings
from steps.virtual_machine.obstacles import blocking_as_decided
from steps.virtual_machine.outcome import decided, outcome, outcomes
from steps.virtual_machine.patterns import is_noise
from steps.virtual_machine.shown_values import key_words, texts, words
from steps.virtual_machine.situation import Situation
from steps.virtual_machine.typed_values import typed_key

if TYPE_CHECKING:
    from steps.virtual_machine.documents import Results

OPEN = "decide"

_LIKE: Mapping[Decision, tuple[Decision, ...]] = {
    Decision.KEEP_BACKUP: (Decision.KEEP_BACKUP,),
    # With either of these today's value stands in the directory.
    Decision.TAKE_LIVE: (Decision.TAKE_LIVE, Decision.NEXT_BOOT),
    Decision.NEXT_BOOT: (Decision.NEXT_BOOT, Decision.TAKE_LIVE),
    Decision.CUSTOM: (),
}


class MachineConflicts:
    """A ConflictSet (see steps/conflicts.py) with the documents a decision leads to. Immutable."""

    def __init__(
        self,
        situation: Situation,
        cases: tuple[Case, ...],
        always: tuple[Blocking, ...],
        cautions: tuple[Warning_, ...],
    ) -> None:
        self.situation = situation
        self._cases = {case.id: case for case in cases}
        self._always = always
        self._warnings = tuple(dict.fromkeys(cautions))
        self._coupled = couplings(cases, situation.fields.values())

    @property
    def machine(self) -> str:
        """The machine's name."""
        return self.situation.sources.machine

    @property
    def leaf(self) -> str:
        """The iteration's name."""
        return self.situation.sources.leaf

    @property
    def title(self) -> str:
        """Machine and backup."""
        return f"{self.machine} {self.leaf}"

    @property
    def mode(self) -> str:
        """with-state or cold; the second also where the backup has no memory state."""
        return self.situation.mode

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Machine, console, disks, network, directory."""
        return tuple(self._row(case) for case in self._cases.values())

    @property
    def warnings(self) -> Sequence[Warning_]:
        """What the operator should know."""
        return self._warnings

    @cached_property
    def hidden(self) -> Mapping[str, int]:
        """Fields without a row, by reason."""
        counts: Counter[str] = Counter()
        shown = {id(case.field) for case in self._cases.values()}
        for field in self.situation.fields.values():
            if id(field) not in shown and len(field.seen) > 1:
                keys = {seen.key for seen in field.seen.values()}
                counts[
                    "noise" if is_noise(field) else "equal" if len(keys) == 1 else "settled"
                ] += 1
        for held in self.situation.documents.directories.values():
            counts["backup jobs"] += held.backups
            counts["other entries"] += held.others
        return {reason: count for reason, count in sorted(counts.items()) if count}

    def texts(self, row_id: str) -> Mapping[str, str | None]:
        """Values by source in the directory's spelling; secrets as marks."""
        return texts(self._case(row_id))

    def check(self, row_id: str, resolution: Resolution) -> None:
        """Raise InvalidInput or Refused where that row may not be decided so."""
        case = self._case(row_id)
        reason = case.choices.refused.get(resolution.decision)
        if reason is not None:
            raise Refused(
                f"{case.title}: {resolution.decision} is refused. {reason}",
                f"Allowed: {', '.join(case.choices.allowed) or 'nothing'}.",
            )
        if resolution.decision is Decision.CUSTOM and case.field is not None:
            typed_key(case.field, resolution.value, self.situation)

    def together(self, row_id: str, resolution: Resolution) -> Resolutions:
        """The decision, and its like for every coupled row that allows it."""
        moved = {row_id: resolution}
        for name in self._coupled.get(row_id, ()):
            allowed = self._cases[name].choices.allowed
            like = next((each for each in _LIKE[resolution.decision] if each in allowed), None)
            if like is not None:
                moved[name] = Resolution(like)
        return moved

    def result(self, row_id: str, resolutions: Resolutions) -> str:
        """What the row's value will be, as the operator reads it ("decide" while open)."""
        case = self._case(row_id)
        resolution = decided(case, resolutions)
        if resolution is None:
            return OPEN
        found = outcome(case, resolution, self.situation)
        now, later = key_words(case, found.now), key_words(case, found.next_boot)
        return now if now == later else f"{now} now, {later} next boot"

    def still_open(self, resolutions: Resolutions) -> Sequence[str]:
        """Ids of rows that must still be decided; a row that allows nothing blocks instead."""
        return [
            case.id
            for case in self._cases.values()
            if case.choices.allowed and decided(case, resolutions) is None
        ]

    def blocking(self, resolutions: Resolutions) -> Sequence[Blocking]:
        """What stops Apply: whatever is chosen, and what these decisions make impossible."""
        decisions = outcomes(self._cases.values(), resolutions, self.situation)
        return (*self._always, *blocking_as_decided(self.situation, decisions))

    @property
    def always_blocking(self) -> Sequence[Blocking]:
        """What must stop Apply whatever is chosen."""
        return self._always

    def results(self, resolutions: Resolutions, *, who: str = "", when: str = "") -> Results:
        """Every document these decisions lead to; of open rows nothing is carried out.

        From sanitised sources they hold marks instead of secrets. `who` and `when` stand in the
        decision log.
        """
        # Loaded when somebody writes or previews: a comparison makes no documents.
        from steps.virtual_machine.documents import build_results

        decisions = outcomes(self._cases.values(), resolutions, self.situation)
        return build_results(
            self.situation, tuple(self._cases.values()), decisions, resolutions, who, when
        )

    def previews(self, resolutions: Resolutions) -> Sequence[Preview]:
        """The documents that will be written, without secrets."""
        # Loaded when somebody looks: a listing needs no differ.
        from steps.virtual_machine.previews import build_previews

        return build_previews(self.situation, self.results(resolutions))

    def _case(self, row_id: str) -> Case:
        if row_id not in self._cases:
            known = ", ".join(self._cases) or "none: nothing differs"
            raise InvalidInput(f"There is no row {row_id!r}.", f"Rows: {known}.")
        return self._cases[row_id]

    def _row(self, case: Case) -> Row:
        return Row(
            id=case.id,
            title=case.title,
            group=case.group,
            device=case.device_name,
            ldap=case.ldap,
            xpath=case.xpath,
            field_class=case.field_class,
            values={source: words(case)[source] for source in s.SOURCES},
            allowed=case.choices.allowed,
            refused=case.choices.refused,
            default=case.choices.default,
            coupled=self._coupled.get(case.id, ()),
            custom_hint=case.choices.hint,
            note=case.choices.note,
        )
