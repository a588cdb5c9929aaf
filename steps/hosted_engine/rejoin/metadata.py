"""Which hosts the agents count, out of `hosted-engine --vm-status`. Pure; reference, section 9."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

_HOST: Final = re.compile(
    r"^(?:--== Host (?P<name>\S{1,300}) \(id: (?P<id>\d{1,4})\) status ==--"
    r"|--== Host (?P<old>\d{1,4}) status ==--"
    r"|Hostname\s*: (?P<hostname>\S{1,300})"
    r"|Status up-to-date\s*: (?P<live>\w{4,5}))",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Counted:
    """A host that the agents count. `live`: its own agent writes now."""

    number: int
    host: str
    live: bool


def counted_hosts(text: str) -> tuple[Counted, ...] | None:
    """Every one; None where the text is no status. Never raises."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return _from_text(text)
    if not isinstance(data, dict) or "global_maintenance" not in data:
        return None
    rows = [(key, row) for key, row in data.items() if key.isdigit() and isinstance(row, dict)]
    return tuple(
        Counted(int(key[:9]), str(row.get("hostname", "")), row.get("live-data") is True)
        for key, row in rows
    )


def _from_text(text: str) -> tuple[Counted, ...] | None:
    found: list[Counted] = []
    for match in _HOST.finditer(text):
        number = match["id"] or match["old"]
        if number:
            found.append(Counted(int(number), match["name"] or "", live=False))
        elif found and match["hostname"]:
            found[-1] = Counted(found[-1].number, match["hostname"], found[-1].live)
        elif found and match["live"]:
            found[-1] = Counted(found[-1].number, found[-1].host, match["live"] == "True")
    return tuple(found) or None
