"""Ansible's raw errors, unwrapped: `fatal: [localhost]: FAILED! => {json}` to what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_FATAL: Final = re.compile(
    r"^(?:fatal|failed): \[([^\]]{1,300})\](?: \(item=.{0,4000}?\))?: [A-Z]+! => (.*)$", re.DOTALL
)
_TELLING: Final = ("msg", "reason", "stderr", "module_stderr", "exception", "stdout")
COMMAND_FAILED: Final = "non-zero return code"
"""All that ansible itself says of a command that failed."""
_DEEPEST: Final = 4
_LONGEST: Final = 2000
MOST_JSON: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class AnsibleError:
    """What an ansible error says, where it happened, and the whole of it."""

    message: str
    host: str
    whole: str


def unwrap(text: str) -> AnsibleError | None:
    """The error in this log line, or None where it is none. Never raises."""
    found = _FATAL.match(text[:MOST_JSON])
    if found is None:
        return None
    return AnsibleError(_message(found[2].strip()), found[1], text)


def _message(raw: str) -> str:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return _shortened(raw)
    said = list(dict.fromkeys(_said(data, 0)))
    return _shortened(" / ".join(said)) if said else _shortened(raw)


def _said(data: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST or not isinstance(data, dict):
        return
    for name in _TELLING:
        said = list(_of_field(data.get(name), depth))
        yield from said
        # Of a command that failed, only what it printed says why; the end of it, as a rule.
        if said and said != [COMMAND_FAILED]:
            break
    results = data.get("results")
    for result in results[:20] if isinstance(results, list) else ():
        if isinstance(result, dict) and result.get("failed"):
            yield from _said(result, depth + 1)


def _of_field(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _said(value, depth + 1)
        return
    lines = [value] if isinstance(value, str) else value
    if isinstance(lines, list) and all(isinstance(part, str) for part in lines):
        text = " ".join(" ".join(lines).split())
        if text:
            yield text


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
