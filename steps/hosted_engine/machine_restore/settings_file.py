"""postgresql.conf: read, and added to at its end, where the last setting wins. Pure."""

from __future__ import annotations

import re
from typing import Final

from config.errors import InvalidInput

LARGEST: Final = 4 << 20
MARK: Final = "# For the restored engine's databases (rekindle)"
_SETTING: Final = re.compile(
    r"^[ \t]*([A-Za-z_][A-Za-z0-9_.]*)(?:[ \t]*=[ \t]*|[ \t]+)"
    r"('(?:[^'\\\n]|''|\\.)*'|[^ \t#'\r\n]+)[ \t]*(?:#[^\n]*)?\r?$",
    re.MULTILINE,
)
_ESCAPED: Final = re.compile(r"''|\\(.)")


def setting(text: str, name: str) -> str | None:
    """The value that counts in this file, or None. Raises InvalidInput for what is no such file."""
    _check(text)
    found = [match[2] for match in _SETTING.finditer(text) if match[1].lower() == name.lower()]
    return _plain(found[-1]) if found else None


def with_setting(text: str, name: str, value: str) -> str:
    """The text with this setting in force; the text itself where it is so already."""
    if setting(text, name) == value:
        return text
    quoted = value.replace("\\", "\\\\").replace("'", "''")
    start = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{start}{MARK}\n{name} = '{quoted}'\n"


def listens_on(value: str, addresses: tuple[str, ...]) -> bool:
    """Whether listen_addresses of this value takes connections to these addresses.

    No addresses: it is enough to listen on any but this host's own.
    """
    words = {word.strip().lower() for word in value.split(",") if word.strip()}
    if "*" in words:
        return True
    fours = all(":" not in address for address in addresses)
    if "0.0.0.0" in words and (fours or "::" in words):  # noqa: S104 - read, not listened on
        return True
    return bool(addresses) and all(address.lower() in words for address in addresses)


def _plain(word: str) -> str:
    if not word.startswith("'"):
        return word
    return _ESCAPED.sub(lambda found: found[1] or "'", word[1:-1])


def _check(text: str) -> None:
    if "\0" in text:
        raise InvalidInput("This postgresql.conf holds a NUL character.", "Look at it by hand.")
    if len(text) > LARGEST:
        raise InvalidInput(
            f"This postgresql.conf has {len(text)} characters; {LARGEST} is the most.",
            "Look at it by hand.",
        )
