"""The plan of a nightly backup: files on one host, and a timer that runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from config.errors import InvalidInput, Refused
from config.interviews.hosted_engine_schedule import FIELDS
from config.questions import Given
from config.schedules import CRON, HERE, TIMER, UNINSTALL
from config.site import Site
from config.timetable import Timetable, parse_timetable
from steps.conflicts import Resolutions
from steps.hosted_engine.backup.plan import NAME as BACKUP
from steps.procedure import Phase, Plan, ProbeInput, Survey
from steps.schedules.next_runs import Follower, clock_changes, next_runs
from steps.schedules.node_files import NodeFiles, look_at_node, schedule_files
from steps.schedules.places import shell_at
from steps.schedules.step_schedule import schedule_steps
from steps.schedules.timer import Schedule, crontab, service_unit, timer_unit
from steps.schedules.zone import both_clocks, zone_named, zone_words
from steps.targets.quoting import checked_path

NAME: Final = "hosted_engine.schedule"
FILE: Final = "rekindle-engine-backup"
_SHOWN_RUNS: Final = 3


def survey(probe: ProbeInput) -> Survey:
    """How the files stand on that host."""
    node = str(probe.given.get("node") or HERE)
    shell = shell_at(probe.targets, node)
    found = look_at_node(shell, node, _paths(probe.given))
    return {"node": asdict(found), "now": datetime.now(UTC).isoformat()}


def schedule_plan(_site: Site, given: Given, _resolutions: Resolutions, survey: Survey) -> Plan:
    """Raises Refused where nothing would change, InvalidInput for a wrong answer."""
    node, now = _read(survey)
    install = str(given.get("install"))
    steps = tuple(schedule_steps(node, install, _texts(given)))
    if not steps:
        raise Refused("Nothing would change: it is all as it was answered.", "Change an answer.")
    return Plan(
        procedure=NAME,
        object=f"the engine's backup on {node.name}",
        verb="Stop starting" if install == UNINSTALL else "Schedule",
        phases=(Phase("node", f"On {node.name}", steps),),
        settings=tuple(_settings(given, node, now)),
        estimate_seconds=2.0,
    )


def timetable_of(given: Given) -> Timetable:
    """The timetable that was answered; raises InvalidInput."""
    return parse_timetable(*(str(given.get(name) or "*") for name in FIELDS))


def follower_of(install: str) -> Follower:
    """Who follows it."""
    return Follower.CRON if install == CRON else Follower.TIMER


def _paths(given: Given) -> tuple[str, str, str]:
    folder = checked_path(str(given.get("folder") or "/etc/systemd/system")).rstrip("/")
    return schedule_files(FILE, str(given.get("install")), folder)


def _texts(given: Given) -> dict[str, str]:
    install = given.get("install")
    if install == UNINSTALL:
        return {}
    service, timer, line = _paths(given)
    schedule = Schedule(
        FILE, "Backup of the oVirt engine", timetable_of(given), _command(given), NAME
    )
    if install == TIMER:
        return {service: service_unit(schedule), timer: timer_unit(schedule)}
    return {line: crontab(schedule)}


def _command(given: Given) -> tuple[str, ...]:
    site = str(given.get("site_file") or "")
    return (
        str(given["program"]), *(("--site", site) if site else ()), "run", BACKUP,
        "--answers", str(given["answers_file"]), "--yes",
    )  # fmt: skip


def _settings(given: Given, node: NodeFiles, now: datetime) -> Iterator[tuple[str, str]]:
    install = str(given.get("install"))
    yield "Host", node.name
    if install == UNINSTALL:
        yield "Afterwards", "nobody starts the backup from this host"
        return
    timetable, zone = timetable_of(given), zone_named(node.zone)
    yield "Timetable", f"{timetable}, local time of {zone_words(node.zone)}"
    runs = next_runs(timetable, now, zone, _SHOWN_RUNS, follower_of(install))
    for run in runs:
        yield "Next run", both_clocks(run)
    if not runs:
        yield "Next run", "never"
    for note in clock_changes(timetable, now, zone, follower_of(install)):
        yield "Clocks", note
    yield "Answers", str(given.get("answers_file"))
    if install == TIMER and not node.systemd:
        yield "Not started", f"systemd does not run on {node.name}: only its files are written"


def _read(survey: Survey) -> tuple[NodeFiles, datetime]:
    data: dict[str, Any] = dict(survey)
    try:
        return NodeFiles(**data["node"]), datetime.fromisoformat(data["now"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"The survey of this plan is damaged: {type(error).__name__}: {error}.",
            "Start anew; a run made from it cannot go on.",
        ) from error
