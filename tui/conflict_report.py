"""A comparison as JSON for a program, and as plain lines for people. No secret in either."""

from __future__ import annotations

import json
from collections.abc import Iterator

from steps.conflicts import Blocking, Decision, Resolutions, Row
from steps.virtual_machine.conflict_set import MachineConflicts

_WIDTH = 78
_SHORT = {
    "directory_backup": "LDIF then",
    "directory_now": "directory now",
    "xml_backup": "XML then",
    "xml_state": "XML of state",
    "xml_now": "XML now",
}


def as_json(conflicts: MachineConflicts) -> str:
    """The comparison in the form that scripts rely on."""
    data = {
        "machine": conflicts.machine,
        "leaf": conflicts.leaf,
        "mode": conflicts.mode,
        "rows": [_row_json(row, conflicts) for row in conflicts.rows],
        "blocking": [_blocking_json(found) for found in conflicts.always_blocking],
        "warnings": [{"code": w.code, "message": w.message} for w in conflicts.warnings],
        "hidden": dict(conflicts.hidden),
    }
    return json.dumps(data, indent=2, ensure_ascii=True)


def _row_json(row: Row, conflicts: MachineConflicts) -> dict[str, object]:
    return {
        "id": row.id,
        "device": row.device,
        "ldap": [{"entry": place.entry, "attribute": place.attribute} for place in row.ldap],
        "xpath": list(row.xpath),
        "class": row.field_class.value,
        "sources": dict(conflicts.texts(row.id)),
        "allowed": [decision.value for decision in row.allowed],
        "refused": {decision.value: reason for decision, reason in row.refused.items()},
        "default": row.default.value if row.default else None,
        "coupled": list(row.coupled),
    }


def _blocking_json(found: Blocking) -> dict[str, object]:
    return {
        "code": found.code,
        "message": found.message,
        "remedy": found.remedy,
        "rows": list(found.rows),
    }


def as_text(conflicts: MachineConflicts, resolutions: Resolutions) -> str:
    """The comparison to read: every row with its values, choices and result."""
    return "\n".join(_visible(line) for line in _lines(conflicts, resolutions))


def _visible(line: str) -> str:
    """What came from documents must not steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _lines(conflicts: MachineConflicts, resolutions: Resolutions) -> Iterator[str]:
    open_rows = conflicts.still_open(resolutions)
    blocked = conflicts.blocking(resolutions)
    yield f"{conflicts.title}  ({conflicts.mode})"
    yield f"{len(conflicts.rows)} differences, {len(open_rows)} open, {len(blocked)} blocking"
    group = ""
    for row in conflicts.rows:
        if row.group != group:
            group = row.group
            yield from ("", group)
        yield from _row_lines(row, conflicts, resolutions)
    for found in blocked:
        yield from ("", *_wrapped(f"BLOCKS {found.code}: {found.message}", 7))
        yield from _wrapped(f"       {found.remedy}", 7)
    for caution in conflicts.warnings:
        yield from ("", *_wrapped(f"note   {caution.message}", 7))
    hidden = ", ".join(f"{count} {reason}" for reason, count in conflicts.hidden.items())
    yield from ("", f"not shown: {hidden or 'nothing'}")


def _row_lines(row: Row, conflicts: MachineConflicts, resolutions: Resolutions) -> Iterator[str]:
    result = conflicts.result(row.id, resolutions)
    mark = "!" if result == "decide" else " "
    yield f"{mark} {row.title} [{row.id}], {row.field_class.value}: {result}"
    for source, value in row.values.items():
        if value is not None:
            yield from _wrapped(f"    {_SHORT[source]:<14} {value}", 19)
    for decision in row.offered:
        reason = row.refused.get(decision)
        note = f"no: {reason}" if reason else _allowed_words(row, decision)
        yield from _wrapped(f"    {decision.value:<14} {note}", 19)


def _allowed_words(row: Row, decision: Decision) -> str:
    words = "yes"
    if decision is Decision.CUSTOM and row.custom_hint:
        words = f"yes: {row.custom_hint}"
    return f"{words} (suggested)" if decision is row.default else words


def _wrapped(text: str, indent: int) -> list[str]:
    import textwrap  # only where people read; --json does not

    plain = text.lstrip(" ")
    return textwrap.wrap(
        plain,
        _WIDTH,
        initial_indent=" " * (len(text) - len(plain)),
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    )
