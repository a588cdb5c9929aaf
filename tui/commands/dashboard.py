"""Show how every machine stands: last backup, verified, restored, stuck; found files; space.

Nothing is changed. exit codes: 0 nothing needs you, 1 something does
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steps.virtual_machine.dashboard.board import Board
    from tui.board_rows import BoardRow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle dashboard`."""
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Look, print; 1 where something needs an operator."""
    from config.site_file import require_site
    from config.site_secrets import resolve_site_secrets
    from steps import catalogue
    from steps.probing import ask_survey
    from steps.virtual_machine.dashboard.board import Board
    from tui.board_rows import needs_someone
    from tui.typed_secret import ask_secret

    site = require_site(arguments.site)
    secrets = resolve_site_secrets(site, ask_secret)
    procedure = catalogue.find("virtual_machine.repair")
    board = Board.from_json(ask_survey(procedure, site, {}, secrets))
    if arguments.json:
        print(json.dumps(as_data(board), indent=2))
    else:
        print("\n".join(as_lines(board)))
    return 1 if needs_someone(board) else 0


def as_data(board: Board) -> dict[str, Any]:
    """The board with what follows from it: what is missed, what is wrong, the forecast."""
    from dataclasses import asdict

    data: dict[str, Any] = dict(board.to_json())
    for machine, plain in zip(board.machines, data["machines"], strict=True):
        plain["missed"], plain["problems"] = machine.missed, list(machine.problems)
    for storage, plain in zip(board.storage, data["storage"], strict=True):
        plain["forecast"] = asdict(storage.forecast)
    return data


def as_lines(board: Board) -> Iterator[str]:
    """Every row as plain lines; details of what needs an operator, and of space."""
    from tui.board_rows import SPACE, board_rows, summary

    yield summary(board)
    for section, members in groupby(board_rows(board), key=lambda row: row.section):
        yield ""
        yield section
        for row in members:
            yield f"{row.mark} {row.name}  {row.word}".rstrip()
            if row.mark == "!" or section == SPACE:
                yield from _details(row)


def _details(row: BoardRow) -> Iterator[str]:
    from steps.run.text import one_line

    for label, text in row.details:
        # Only in the full screen does Enter do anything.
        said = text if label != "repair" else "rekindle run virtual_machine.repair"
        yield f"    {label:<9} {one_line(said)}"
