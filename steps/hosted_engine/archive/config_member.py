"""The member `config`: which compressor and format each dump has. A restore sources it as root.

So it is read by a strict pattern here, and anything else in it is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from steps.hosted_engine.archive.problems import Problem

MAX_BYTES: Final = 64 << 10
_PREFIXES: Final = "(?:CINDERLIB_|DWH_|GRAFANA_|KEYCLOAK_|MANAGEDBLOCK_|REPORTS_)?DB"
_LINE: Final = re.compile(
    rf"(?P<name>{_PREFIXES}_DUMP_(?:COMPRESSOR|FORMAT))="
    r"""(?P<quote>["']?)(?P<value>[a-zA-Z0-9]*)(?P=quote)"""
)
_VALUES: Final = {
    "COMPRESSOR": ("", "None", "gzip", "bzip2", "xz"),
    "FORMAT": ("", "plain", "custom"),
}


@dataclass(frozen=True, slots=True)
class DumpConfig:
    """What the file says, by the variable's name, and the lines that nothing should say."""

    values: Mapping[str, str]
    suspicious: tuple[int, ...]

    def problems(self) -> Iterator[Problem]:
        """The lines are named, never shown: they may hold anything."""
        if self.suspicious:
            lines = ", ".join(str(number) for number in self.suspicious[:10])
            yield Problem(
                "config-suspicious",
                f"The member 'config' has lines that are no settings of dumps (line {lines}).",
                "A restore would run them as root. Do not restore this archive before you have "
                "found out who put them there; look with: tar -xOf ARCHIVE ./config",
            )


def parse_config(data: bytes) -> DumpConfig:
    """Read it as data; never raises."""
    values, suspicious = {}, []
    for number, raw in enumerate(data.split(b"\n"), start=1):
        line = raw.decode("ascii", "replace")
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match and match["value"] in _VALUES[match["name"].rpartition("_")[2]]:
            values[match["name"]] = match["value"]
        else:
            suspicious.append(number)
    return DumpConfig(values, tuple(suspicious))
