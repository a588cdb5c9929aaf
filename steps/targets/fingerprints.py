"""Comparing fingerprints as they are written: by ssh-keygen, by openssl, by hand. Pure."""

from __future__ import annotations

import re
from typing import Final

_NAMED: Final = re.compile(r"sha-?256(?: fingerprint)?[:= ]\s*", re.IGNORECASE)
_HEX: Final = re.compile(r"(?:[0-9a-f]{32}){1,2}", re.IGNORECASE)
"""A SHA-256 digest, or a hardware UUID; ssh-keygen's base64 is as long as neither."""


def same_fingerprint(one: str, other: str) -> bool:
    """Whether both are the same, with or without `SHA256:` and colons, hexadecimal in any case."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    bare = _NAMED.sub("", text.strip(), count=1) if _NAMED.match(text.strip()) else text.strip()
    digits = bare.replace(":", "").replace("-", "")
    return digits.lower() if _HEX.fullmatch(digits) else bare.rstrip("=")
