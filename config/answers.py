"""Judging answers: typed text to a value, a value against its question, all against the interview.

Everything here is pure: what needs the world is a probe (see questions.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from config.errors import InvalidInput
from config.questions import Given, Interview, Kind, Question, Value
from config.secret_sources import FORMS, parse_reference
from config.secrets import SecretReference
from config.showing import quoted

_WORDS = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


def takes_several(question: Question) -> bool:
    """Whether the answer is a list of texts: its kind or its default says so."""
    return question.kind is Kind.CHOICES or isinstance(question.default, tuple)


def read_text(question: Question, text: str) -> Value:
    """What an operator typed, as a value of the question's kind; raises InvalidInput.

    Several texts are separated by commas. A secret is typed as a reference, never as its text.
    """
    if takes_several(question):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    match question.kind:
        case Kind.NUMBER:
            return _number(text.strip())
        case Kind.YES_NO:
            return _yes_no(text.strip())
        case Kind.SECRET:
            return parse_reference(text.strip())
        case _:
            return text.strip()


def show_value(value: Value) -> str:
    """A value as `read_text` would read it; a secret as its reference."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def check_value(question: Question, value: Value | None, given: Given) -> None:
    """Raise InvalidInput where this value cannot answer the question."""
    if value is None or value in ("", ()):
        if question.required:
            raise InvalidInput(f"{question.title}: an answer is needed.", "Give one.")
        return
    _check_kind(question, value)
    _check_choice(question, value, given)
    question.check(value, given)


Suggest = Callable[[Question, Given], Value | None]
"""What was found on the world as the default of a question, given the answers before it."""


def settled(
    interview: Interview, given: Given, suggest: Suggest = lambda _question, _given: None
) -> dict[str, Value]:
    """The answers to the questions that are asked, defaults where none was given, in order.

    A question's condition sees what was settled before it; an answer that is not asked for drops
    out. What `suggest` finds goes before the default.
    """
    known: dict[str, Value] = {}
    for group in interview.groups:
        if not group.condition(known):
            continue
        for question in group.questions:
            if question.condition(known):
                value = given.get(question.name)
                value = suggest(question, known) if value is None else value
                value = question.default_for(known) if value is None else value
                if value is not None:
                    known[question.name] = value
    return known


def unanswered(interview: Interview, given: Given) -> tuple[Question, ...]:
    """The required questions that are asked and have neither answer nor default."""
    known = settled(interview, given)
    asked = interview.asked(known)
    return tuple(q for q in asked if q.required and known.get(q.name) in (None, "", ()))


def _number(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise InvalidInput(f"{quoted(text)} is not a whole number.", "Write digits only.")
    return int(text)


def _yes_no(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise InvalidInput(f"{quoted(text)} is neither yes nor no.", "Write yes or no.")
    return _WORDS[text.lower()]


def _check_kind(question: Question, value: Value) -> None:
    problem = _kind_problem(question, value)
    if problem:
        raise InvalidInput(f"{question.title}: {problem[0]}", problem[1])


def _kind_problem(question: Question, value: Value) -> tuple[str, str] | None:
    """What is wrong with the value's type, and what to do. Never shows what may be a secret."""
    if question.kind is Kind.SECRET:
        right = isinstance(value, SecretReference)
        return None if right else ("a reference to a secret is needed.", f"Write {FORMS}.")
    shown = quoted(value)
    if takes_several(question):
        right = isinstance(value, tuple)
        return None if right else (f"{shown} is not a list.", "Give a list.")
    if question.kind is Kind.YES_NO:
        return None if isinstance(value, bool) else (f"{shown} is not yes or no.", "Say which.")
    if question.kind is Kind.NUMBER:
        right = isinstance(value, int) and not isinstance(value, bool)
        return None if right else (f"{shown} is not a whole number.", "Write digits only.")
    return _text_problem(question.kind, value)


def _text_problem(kind: Kind, value: Value) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return f"{quoted(value)} is not text.", "Write text."
    if not value.isprintable():
        return f"{quoted(value)} has characters that cannot be printed.", "Remove them."
    if kind is Kind.PATH and (not value.startswith("/") or ".." in value.split("/")):
        return f"{quoted(value)} is not a full path.", "Write it from / on, without '..'."
    return None


def _check_choice(question: Question, value: Value, given: Given) -> None:
    listed = question.kind in (Kind.CHOICE, Kind.CHOICES)
    choices = question.choices_for(given) if listed else ()
    if not choices:
        return
    by_value = {choice.value: choice for choice in choices}
    for text in value if isinstance(value, tuple) else (str(value),):
        choice = by_value.get(text)
        if choice is None:
            allowed = ", ".join(c.value for c in choices if not c.refused)
            raise InvalidInput(
                f"{question.title}: {quoted(text)} is not a choice.", f"Choose from: {allowed}."
            )
        if choice.refused:
            raise InvalidInput(
                f"{question.title}: {choice.label} cannot be chosen: {choice.refused}",
                "Choose another one.",
            )
