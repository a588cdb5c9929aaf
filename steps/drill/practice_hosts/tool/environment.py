"""The tool's environment: keys and values out of answer files, and the answer files it writes."""

from __future__ import annotations

import configparser
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from steps.drill.practice_hosts.tool.dialects import Ended

Value = str | int | bool | None
SECTIONS: Final = (
    "environment:default", "environment:init", "environment:override", "environment:enforce",
)  # fmt: skip
NEVER_STORED: Final = frozenset({
    "OVEHOSTED_ENGINE/adminPassword", "OVEHOSTED_ENGINE/appHostName",
    "OVEHOSTED_VM/cloudinitRootPwd", "OVEHOSTED_STORAGE/iSCSIPortalPassword",
    "OVEHOSTED_STORAGE/iSCSIDiscoverPassword", "OVEHOSTED_FIRST_HOST/rootPassword",
    "OVEHOSTED_NETWORK/bridgeIf", "OVEHOSTED_NETWORK/host_name",
    "OVEHOSTED_CORE/restoreFromFile", "OVEHOSTED_CORE/renewPKIonRestore",
    "OVEHOSTED_CORE/pauseonRestore", "OVESETUP_CONFIG/adminPassword",
})  # fmt: skip
"""Passwords, and what the tool leaves out besides."""
_STORED: Final = ("OVEHOSTED_",)
_FALSE: Final = ("0", "f", "F", "false", "False")


class Environment:
    """Keys and values. What was asked for is not asked again."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}

    def get(self, key: str) -> Value:
        """The value, or None where it is to be asked for."""
        return self._values.get(key)

    def text(self, key: str) -> str:
        """The value as text; empty where there is none."""
        value = self._values.get(key)
        return "" if value is None else str(value)

    def set(self, key: str, value: Value) -> None:
        """Set it."""
        self._values[key] = value

    def any_of(self, prefix: str) -> bool:
        """Whether any key with that beginning is set."""
        return any(k.startswith(prefix) and v is not None for k, v in self._values.items())

    def append(self, path: str) -> str:
        """Read an answer file; returns a warning where it is not there. Raises Ended."""
        parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        if not parser.read(path):
            return f"Config file {path} cannot be read"
        for section in SECTIONS:
            if parser.has_section(section):
                for key, typed in parser.items(section):
                    self._take(key, typed)
        return ""

    def pairs(self, words: Iterable[str]) -> None:
        """`KEY=type:value` pairs of the command line."""
        for word in words:
            key, _, typed = word.partition("=")
            self._take(key, typed)

    def _take(self, key: str, typed: str) -> None:
        kind, colon, value = typed.partition(":")
        if not colon:
            raise Ended(f"Cannot parse configuration file key {key} at section")
        if kind == "none":
            self._values.setdefault(key, None)
        elif kind == "bool":
            self._values[key] = value not in _FALSE
        elif kind == "int":
            self._values[key] = int(value)
        else:
            self._values[key] = value

    def write(self, path: Path, stored: tuple[str, ...] = _STORED) -> None:
        """Write an answer file: keys that begin so, without what is never stored."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["[environment:default]"]
        for key, value in sorted(self._values.items()):
            if key.startswith(stored) and key not in NEVER_STORED:
                lines.append(f"{key}={_typed(value)}")
        path.write_text("\n".join(lines) + "\n")


def _typed(value: Value) -> str:
    if value is None:
        return "none:None"
    kind = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "str"
    return f"{kind}:{value}"
