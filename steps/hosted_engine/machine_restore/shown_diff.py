"""What a change of a file looks like before it is made, without the secrets it may hold. Pure."""

from __future__ import annotations

import difflib
import re
from typing import Final

_SECRET: Final = re.compile(r"(?i)\b(\w*(?:passwd|password|secrets?))(\s*=\s*)(\"[^\"]*\"|\S+)")
_CONTEXT: Final = 1


def diff_of(path: str, before: str, after: str) -> str:
    """As `diff -u` shows it; empty where nothing changes."""
    lines = difflib.unified_diff(_lines(before), _lines(after), path, path, lineterm="", n=_CONTEXT)
    return "\n".join(_harmless(line) for line in lines)


def _lines(text: str) -> list[str]:
    """Only a line feed ends a line: that is how the server reads its files."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _harmless(line: str) -> str:
    shown = "".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in line)
    return _SECRET.sub(r"\1\2***", shown)
