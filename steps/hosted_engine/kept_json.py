"""What a long look has found, kept in the cache for the next look at the same file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from config.paths import cache_folder, private_folder
from config.private_files import write_private


def kept_file(folder: str, *parts: object) -> Path:
    """Where the finding about these (a path, a size, a time of change) is kept."""
    of = "|".join(map(str, parts))
    place = private_folder(cache_folder() / folder)
    return place / f"{hashlib.sha256(of.encode()).hexdigest()}.json"


def read_kept(file: Path, version: int) -> dict[str, Any] | None:
    """What was kept, or None: whatever else lies there is only a cache."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("format") == version else None


def keep(file: Path, version: int, data: dict[str, Any]) -> None:
    """Keep it. No secret may be in it."""
    write_private(file, json.dumps({"format": version, **data}))
