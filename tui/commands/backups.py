"""Show how the engine's backups stand: what each server keeps, when the next is due.

Nothing is changed. Exit code 3 where a night was missed, or the newest backup is stale.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
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
    parser.add_argument(
        "--timer-folder", metavar="FOLDER", action="append", default=[],
        help="where its unit files or crontab line lie there, if not in the usual folders",
    )  # fmt: skip
    parser.add_argument(
        "--folder", metavar="SERVER:FOLDER", action="append", default=[], type=_place,
        help="a folder of a backup server of the site that is looked into as well",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _place(text: str) -> tuple[str, str]:
    server, _, folder = text.partition(":")
    if not server or not folder.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is not SERVER:/FOLDER")
    return server, folder


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
        nightly = _nightly(site, targets, arguments)
        found = [
            _server(site, targets, nightly, place) for place in _places(site, nightly, arguments)
        ]
    finally:
        targets.close()
    if arguments.json:
        print(json.dumps({"timetable": _due_data(nightly), "servers": found}, indent=2))
    else:
        print("\n".join((*_due_lines(nightly), *(line for one in found for line in _lines(one)))))
    return Refused.exit_code if any(one["wrong"] for one in found) else 0


@dataclass(frozen=True, slots=True)
class _Nightly:
    """Who starts it, where that was looked for, where it puts its archives (or why that cannot be
    told)."""

    due: Due | None
    host: str
    looked_at: tuple[str, ...]
    place: tuple[str, str] | None = None
    untold: str = ""


def _nightly(site: Site, targets: Targets, arguments: argparse.Namespace) -> _Nightly:
    from steps.hosted_engine.backup.nightly.standing import look_for_timetable, looked_at
    from steps.hosted_engine.backup.nightly.there import kept_at
    from steps.schedules.places import shell_at

    shell, more = shell_at(targets, arguments.timer_on), arguments.timer_folder
    due = look_for_timetable(shell, datetime.now(UTC), more)
    found = _Nightly(due, shell.where, looked_at(more))
    if due is None:
        return found
    try:
        return replace(found, place=kept_at(shell, due.command, site))
    except RekindleError as error:
        return replace(found, untold=error.message)


def _places(
    site: Site, nightly: _Nightly, arguments: argparse.Namespace
) -> tuple[tuple[str, str], ...]:
    """Every folder that is looked into: the site's, the one of the nightly backup, those named."""
    own = [(server.name, server.folder.rstrip("/")) for server in site.backup_servers]
    nights = [nightly.place] if nightly.place else []
    return tuple(dict.fromkeys((*own, *nights, *arguments.folder)))


def _server(
    site: Site, targets: Targets, nightly: _Nightly, place: tuple[str, str]
) -> dict[str, Any]:
    """A folder where no night puts anything is not judged by the timetable, nor is it amiss that
    it has no backup of these days."""
    from steps.hosted_engine.backup.kept import kept_backups
    from steps.hosted_engine.backup.nightly.standing import what_is_wrong

    name, folder = place
    owed = nightly.place in (None, place)
    try:
        if site.backup_server(name) is None:
            raise InvalidInput(f"the site {site.name} has no backup server {name}: not looked at")
        kept = kept_backups(targets.shell(name), folder)
        wrong = what_is_wrong(kept, nightly.due, datetime.now(UTC)) if owed else ""
    except RekindleError as error:
        kept, wrong = (), error.message
    return {
        "name": name, "folder": folder, "nightly": nightly.place == place, "wrong": wrong,
        "backups": [asdict(one) for one in kept],
    }  # fmt: skip


def _due_data(nightly: _Nightly) -> dict[str, Any] | None:
    due = nightly.due
    if due is None:
        return None
    return {
        "kept_at": ":".join(nightly.place) if nightly.place else None,
        "host": due.host, "timetable": str(due.timetable), "followed_by": due.follower.value,
        "last_due": due.last.astimezone(UTC).isoformat() if due.last else None,
        "next_runs": [run.astimezone(UTC).isoformat() for run in due.following],
    }  # fmt: skip


def _due_lines(nightly: _Nightly) -> Iterator[str]:
    from steps.schedules.zone import both_clocks

    due = nightly.due
    if due is None:
        yield "nightly     nobody starts it: rekindle run hosted_engine.schedule"
        yield f"looked in   {', '.join(nightly.looked_at)} on {nightly.host}"
        return
    yield f"nightly     {due.timetable}, by a {due.follower.value} on {due.host}"
    for run in due.following:
        yield f"next run    {both_clocks(run)}"
    place = ":".join(nightly.place) if nightly.place else f"not known: {nightly.untold}"
    yield f"kept at     {one_line(place)}"


def _lines(server: dict[str, Any]) -> Sequence[str]:
    from steps.targets.sizes import size_text

    lines = ["", one_line(f"{server['name']}:{server['folder']}")]
    for one in server["backups"]:
        failover = one["failover"] or "no failover host"
        if not one["whole"]:
            failover += ", NOT WHOLE: its archive is gone, or not as long as its record says"
        lines.append(
            f"  {one['made']:<20}  {size_text(one['size']):>9}  {one_line(one['engine'])}"
            f" {one_line(one['version'])}, {one_line(failover)}: {one['file']}"
        )
    quiet = "  ok" if server["backups"] else "  nothing, and no night puts anything here"
    lines.append(f"  ! {one_line(server['wrong'])}" if server["wrong"] else quiet)
    return lines
