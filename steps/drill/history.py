"""Which drills were done, when, and how they went: one JSON line each in the state folder."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from config.paths import state_folder


@dataclass(frozen=True, slots=True)
class DrillResult:
    """One drill: `finished` in UTC (ISO 8601), `seconds` from the operator's start to the end."""

    drill: str
    procedure: str
    finished: str
    seconds: float
    passed: bool
    run: str
    fault: str = ""
    automatic: bool = False

    @property
    def date(self) -> datetime:
        """When it ended."""
        return datetime.fromisoformat(self.finished)


def history_file() -> Path:
    """Where the results are kept."""
    return state_folder() / "drills.jsonl"


def remember(result: DrillResult) -> None:
    """Add one result, durably."""
    line = json.dumps(asdict(result)) + "\n"
    handle = os.open(history_file(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def last_drill(procedure: str) -> DrillResult | None:
    """The newest drill of that procedure, or None."""
    return next((drill for drill in reversed(all_drills()) if drill.procedure == procedure), None)


def all_drills() -> tuple[DrillResult, ...]:
    """Every result, oldest first; a torn last line is passed over."""
    file = history_file()
    if not file.exists():
        return ()
    found = (_parse(line) for line in file.read_text().splitlines())
    return tuple(result for result in found if result is not None)


def _parse(line: str) -> DrillResult | None:
    try:
        return DrillResult(**json.loads(line))
    except (ValueError, TypeError):
        return None
