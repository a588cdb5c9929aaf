"""Show the backup plan that counts for each machine: whose it is, exclusion, next runs.

Times are local time of this host, with UTC beside them. Nothing is changed; the procedure
virtual_machine.plan changes a plan.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from config.errors import InvalidInput, RekindleError
from steps.run.text import one_line

if TYPE_CHECKING:
    from steps.targets.directory import Directory
    from steps.virtual_machine.plans.lookup import Ruled

RUNS = 3
"""How many of the next runs are shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `rekindle plans`."""
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--machine", metavar="M", help="only this machine, with every setting")
    one.add_argument("--pool", metavar="P", help="only this machine pool, with every setting")
    parser.add_argument("--json", action="store_true", help="print the plans as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the plans; 2 where one of them cannot be read."""
    from config.site_file import require_site
    from config.site_secrets import resolve_site_secrets
    from steps.schedules.zone import own_zone
    from steps.targets.open import open_targets
    from tui.typed_secret import ask_secret

    site = require_site(arguments.site)
    targets = open_targets(site, resolve_site_secrets(site, ask_secret))
    try:
        found = tuple(_chosen(targets.directory(), arguments))
    finally:
        targets.close()
    plans = [plan_data(ruled, datetime.now(UTC), own_zone()) for ruled in found]
    if arguments.json:
        print(json.dumps(plans, indent=2))
    else:
        whole = bool(arguments.machine or arguments.pool)
        print("\n".join(_whole(plans[0]) if whole else _table(plans, own_zone())))
    return InvalidInput.exit_code if any(plan["wrong"] for plan in plans) else 0


def _chosen(directory: Directory, arguments: argparse.Namespace) -> Iterator[Ruled]:
    from config.interviews.virtual_machine_plan import MACHINE, POOL
    from steps.virtual_machine.plans.lookup import all_machines, ruled

    if arguments.pool:
        yield ruled(directory, POOL, arguments.pool)
    elif arguments.machine:
        named = [m for m in all_machines(directory) if m.title == arguments.machine]
        yield named[0] if len(named) == 1 else ruled(directory, MACHINE, arguments.machine)
    else:
        yield from all_machines(directory)


def plan_data(found: Ruled, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """One plan as JSON data. `wrong` says what the directory holds that no plan can be."""
    from config.backup_settings import SETTINGS
    from steps.schedules.next_runs import next_runs
    from steps.virtual_machine.plans.lookup import timetable_of
    from steps.virtual_machine.plans.plan_entry import left_out, values_of

    data: dict[str, Any] = {
        "scope": found.scope, "name": found.name, "title": found.title,
        "origin": found.origin, "origin_dn": found.winner.dn if found.winner else "",
        "excluded": found.excluded, "settings": {}, "defaults": [], "timetable": "",
        "followed": False, "original_broker": "", "next_runs": [], "wrong": "",
    }  # fmt: skip
    try:
        values = values_of(found.winner)
        timetable, followed = timetable_of(found.winner)
    except RekindleError as error:
        return {**data, "wrong": error.message}
    names = {setting.name: setting.attribute for setting in SETTINGS}
    runs = next_runs(timetable, now, zone, RUNS) if followed and not found.excluded else ()
    return {
        **data,
        "settings": {names[name]: value for name, value in values.items()},
        "defaults": [setting.attribute for setting in left_out(found.winner) if setting.default],
        "timetable": str(timetable),
        "followed": followed,
        "original_broker": timetable.original_refuses,
        "next_runs": [
            {"local": run.isoformat(), "utc": run.astimezone(UTC).isoformat()} for run in runs
        ],
    }


def _table(plans: Sequence[dict[str, Any]], zone: ZoneInfo) -> Iterator[str]:
    width = max((len(plan["title"]) for plan in plans), default=7)
    width = min(max(width, 7), 30)
    yield f"{'MACHINE':<{width}}  {'PLAN OF':<8}  {'TIMETABLE':<14}  NEXT RUN ({zone.key})"
    for plan in plans:
        title = one_line(plan["title"])[:width]
        yield f"{title:<{width}}  {plan['origin']:<8}  {plan['timetable']:<14}  {_next(plan)}"
        if plan["wrong"]:
            yield f"  error  {one_line(plan['wrong'])}"


def _next(plan: dict[str, Any]) -> str:
    if plan["excluded"]:
        return "excluded"
    if plan["wrong"]:
        return "unknown"
    if not plan["followed"]:
        return "none: not followed"
    if not plan["next_runs"]:
        return "never"
    return _both(plan["next_runs"][0]["utc"])


def _whole(plan: dict[str, Any]) -> Iterator[str]:
    from config.answers import show_value

    yield one_line(plan["title"])
    yield f"  plan of     {plan['origin']}  {plan['origin_dn']}".rstrip()
    yield f"  excluded    {'yes' if plan['excluded'] else 'no'}"
    if plan["wrong"]:
        yield f"  error       {one_line(plan['wrong'])}"
        return
    yield f"  timetable   {plan['timetable']}{'' if plan['followed'] else '  (not followed)'}"
    if plan["original_broker"]:
        yield f"              the original's broker does not follow it: {plan['original_broker']}"
    for run in plan["next_runs"]:
        yield f"  next run    {_both(run['utc'])}"
    for attribute, value in plan["settings"].items():
        default = "  (default)" if attribute in plan["defaults"] else ""
        yield f"  {attribute:<44} {one_line(show_value(value))}{default}"


def _both(utc: str) -> str:
    from steps.schedules.zone import both_clocks, own_zone

    return both_clocks(datetime.fromisoformat(utc).astimezone(own_zone()))
