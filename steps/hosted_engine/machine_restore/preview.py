"""engine-setup's preview of what it will do, out of the lines that it shows. Pure.

Each line is `KEY   : VALUE`; how wide the key is padded changed between versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

HEADER: Final = re.compile(r"^\s*--== (.{1,80}) ==--\s*$")
PREVIEW: Final = "CONFIGURATION PREVIEW"
MOST_ROWS: Final = 200
_ROW: Final = re.compile(r"^\s*(\S[^:]{0,80}?)\s*: ?(.{0,500})$")
_NAMES: Final = ("host fqdn", "engine host fqdn")


@dataclass(slots=True)
class Preview:
    """Fed with every line for humans; keeps the rows of the last preview."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    _inside: bool = False

    def line(self, text: str) -> None:
        """Take a line in."""
        header = HEADER.match(text)
        if header is not None:
            self._inside = header[1] == PREVIEW
            if self._inside:
                self.rows.clear()
            return
        row = _ROW.match(text) if self._inside else None
        if row is not None and len(self.rows) < MOST_ROWS:
            self.rows.append((row[1], row[2].strip()))

    @property
    def fqdn(self) -> str:
        """The engine's name in it; empty where it has none."""
        return next((value for key, value in self.rows if key.casefold() in _NAMES), "")

    @property
    def shown(self) -> str:
        """As an operator reads it."""
        width = max((len(key) for key, _value in self.rows), default=0)
        return "\n".join(f"{key:<{width}} : {value}" for key, value in self.rows)
