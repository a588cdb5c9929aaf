"""Machines by node and phase of their backup: what goes on, what waits, what is stuck and why.

Exit code 0 where nothing is stuck, 1 where something is.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

from config.site_file import require_site
from config.site_secrets import resolve_site_secrets
from steps.targets.directory import Directory
from steps.virtual_machine.coordination.observer import Look, Observer
from steps.virtual_machine.coordination.table import Table, table_of
from tui.machines_lines import as_data, row_line, table_lines
from tui.typed_secret import ask_secret

FOLLOW_SECONDS = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle machines`."""
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument("--busy", action="store_true", help="leave out machines that are idle")
    parser.add_argument("--follow", action="store_true", help="go on and print every change")
    repairs = parser.add_mutually_exclusive_group()
    repairs.add_argument(
        "--again", metavar="MACHINE", help="order again what failed or was left by a dead daemon"
    )
    repairs.add_argument(
        "--mend", metavar="MACHINE", help="write the state that a cut-off writer left at 0"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the table, or repair one machine."""
    from steps.targets.open import open_targets

    site = require_site(arguments.site)
    targets = open_targets(site, resolve_site_secrets(site, ask_secret))
    observer = Observer()
    try:
        directory = targets.directory()
        look = observer.look(directory)
        if arguments.again or arguments.mend:
            return _repair(directory, look, arguments)
        table = table_of(look)
        if arguments.json:
            print(json.dumps(as_data(table), indent=2))
        else:
            print("\n".join(table_lines(table, whole=not arguments.busy)), flush=True)
        if arguments.follow:
            _follow(lambda: table_of(observer.look(directory)), table)
        return 1 if table.stuck else 0
    finally:
        targets.close()


def _repair(directory: Directory, look: Look, arguments: argparse.Namespace) -> int:
    from steps.virtual_machine.coordination.repairs import find_row, mend, order_again

    row = find_row(look, arguments.again or arguments.mend)
    written = order_again(directory, row) if arguments.again else mend(directory, look, row)
    print(written)
    return 0


def _follow(look: Callable[[], Table], table: Table) -> None:
    """Print each machine whose mode or standing is another than before, until Ctrl+C."""
    known = {row.known.machine: (row.mode, row.standing.kind) for row in table.rows}
    while True:
        time.sleep(FOLLOW_SECONDS)
        now = look()
        for row in now.rows:
            state = (row.mode, row.standing.kind)
            if known.get(row.known.machine) != state:
                known[row.known.machine] = state
                print(f"{now.server_time.astimezone():%H:%M:%S} {row_line(row)}", flush=True)
