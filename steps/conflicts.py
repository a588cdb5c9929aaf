"""Where sources disagree: rows, the choices each row allows, and what the operator chose.

This is the shape every system's comparer produces and the conflict screen shows. It knows nothing
of any one system; steps/virtual_machine/compare.py makes such rows for KVM machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from config.errors import InvalidInput, Refused


class Decision(StrEnum):
    """The words a row is decided with: the first four for a value, the others for a risk."""

    KEEP_BACKUP = "keep-backup"
    TAKE_LIVE = "take-live"
    NEXT_BOOT = "next-boot"  # backup value now, today's value from the next cold start
    CUSTOM = "custom"
    USE_FAILOVER_HOST = "use-failover-host"  # and remove it from the restored engine in time
    PREVENT = "prevent"  # the plan does something against it
    ACCEPT = "accept"  # go on with it, knowing it
    STOP = "stop"  # settle it first


FIELD_DECISIONS = (Decision.KEEP_BACKUP, Decision.TAKE_LIVE, Decision.NEXT_BOOT, Decision.CUSTOM)
"""What the value of a field is decided with."""


class FieldClass(StrEnum):
    """What a field means to a restore."""

    FROZEN = "frozen"  # the hypervisor refuses another value while memory is restored
    HOST = "host"  # host side, free
    DIRECTORY_ONLY = "directory-only"  # the hypervisor does not care
    RISK = "risk"  # no field: something that stands in the way, or that must be known


@dataclass(frozen=True, slots=True)
class Resolution:
    """One decision; `value` only with CUSTOM."""

    decision: Decision
    value: str = ""

    def __str__(self) -> str:
        return f"custom:{self.value}" if self.decision is Decision.CUSTOM else self.decision.value

    @classmethod
    def parse(cls, text: str) -> Resolution:
        """Read `keep-backup`, `take-live`, `next-boot` or `custom:VALUE`; raises InvalidInput."""
        word, colon, value = text.partition(":")
        allowed = ", ".join(decision.value for decision in Decision)
        remedy = f"Write one of: {allowed} (custom as custom:VALUE)."
        if word not in [decision.value for decision in Decision]:
            raise InvalidInput(f"{text!r} is not a choice.", remedy)
        if (word == Decision.CUSTOM) != bool(colon):
            raise InvalidInput(f"{text!r}: custom takes a value, the other choices none.", remedy)
        return cls(Decision(word), value)


@dataclass(frozen=True, slots=True)
class LdapPlace:
    """Where a value stands in the directory: DN below the machine's entry ("" itself, "DHCP")."""

    entry: str
    attribute: str


@dataclass(frozen=True, slots=True)
class Row:
    """One disagreement.

    `values` are by source (directory_backup, directory_now, xml_backup, xml_state, xml_now; of a
    risk: backup, now); None is "this source does not have it". Secrets stand as a mark, never as
    text. `offered` are the decisions such a row can have at all; `refused` gives the reason for
    every one of them that is not allowed here, and `words` say what one would mean. `coupled` names
    rows that move with this one.

    A row with one allowed decision is decided by itself; every other row is open until the operator
    decides it, and `default` is only the suggestion the screen offers first.
    """

    id: str
    title: str
    group: str
    device: str | None
    ldap: tuple[LdapPlace, ...]
    xpath: tuple[str, ...]
    field_class: FieldClass
    values: Mapping[str, str | None]
    allowed: tuple[Decision, ...]
    refused: Mapping[Decision, str]
    default: Decision | None
    coupled: tuple[str, ...] = ()
    custom_hint: str = ""
    note: str = ""
    offered: tuple[Decision, ...] = FIELD_DECISIONS
    words: Mapping[Decision, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blocking:
    """Something that must stop Apply whatever is chosen."""

    code: str
    message: str
    remedy: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Warning_:
    """Something the operator should know; it stops nothing."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Preview:
    """One document that will be written; `changed` are 0-based indices of changed lines."""

    title: str
    lines: tuple[str, ...]
    changed: frozenset[int]


Resolutions = Mapping[str, Resolution]


class ConflictSet(Protocol):
    """What a comparer hands to the screen. Immutable; every answer is a pure function."""

    @property
    def title(self) -> str:
        """Machine and backup, for the title line."""

    @property
    def mode(self) -> str:
        """For instance "with-state" or "cold"."""

    @property
    def rows(self) -> Sequence[Row]:
        """In the order of the screen, grouped."""

    @property
    def warnings(self) -> Sequence[Warning_]:
        """What the operator should know."""

    @property
    def hidden(self) -> Mapping[str, int]:
        """How many fields were not shown, by reason (equal, noise ...)."""

    def check(self, row_id: str, resolution: Resolution) -> None:
        """Raise InvalidInput or Refused where that row may not be decided so."""

    def together(self, row_id: str, resolution: Resolution) -> Resolutions:
        """The decision with everything coupled to it."""

    def result(self, row_id: str, resolutions: Resolutions) -> str:
        """What the row's value will be, as the operator reads it ("decide" while open)."""

    def still_open(self, resolutions: Resolutions) -> Sequence[str]:
        """Ids of rows that must still be decided."""

    def blocking(self, resolutions: Resolutions) -> Sequence[Blocking]:
        """What stops Apply with these decisions (some blocks end when a row is decided so)."""

    def previews(self, resolutions: Resolutions) -> Sequence[Preview]:
        """The documents that will be written, without secrets."""


@dataclass(slots=True)
class Desk:
    """The operator's decisions on one conflict set, with undo and redo without limit."""

    conflicts: ConflictSet
    decided: dict[str, Resolution] = field(default_factory=dict)
    past: list[dict[str, Resolution]] = field(default_factory=list)
    future: list[dict[str, Resolution]] = field(default_factory=list)

    def decide(self, row_id: str, resolution: Resolution) -> None:
        """Decide a row, and with it the rows coupled to it. Raises Refused or InvalidInput."""
        self.conflicts.check(row_id, resolution)
        self._change({**self.decided, **self.conflicts.together(row_id, resolution)})

    def decide_all(self, decisions: Resolutions) -> None:
        """Decide several rows as one change, so that one undo takes it back.

        What was asked for a row wins over what a coupled row would bring. Raises Refused or
        InvalidInput before anything changes.
        """
        moved: dict[str, Resolution] = {}
        for row_id, resolution in decisions.items():
            self.conflicts.check(row_id, resolution)
            moved.update(self.conflicts.together(row_id, resolution))
        self._change({**self.decided, **moved, **decisions})

    def carried_over(self, conflicts: ConflictSet) -> Desk:
        """A desk on another comparison with every decision that is still possible there.

        For a survey made again, or a restore that changes its mode: rows that went away, and
        decisions that are refused now, are dropped and so open again. Undo and redo go on.
        """
        rows = {row.id for row in conflicts.rows}

        def kept(decided: Resolutions) -> dict[str, Resolution]:
            return {
                row_id: resolution
                for row_id, resolution in decided.items()
                if row_id in rows and _possible(conflicts, row_id, resolution)
            }

        now = kept(self.decided)
        past, future = map(kept, self.past), map(kept, self.future)
        return Desk(conflicts, now, _steps_to(now, past), _steps_to(now, future))

    def reset(self, row_id: str) -> None:
        """Make a decided row open again."""
        self._change({name: kept for name, kept in self.decided.items() if name != row_id})

    def undo(self) -> bool:
        """Take back the last change; False where there is none."""
        return self._step(self.past, self.future)

    def redo(self) -> bool:
        """Put back what was undone; False where there is none."""
        return self._step(self.future, self.past)

    def _change(self, decided: dict[str, Resolution]) -> None:
        if decided != self.decided:
            self.past.append(self.decided)
            self.future.clear()
            self.decided = decided

    def _step(
        self, source: list[dict[str, Resolution]], target: list[dict[str, Resolution]]
    ) -> bool:
        if not source:
            return False
        target.append(self.decided)
        self.decided = source.pop()
        return True


def _possible(conflicts: ConflictSet, row_id: str, resolution: Resolution) -> bool:
    try:
        conflicts.check(row_id, resolution)
    except (InvalidInput, Refused):
        return False
    return True


def _steps_to(
    now: dict[str, Resolution], states: Iterable[dict[str, Resolution]]
) -> list[dict[str, Resolution]]:
    """The states without those that changed nothing on the way to `now`, which follows the last."""
    steps: list[dict[str, Resolution]] = []
    following = now
    for state in reversed(list(states)):
        if state != following:
            steps.append(state)
            following = state
    return steps[::-1]
