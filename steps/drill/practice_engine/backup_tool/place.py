"""Where a database is, and who it belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_SETTING: Final = re.compile(r'^(?:ENGINE|DWH)_DB_(\w+)="?([^"\n]*)"?$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one database is, and who it belongs to."""

    host: str
    port: int
    name: str
    user: str
    password: str
    secured: bool = False

    @classmethod
    def given(cls, settings: Mapping[str, str]) -> Place:
        """As the options say."""
        return cls(
            settings["host"], int(settings.get("port") or 5432), settings["name"],
            settings["user"], settings["password"],
            settings.get("secured", "") not in ("", "False"),
        )  # fmt: skip

    @classmethod
    def configured(cls, text: str) -> Place:
        """As the engine's own 10-setup-database.conf says."""
        found = dict(_SETTING.findall(text))
        return cls(
            found.get("HOST", "localhost"), int(found.get("PORT") or 5432),
            found.get("DATABASE", "engine"), found.get("USER", "engine"),
            found.get("PASSWORD", ""), found.get("SECURED", "False") == "True",
        )  # fmt: skip
