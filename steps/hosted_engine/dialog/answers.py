"""Fitting an answer to a question: what exactly is sent, or why it must not be.

In the machine dialect an answer outside the valid ones ends the whole deployment, so nothing is
sent that was not looked at here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from config.errors import InvalidInput
from config.secrets import Secret
from steps.hosted_engine.dialog.events import Asked, Wants
from steps.hosted_engine.dialog.prompt_text import options_in

LONGEST_LINE = 4000
"""Characters: a terminal takes no longer line, and a pipe takes this much in one piece."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answers. `entry` means: the numbered entry with these words, not the words.

    `empty` says that an empty line is meant, where the tool names no default.
    """

    value: str | Secret
    entry: bool = False
    empty: bool = False


class KnownAnswers(Protocol):
    """Who foresaw some of the questions."""

    def answer(self, asked: Asked) -> Answer | None:
        """The answer to this question, or None where nobody foresaw it."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What to send: the text without its line end, and whether it is a secret."""

    text: str
    secret: bool


def fit(asked: Asked, answer: Answer) -> Fitted:
    """What to send for this answer. Raises InvalidInput, which never holds a secret."""
    if isinstance(answer.value, Secret):
        return _secret(asked, answer.value)
    if asked.is_secret:
        if answer.empty and not answer.value:
            return Fitted("", secret=True)
        raise InvalidInput(
            f"{_title(asked)} asks for a secret, and this answer is none.",
            "Give a password; it is not shown or written down.",
        )
    text = _entry(asked, answer.value) if answer.entry else answer.value
    return Fitted(_wanted(asked, text, empty=answer.empty), secret=False)


def _secret(asked: Asked, secret: Secret) -> Fitted:
    if not asked.is_secret:
        raise InvalidInput(
            f"{_title(asked)} would show its answer, so no secret is sent to it.",
            "Look at what it asks; answer it by hand.",
        )
    text = secret.reveal()
    _check_line(asked, text, shown=False)
    if not text:
        raise InvalidInput(f"{_title(asked)} needs a password, and this one is empty.")
    return Fitted(text, secret=True)


def _entry(asked: Asked, words: str) -> str:
    """The number in front of the one entry that has these words."""
    options = options_in(asked.text)
    found = [option for option in options if words.casefold() in option.text.casefold()]
    whole = [option for option in found if words.casefold() in option.text.casefold().split()]
    best = whole if len(whole) == 1 else found
    if len(best) == 1:
        return best[0].number
    listed = "; ".join(f"({option.number}) {option.text[:80]}" for option in options) or "none"
    problem = "is not among" if not found else "fits more than one of"
    raise InvalidInput(f"{words!r} {problem} the entries of {_title(asked)}: {listed}.")


def _wanted(asked: Asked, text: str, *, empty: bool) -> str:
    match asked.wants:
        case Wants.LINES:
            return _lines(asked, text)
        case Wants.VALUE:
            return _value(asked, text)
        case Wants.CONFIRM:
            return _confirmed(asked, text)
    _check_line(asked, text)
    if not text:
        if asked.default is None and not empty:
            raise InvalidInput(
                f"{_title(asked)} names no default, so an empty answer may end the deployment."
            )
        return ""
    return _choice(asked, text) if asked.choices else text


def _choice(asked: Asked, text: str) -> str:
    """As the tool spells it; the case counts only where two choices differ by nothing else."""
    if text in asked.choices:
        return text
    alike = [choice for choice in asked.choices if choice.casefold() == text.casefold()]
    if len(alike) == 1:
        return alike[0]
    raise InvalidInput(
        f"{text!r} is no answer to {_title(asked)}.", f"It takes: {', '.join(asked.choices)}."
    )


def _confirmed(asked: Asked, text: str) -> str:
    word = text.casefold()
    if word not in ("yes", "no"):
        raise InvalidInput(f"{text!r} is no answer to {_title(asked)}.", "It takes: yes, no.")
    return f"CONFIRM {asked.name}={word}" if asked.name else word


def _value(asked: Asked, text: str) -> str:
    _check_line(asked, text)
    if ":" not in text:
        raise InvalidInput(
            f"{text!r} has no type, and {_title(asked)} wants one.", "Write for instance str:TEXT."
        )
    return f"VALUE {asked.name}={text}" if asked.name else text


def _lines(asked: Asked, text: str) -> str:
    lines = text.splitlines()
    for line in lines:
        _check_line(asked, line)
    if asked.boundary in lines or not asked.boundary:
        raise InvalidInput(f"A line of the answer to {_title(asked)} is its own end mark.")
    return "\n".join([*lines, asked.boundary])


def _check_line(asked: Asked, text: str, *, shown: bool = True) -> None:
    said = repr(text[:80]) if shown else "The answer"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise InvalidInput(f"{said} to {_title(asked)} holds a control character or line end.")
    if len(text.encode()) > LONGEST_LINE:
        raise InvalidInput(f"The answer to {_title(asked)} is longer than {LONGEST_LINE} bytes.")


def _title(asked: Asked) -> str:
    return repr(asked.last_line[:200] or asked.name)
