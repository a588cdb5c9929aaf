"""What is to be said of a password: warnings only, the tool takes anything that is not empty."""

from __future__ import annotations

from config.questions import Finding
from config.secrets import Secret

LEAST = 12
_KINDS = (str.islower, str.isupper, str.isdigit)
_COMMON = ("password", "passw0rd", "admin", "ovirt", "redhat", "123456", "qwerty", "secret")


def judge_password(secret: Secret) -> tuple[Finding, ...]:
    """Length, variety, well-known words. Says nothing of the text itself."""
    text = secret.reveal()
    kinds = sum(any(kind(sign) for sign in text) for kind in _KINDS)
    kinds += any(not sign.isalnum() for sign in text)
    problems = []
    if len(text) < LEAST:
        problems.append(f"it is shorter than {LEAST} characters")
    if kinds < 3 and len(text) < 2 * LEAST:
        problems.append("it mixes less than three of small letters, capitals, digits, signs")
    if any(word in text.lower() for word in _COMMON):
        problems.append("it holds a word that is tried first")
    if text != text.strip() or not text.isprintable():
        problems.append("it has blanks at an end or signs that cannot be typed everywhere")
    if problems:
        return (Finding("warning", f"This password is weak: {'; '.join(problems)}.", ""),)
    return (Finding("ok", "Long and varied; it is given twice to the tool, both times the same."),)
