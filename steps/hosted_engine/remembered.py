"""What operators answered to questions that nobody foresaw, kept by site and offered next time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from config.errors import InvalidInput
from config.paths import private_folder, state_folder
from config.private_files import write_private
from steps.hosted_engine.dialog.events import Asked

MOST: Final = 500
_LONGEST: Final = 4000


class Remembered:
    """The answers of one site. A file that cannot be read is as good as none: it only offers."""

    def __init__(self, site: str, folder: Path | None = None) -> None:
        base = folder or private_folder(state_folder()) / "remembered-answers"
        name = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in site)
        self._path = private_folder(base) / f"{name}.json"

    def recall(self, asked: Asked) -> str | None:
        """What was answered to this question last time, or None."""
        return self._all().get(_key(asked))

    def keep(self, asked: Asked, answer: str) -> None:
        """Remember a visible answer; a hidden question's is never kept."""
        if asked.is_secret or len(answer) > _LONGEST:
            return
        answers = self._all()
        answers.pop(_key(asked), None)
        answers[_key(asked)] = answer
        kept = dict(list(answers.items())[-MOST:])
        write_private(self._path, json.dumps(kept, ensure_ascii=False, indent=1) + "\n")

    def _all(self) -> dict[str, str]:
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(data, dict):
            return {}
        return {str(key): value for key, value in data.items() if isinstance(value, str)}


def _key(asked: Asked) -> str:
    return f"{asked.name} | {asked.last_line[:300]}"


def remembered_of(site: str) -> Remembered | None:
    """The answers of that site, or None where there is no place to keep them."""
    try:
        return Remembered(site)
    except (InvalidInput, OSError):
        return None
