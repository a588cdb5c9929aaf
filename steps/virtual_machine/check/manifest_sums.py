"""What a set says of itself: its manifest and its checksum list. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from config.errors import InvalidInput

MANIFEST = "manifest.json"
"""Written last: a set of ours without it is not complete. Original sets have none."""
INCOMPLETE = "INCOMPLETE"
"""Lies in a set while it is being written or removed."""


def manifest_files(text: str, name: str) -> Mapping[str, tuple[int, str]]:
    """Bytes and SHA-256 by file name; raises InvalidInput where it is no manifest."""
    try:
        found = json.loads(text)
        files = found["files"]
        sums = {str(f["name"]): (int(f["size"]), str(f["sha256"]).lower()) for f in files}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInput(
            f"{name} cannot be read as a manifest: {type(error).__name__}.",
            "Choose another backup.",
        ) from error
    if not sums:
        raise InvalidInput(f"{name} names no file.", "Choose another backup.")
    return sums
