"""Show how the engine's backups stand: what each server keeps, when the next is due.

Nothing is changed. Exit code 3 where a night was missed, or the newest backup is stale.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from config.errors import InvalidInput, Refused, RekindleError
from config.schedules import HERE
from steps.run.text import one_line

if TYPE_CHECKING:
    from config.site import Site
    from steps.hosted_engine.backup.nightly.standing import Due
    from steps.targets import Targets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle backups`."""
    parser.add_argument(
        "--timer-on", metavar="HOST", default=HERE,
        help="the host that starts the nightly backup; this one where none is named",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print them; 3 where one is missing or stale, 2 where the site names no backup server."""
    from config.site_file import require_site
    from config.site_secrets import resolve_site_secrets
    from steps.targets.open import open_targets
    from tui.typed_secret import ask_secret

    site = require_site(arguments.site)
    if not site.backup_servers:
        raise InvalidInput(
            f"The site {site.name} names no backup server.",
            "Add `backup_servers:` to the site file; `rekindle site --example` shows how.",
        )
    targets = open_targets(site, resolve_site_secrets(site, ask_secret))
    try:
        due = _due(targets, arguments.timer_on)
        found = [_server(site, targets, due, server.name) for server in site.backup_servers]
    finally:
        targets.close()
    if arguments.json:
        print(json.dumps({"timetable": _due_data(due), "servers": found}, indent=2))
    else:
        print("\n".join((*_due_lines(due), *(line for one in found for line in _lines(one)))))
    return Refused.exit_code if any(one["wrong"] for one in found) else 0


def _due(targets: Targets, host: str) -> Due | None:
    from steps.hosted_engine.backup.nightly.standing import look_for_timetable
    from steps.schedules.places import shell_at

    return look_for_timetable(shell_at(targets, host), datetime.now(UTC))


def _server(site: Site, targets: Targets, due: Due | None, name: str) -> dict[str, Any]:
    from steps.hosted_engine.backup.kept import kept_backups
    from steps.hosted_engine.backup.nightly.standing import what_is_wrong

    server = site.backup_server(name)
    assert server is not None
    try:
        kept = kept_backups(targets.shell(name), server.folder)
        wrong = what_is_wrong(kept, due, datetime.now(UTC))
    except RekindleError as error:
        kept, wrong = (), error.message
    return {
        "name": name, "folder": server.folder, "wrong": wrong,
        "backups": [asdict(one) for one in kept],
    }  # fmt: skip


def _due_data(due: Due | None) -> dict[str, Any] | None:
    if due is None:
        return None
    return {
        "host": due.host, "timetable": str(due.timetable), "followed_by": due.follower.value,
        "last_due": due.last.astimezone(UTC).isoformat() if due.last else None,
        "next_runs": [run.astimezone(UTC).isoformat() for run in due.following],
    }  # fmt: skip


def _due_lines(due: Due | None) -> Iterator[str]:
    from steps.schedules.zone import both_clocks

    if due is None:
        yield "nightly     nobody starts it: rekindle run hosted_engine.schedule"
        return
    yield f"nightly     {due.timetable}, by a {due.follower.value} on {due.host}"
    for run in due.following:
        yield f"next run    {both_clocks(run)}"


def _lines(server: dict[str, Any]) -> Sequence[str]:
    from steps.targets.sizes import size_text

    lines = ["", f"{server['name']}:{server['folder']}"]
    for one in server["backups"]:
        failover = one["failover"] or "no failover host"
        if not one["whole"]:
            failover += ", NOT WHOLE: its archive is gone, or not as long as its record says"
        lines.append(
            f"  {one['made']:<20}  {size_text(one['size']):>9}  {one_line(one['engine'])}"
            f" {one_line(one['version'])}, {one_line(failover)}: {one['file']}"
        )
    lines.append(f"  ! {one_line(server['wrong'])}" if server["wrong"] else "  ok")
    return lines
