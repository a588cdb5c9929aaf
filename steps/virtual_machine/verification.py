"""When a backup set was last verified: copied with every checksum, its copies checked.

Noted in the state folder of whoever ran it, by the set as it was: a set that changed since counts
as never verified. The backup itself is only ever read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from config.paths import private_folder, state_folder
from steps.virtual_machine.iterations import SetFile
from steps.virtual_machine.places import SetPlace


def note_verified(place: SetPlace, files: Sequence[SetFile], moment: str) -> None:
    """Note that the set, as these files are, was verified at `moment`."""
    note = _note(place)
    private_folder(note.parent)
    text = json.dumps({"set": place.backup, "files": _identity(files), "at": moment})
    temporary = note.with_suffix(".new")
    temporary.write_text(text)
    temporary.rename(note)


def last_verified(place: SetPlace, files: Sequence[SetFile]) -> str:
    """When these very files were last verified; empty for never."""
    try:
        found = json.loads(_note(place).read_text())
    except (OSError, ValueError):
        # No note, or half a note: nothing is known.
        return ""
    same = isinstance(found, dict) and found.get("files") == _identity(files)
    return str(found.get("at", "")) if same else ""


def has_note(place: SetPlace) -> bool:
    """Whether a note of that set was ever made here; it may be of other files."""
    return _note(place).exists()


def _note(place: SetPlace) -> Path:
    name = hashlib.sha256(place.backup.encode()).hexdigest()[:32]
    return state_folder() / "verified" / f"{name}.json"


def _identity(files: Sequence[SetFile]) -> str:
    seen = sorted((file.name, file.size, file.modified) for file in files)
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()
