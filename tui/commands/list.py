"""List the procedures: what each does, what it needs, and how far it can be undone."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steps.procedure import Procedure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle list`."""
    parser.add_argument("--json", action="store_true", help="print the list as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the catalogue."""
    from steps.catalogue import procedures

    found = procedures()
    print(_as_json(found) if arguments.json else _as_text(found))
    return 0


def _as_json(found: Sequence[Procedure]) -> str:
    return json.dumps([_plain(procedure) for procedure in found], indent=2)


def _plain(procedure: Procedure) -> dict[str, object]:
    return {
        "name": procedure.name,
        "system": procedure.system,
        "title": procedure.title,
        "description": procedure.description,
        "needs": procedure.needs,
        "undo": procedure.undo,
        "questions": list(procedure.interview.names),
        "drills": list(procedure.drills),
    }


def _as_text(found: Sequence[Procedure]) -> str:
    lines: list[str] = []
    for system, members in groupby(found, key=lambda procedure: procedure.system):
        lines.append(system)
        for procedure in members:
            lines.append(f"  {procedure.name:<28} {procedure.title}")
            lines.append(f"  {'':<28} needs {procedure.needs}; undo {procedure.undo}")
    return "\n".join(lines)
