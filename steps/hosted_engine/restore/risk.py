"""One row of the conflict screen of a restore, with what its decisions lead to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from steps.conflicts import Blocking, Decision, FieldClass, Row

USE, PREVENT, ACCEPT, STOP, RENAME = (
    Decision.USE_FAILOVER_HOST,
    Decision.PREVENT,
    Decision.ACCEPT,
    Decision.STOP,
    Decision.CUSTOM,
)


def anything(_value: str) -> None:
    """Takes any typed value."""


@dataclass(frozen=True, slots=True)
class Risk:
    """What stands in the way, or what must be known, and how it can be settled.

    `words` has every decision that is offered, with what it means; `refused` says why one of them
    is not allowed. `settle` is what to do where the operator stops. `check` judges a typed value.
    """

    id: str
    title: str
    group: str
    words: Mapping[Decision, str]
    settle: str
    backup: str | None = None
    now: str | None = None
    refused: Mapping[Decision, str] = field(default_factory=dict)
    default: Decision | None = None
    note: str = ""
    hint: str = ""
    check: Callable[[str], None] = anything

    @property
    def allowed(self) -> tuple[Decision, ...]:
        """What may be chosen."""
        return tuple(decision for decision in self.words if decision not in self.refused)

    def row(self) -> Row:
        """As the screen shows it."""
        return Row(
            id=self.id,
            title=self.title,
            group=self.group,
            device=None,
            ldap=(),
            xpath=(),
            field_class=FieldClass.RISK,
            values={"backup": self.backup, "now": self.now},
            allowed=self.allowed,
            refused=self.refused,
            default=self.default if self.default in self.allowed else None,
            custom_hint=self.hint,
            note=self.note,
            offered=tuple(self.words),
            words=self.words,
        )

    def stopped(self) -> Blocking:
        """What stands in the way where the operator decided to stop."""
        return Blocking(
            f"{self.id}-stop", f"{self.title}: you chose to stop.", self.settle, (self.id,)
        )
