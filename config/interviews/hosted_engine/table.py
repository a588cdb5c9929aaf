"""What a row of the two question tables holds.

Facts come from the reference on hosted-engine, sections 3 (classic), 4 (ansible), 6.4 (prompts)
and 7.1 (answer files); `number` is the row's number there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from config.interviews.hosted_engine.builds import within
from config.interviews.hosted_engine.stored import Stored, secret
from config.questions import Given, Value, accept, always

Default = Value | Callable[[Given], Value | None] | None

YES_NO = (("yes", "Yes"), ("no", "No"))


@dataclass(frozen=True, slots=True)
class Saved:
    """One key of the answer file that a row fills."""

    key: str
    stored: Stored
    by_tool: bool = True
    """Whether the tool itself writes the key; False: only whoever edits the file does."""
    secret: bool = False
    """A password: the tool never writes it, and neither do we."""
    storage: bool = False
    """A storage key: in the ansible generation it makes a storage mistake fatal."""
    section: str = "environment:default"

    @property
    def type(self) -> str:
        """Its otopi type."""
        return self.stored.type


@dataclass(frozen=True, slots=True)
class Row:
    """One question of the tool (or, without `id`, one key that it never asks for).

    `name` is the answer's name here; rows of one name are one question of ours, in both
    generations, and a password that is asked for and confirmed is two rows. `name` is empty where
    only a running tool can be answered (its menus). `default` is ours: never one that the tool
    would refuse. `words` are the tool's words for answers that it calls otherwise. `fragments` are
    pieces of the prompt of which one must be there: ids repeat, and in the human dialect there are
    none.
    """

    number: str
    id: str
    name: str
    era: str
    saved: tuple[Saved, ...] = ()
    fragments: tuple[str, ...] = ()
    occurrence: int = 0
    """Which asking of this id it is, from 1; 0: every one."""
    first: str = ""
    last: str = ""
    """First and last build that asks it; empty: all of its generation."""
    choices: tuple[str, ...] = ()
    default: Default = None
    check: Callable[[Value, Given], None] = accept
    condition: Callable[[Given], bool] = always
    words: tuple[tuple[str, str], ...] = ()
    listed: bool = False
    """The tool prints a numbered list and wants the number before the answer's text."""
    also: tuple[str, ...] = ()
    """Further ids of the same question in other builds."""
    unsaid: tuple[str, ...] = ()
    """Answers that are never typed: they say that the tool does not ask, or that you will."""

    @property
    def key(self) -> str:
        """The row by name, for tests and messages: generation, number, id, occurrence."""
        asking = f"#{self.occurrence}" if self.occurrence else ""
        return f"{self.era}-{self.number}-{self.id or self.saved[0].key}{asking}"

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id the tool asks it by."""
        return (self.id, *self.also) if self.id else ()

    def in_build(self, build: str) -> bool:
        """Whether that build of the tool has this row."""
        return within(build, self.first, self.last)

    def asked(self, given: Given) -> bool:
        """Whether these answers lead to this row."""
        build = given.get("build")
        if given.get("era") != self.era or (isinstance(build, str) and not self._has(build)):
            return False
        return self.condition(given)

    def _has(self, build: str) -> bool:
        try:
            return self.in_build(build)
        except ValueError:
            return True

    def fits(self, prompt: str) -> bool:
        """Whether a piece of this row's prompt is in the text; `...` parts pieces of one."""
        return any(
            all(part in prompt for part in fragment.split("...")) for fragment in self.fragments
        )

    def said(self, value: Value) -> str | None:
        """The answer as the tool wants it typed; None where it is none. Never for a secret."""
        if value in self.unsaid:
            return None
        if isinstance(value, bool):
            return dict(self.words or YES_NO)["yes" if value else "no"]
        plain = ",".join(value) if isinstance(value, tuple) else str(value)
        return dict(self.words).get(plain, plain)


def password_rows(
    row: Callable[..., Row],
    number: str,
    id: str,
    name: str,
    key: str,
    prompts: tuple[str, ...],
    again: tuple[str, ...],
    **common: object,
) -> tuple[Row, Row]:
    """A password that is asked for and confirmed: one answer of ours, one key, two prompts."""
    saved = (Saved(key, secret(name), by_tool=False, secret=True),)
    return (
        row(number, id, name, occurrence=1, saved=saved, fragments=prompts, **common),
        row(number, id, name, occurrence=2, fragments=again, **common),
    )
