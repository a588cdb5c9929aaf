"""`hosted-engine --vm-status`, as JSON (from 2.0 on) or as text. Reference, section 9."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

_STALE: Final = "unknown stale-data"
_STATUS: Final = re.compile(rf"^Engine status\s*: (\{{.{{1,2000}}\}}|{_STALE})\s*$", re.MULTILINE)
_HOST: Final = re.compile(
    r"^(?:--== Host (\S{1,300}) \(id: \d+\) status ==--|Hostname\s*: (\S{1,300}))", re.MULTILINE
)
_BLOCK: Final = re.compile(r"^--== Host \S{1,300}(?: \(id: \d+\))? status ==--", re.MULTILINE)
_ROW: Final = re.compile(r"^(Host ID|Score|Local maintenance)[ \t]*: (\S{1,20})", re.MULTILINE)
_GLOBAL: Final = "Cluster is in GLOBAL MAINTENANCE mode"


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What one host says of the engine machine. `live`: what it says is of now."""

    host: str
    machine: str
    health: str
    live: bool = True
    id: int = 0
    score: int | None = None
    maintenance: bool = False
    """Whether it is in local maintenance."""

    @property
    def is_up(self) -> bool:
        """Whether the engine machine runs there and the engine is well."""
        return self.live and self.machine == "up" and self.health == "good"


def read_status(text: str) -> tuple[EngineStatus, ...]:
    """The engine as each host sees it; empty where the text is no status. Never raises."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return tuple(_from_text(text))
    if not isinstance(data, dict):
        return ()
    hosts = (value for key, value in data.items() if key.isdigit() and isinstance(value, dict))
    return tuple(_from_json(host) for host in hosts)


def _from_json(host: dict[str, Any]) -> EngineStatus:
    engine = host.get("engine-status")
    engine = engine if isinstance(engine, dict) else {}
    return EngineStatus(
        str(host.get("hostname", "")),
        str(engine.get("vm", "unknown")),
        str(engine.get("health", "unknown")),
        host.get("live-data") is True,
        _number(host.get("host-id")) or 0,
        _number(host.get("score")),
        host.get("maintenance") is True,
    )


def global_maintenance(text: str) -> bool:
    """Whether the status says that the cluster is in global maintenance."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return _GLOBAL in text
    return isinstance(data, dict) and data.get("global_maintenance") is True


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _from_text(text: str) -> list[EngineStatus]:
    """A host's engine status follows its name; stale data is printed as words, not as an object."""
    found: list[EngineStatus] = []
    for match in _STATUS.finditer(text):
        try:
            engine = {} if match[1] == _STALE else json.loads(match[1])
        except ValueError:
            continue
        names = [name[1] or name[2] for name in _HOST.finditer(text, 0, match.start())]
        rows = _rows_around(text, match.start())
        found.append(
            EngineStatus(
                names[-1] if names else "",
                str(engine.get("vm", "unknown")),
                str(engine.get("health", "unknown")),
                live=match[1] != _STALE,
                id=_number(rows.get("Host ID")) or 0,
                score=_number(rows.get("Score")),
                maintenance=rows.get("Local maintenance") == "True",
            )
        )
    return found


def _rows_around(text: str, place: int) -> dict[str, str]:
    """The rows of the host whose block that place is in."""
    begins = [block.end() for block in _BLOCK.finditer(text, 0, place)]
    follows = _BLOCK.search(text, place)
    end = follows.start() if follows else len(text)
    return {row[1]: row[2] for row in _ROW.finditer(text, begins[-1] if begins else 0, end)}
