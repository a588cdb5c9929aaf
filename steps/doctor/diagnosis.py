"""One line of the doctor's report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
WARNING: Final = "warning"
ERROR: Final = "error"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was looked at, how it is (`ok`, `warning` or `error`), what was seen, what to do."""

    topic: str
    level: str
    seen: str
    remedy: str = ""


def fine(topic: str, seen: str) -> Diagnosis:
    """Nothing to do."""
    return Diagnosis(topic, OK, seen)


def concern(topic: str, seen: str, remedy: str) -> Diagnosis:
    """It works without, but less well or not for everything."""
    return Diagnosis(topic, WARNING, seen, remedy)


def fault(topic: str, seen: str, remedy: str) -> Diagnosis:
    """It will not work until this is put right."""
    return Diagnosis(topic, ERROR, seen, remedy)


def healthy(diagnoses: Iterable[Diagnosis]) -> bool:
    """Whether there is no error among them."""
    return all(diagnosis.level != ERROR for diagnosis in diagnoses)
