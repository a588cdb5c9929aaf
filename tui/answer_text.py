"""Answers as the operator types and reads them. Pure."""

from __future__ import annotations

from config.questions import Kind, Question, Value
from config.secrets import SecretReference


def as_text(value: Value | None) -> str:
    """A value as the operator types it; a secret is never text."""
    match value:
        case None | SecretReference():
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value)
    return str(value)


def from_text(question: Question, text: str) -> Value | None:
    """What was typed, as a value; None stands for no answer, so that the default counts again.

    A number that is none stays text: the session says what is wrong with it.
    """
    text = text.strip()
    if not text and (question.kind is Kind.NUMBER or question.default is None):
        return None
    if question.kind is Kind.YES_NO:
        return text == "yes"
    if question.kind is Kind.NUMBER:
        return _number(text)
    return text


def _number(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text
