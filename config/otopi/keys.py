"""What can be told of a key by its name: that it holds a password, or that it was generated."""

from __future__ import annotations

import re

_SECRET = re.compile(r"passw|passphrase|pwd|secret|credential|privatekey", re.IGNORECASE)
_NOT_SECRET = re.compile(r"validitysec|passwordless|without-password", re.IGNORECASE)
_GENERATED = re.compile(r"UUIDs?$", re.IGNORECASE)


def is_secret(key: str) -> bool:
    """Whether the key holds a password, also as the recorded answer of a question."""
    return bool(_SECRET.search(key)) and not _NOT_SECRET.search(key)


def is_generated(key: str) -> bool:
    """Whether the tool made the value up for one deployment: harmful on new storage."""
    return bool(_GENERATED.search(key))
