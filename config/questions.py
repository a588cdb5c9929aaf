"""A procedure's questions as data: the wizard, plain mode and the answer file all read these.

Nothing here touches the world. What must be looked up live is named as a *probe*; the procedure
that owns the interview says which function answers to that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from config.secrets import Secret, SecretReference

Value = str | int | bool | tuple[str, ...] | SecretReference
"""What an answer can be. Sizes are bytes, times seconds."""

Given = Mapping[str, Value]
"""Answers by question name, as far as they are known."""


class Kind(StrEnum):
    """How a question is asked."""

    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes-no"
    CHOICE = "choice"
    CHOICES = "choices"
    PATH = "path"
    SECRET = "secret"  # noqa: S105  (a kind, not a password)


@dataclass(frozen=True, slots=True)
class Choice:
    """One allowed (or, with `refused`, one forbidden and explained) answer."""

    value: str
    label: str
    note: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe saw: `ok`, `warning` or `error`, always saying what it looked at."""

    level: str
    text: str
    remedy: str = ""


def always(_given: Given) -> bool:
    """The condition of a question that is always asked."""
    return True


def accept(_value: Value, _given: Given) -> None:
    """The check of a question that any value of its kind satisfies."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to decide.

    `check` raises InvalidInput for a value that can be refused without looking at the world.
    `choices_probe` names the probe that lists the choices, `suggest_probe` the one that finds a
    default where there are none, `probe` the one that judges the answer; all run elsewhere and may
    take seconds. `depends_on` names the answers those probes read: when one of them changes,
    choices, suggestion and findings are asked for again. `judge_secret` looks at a typed secret,
    in memory only.
    """

    name: str
    title: str
    kind: Kind
    why: str = ""
    help: str = ""
    default: Value | Callable[[Given], Value | None] | None = None
    required: bool = True
    choices: tuple[Choice, ...] | Callable[[Given], tuple[Choice, ...]] = ()
    choices_probe: str = ""
    suggest_probe: str = ""
    probe: str = ""
    depends_on: tuple[str, ...] = ()
    check: Callable[[Value, Given], None] = accept
    condition: Callable[[Given], bool] = always
    judge_secret: Callable[[Secret], tuple[Finding, ...]] | None = None
    may_type: bool = False
    """Where the look finds no choices, the answer may be typed."""

    @property
    def listing_probe(self) -> str:
        """The probe that brings choices, a suggested answer or both; empty where there is none."""
        return self.choices_probe or self.suggest_probe

    def choices_for(self, given: Given) -> tuple[Choice, ...]:
        """The choices, computed from the answers so far where they depend on them."""
        return self.choices(given) if callable(self.choices) else self.choices

    def default_for(self, given: Given) -> Value | None:
        """The default, computed from the answers so far where it depends on them."""
        return self.default(given) if callable(self.default) else self.default


@dataclass(frozen=True, slots=True)
class Group:
    """One page of the interview."""

    name: str
    title: str
    questions: tuple[Question, ...]
    intro: str = ""
    condition: Callable[[Given], bool] = always
    """Where it does not hold, nothing on this page is asked."""

    def asked(self, given: Given) -> tuple[Question, ...]:
        """The questions of this page whose condition holds."""
        if not self.condition(given):
            return ()
        return tuple(question for question in self.questions if question.condition(given))


@dataclass(frozen=True, slots=True)
class Interview:
    """All pages of one procedure, in order.

    A question may stand on several pages of which one at most asks it: each with its own condition
    and otherwise alike.
    """

    groups: tuple[Group, ...]
    _by_name: dict[str, Question] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {question.name: question for group in self.groups for question in group.questions}
        object.__setattr__(self, "_by_name", by_name)

    def question(self, name: str) -> Question | None:
        """The question of that name, or None."""
        return self._by_name.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Every question name, in order."""
        return tuple(self._by_name)

    def pages(self, given: Given) -> tuple[Group, ...]:
        """The pages on which something is asked, in order."""
        return tuple(group for group in self.groups if group.asked(given))

    def asked(self, given: Given) -> tuple[Question, ...]:
        """Every question whose condition holds, in order."""
        return tuple(question for group in self.groups for question in group.asked(given))
