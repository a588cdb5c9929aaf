"""The plan of "Change a backup plan": a pure function of answers and survey."""

from __future__ import annotations

from collections.abc import Iterator

from config.backup_settings import SETTINGS, TIMETABLE
from config.errors import InvalidInput, Refused
from config.interviews.virtual_machine_plan import (
    BACKUP,
    CHANGE,
    DIRECTORY_ONLY,
    EXCLUDE,
    INCLUDE,
    REMOVE,
    SCHEDULE,
    SITE,
)
from config.questions import Given, Value
from config.schedules import CRON, TIMER, UNINSTALL
from config.site import Site
from config.timetable import Timetable, parse_timetable
from steps.conflicts import Resolutions
from steps.procedure import Phase, Plan, Step, Survey
from steps.schedules.next_runs import Follower, clock_changes, next_runs
from steps.schedules.node_files import NodeFiles
from steps.schedules.step_schedule import schedule_steps
from steps.schedules.timer import Schedule, crontab, service_unit, timer_unit
from steps.schedules.zone import both_clocks, zone_named, zone_words
from steps.targets.directory import Entry
from steps.virtual_machine.backup_plan import is_plan
from steps.virtual_machine.entry_changes import EntryMove, changes, same
from steps.virtual_machine.plans.lookup import Ruled
from steps.virtual_machine.plans.plan_entry import (
    excluded,
    included,
    removed,
    values_of,
    with_settings,
)
from steps.virtual_machine.plans.plan_survey import PlanSurvey, file_name, files_of
from steps.virtual_machine.step_entry import EntryJob, KeepEntry, WriteEntry

NAME = "virtual_machine.plan"
_VERBS = {
    CHANGE: "Change the plan of", SCHEDULE: "Schedule", EXCLUDE: "Exclude",
    INCLUDE: "Include again", REMOVE: "Remove the plan of",
}  # fmt: skip
_SHOWN_RUNS = 3


def change_plan(_site: Site, given: Given, _resolutions: Resolutions, survey: Survey) -> Plan:
    """Raises Refused where nothing would change, InvalidInput where an answer makes no sense."""
    found = PlanSurvey.from_json(survey)
    job = _directory_job(given, found.found)
    phases = [Phase("directory", "Directory", (KeepEntry(job), WriteEntry(job)))] if job else []
    node_steps: tuple[Step, ...] = ()
    if found.node is not None:
        install = str(given.get("install"))
        node_steps = tuple(schedule_steps(found.node, install, _texts(given, found)))
    if node_steps:
        phases.append(Phase("node", f"On {found.node.name if found.node else ''}", node_steps))
    if not phases:
        raise Refused("Nothing would change: it is all as it was answered.", "Change an answer.")
    what = str(given.get("what"))
    return Plan(
        procedure=NAME,
        object=found.found.title,
        verb=_VERBS[what],
        phases=tuple(phases),
        settings=tuple(_settings(given, found, job)),
        estimate_seconds=2.0,
    )


def wanted_entry(given: Given, found: Ruled) -> Entry | None:
    """What the entry shall say; raises Refused where that job makes no sense as things stand."""
    match given.get("what"):
        case "exclude":
            return excluded(found.dn, found.own, found.winner)
        case "include":
            return included(found.dn, found.own, found.children)
        case "remove":
            return removed(found.dn, found.own)
        case "settings":
            names = [s.name for s in SETTINGS if s not in TIMETABLE]
        case "schedule":
            names = [s.name for s in TIMETABLE]
        case other:
            raise InvalidInput(f"{other!r} is nothing to do.", f"Answer one of {', '.join(_VERBS)}")
    answers = {name: given[name] for name in names if name in given}
    return with_settings(found.dn, found.own, found.winner, answers)


def _directory_job(given: Given, found: Ruled) -> EntryJob | None:
    what = given.get("what")
    if what == SCHEDULE and (given.get("job") != BACKUP or given.get("install") == UNINSTALL):
        return None
    wanted = wanted_entry(given, found)
    makes_a_plan_of_nothing = what in (CHANGE, SCHEDULE) and _as_counts_today(wanted, found)
    if makes_a_plan_of_nothing or same(wanted, found.own):
        return None
    return EntryJob(
        "plan", f"{_VERBS[str(what)]} {found.title}", EntryMove(found.dn, found.own, wanted)
    )


def _as_counts_today(wanted: Entry | None, found: Ruled) -> bool:
    """Whether the answers are what counts already, by a plan further up: then nothing is copied."""
    own = found.own is not None and is_plan(found.own)
    return not own and wanted is not None and values_of(wanted) == values_of(found.winner)


def _texts(given: Given, found: PlanSurvey) -> dict[str, str]:
    """The files that shall be there, by path."""
    if given.get("install") == UNINSTALL:
        return {}
    service, timer, line = files_of(given, found.found)
    schedule = _schedule(given, found)
    if given.get("install") == CRON:
        return {line: crontab(schedule)}
    return {service: service_unit(schedule), timer: timer_unit(schedule)}


def _schedule(given: Given, found: PlanSurvey) -> Schedule:
    is_backup = given.get("job") == BACKUP
    whole = is_backup and found.found.scope == SITE
    site = str(given.get("site_file") or "")
    command = (
        str(given["program"]), *(("--site", site) if site else ()), "run",
        "virtual_machine.backup" if is_backup else "virtual_machine.check",
        *(("--all",) if whole else ()), "--answers", str(given["answers_file"]), "--yes",
    )  # fmt: skip
    title = f"{'Backup' if is_backup else 'Check of the backups'} of {found.found.title}"
    timetable = timetable_of(given, found.found)
    return Schedule(file_name(given, found.found), title, timetable, command, NAME)


def timetable_of(given: Given, found: Ruled) -> Timetable:
    """The timetable as it will be: answers first, then what counts today."""
    values: dict[str, Value] = {**values_of(found.winner), **given}
    return parse_timetable(
        *(str(values[name]) for name in ("minute", "hour", "day", "month", "weekday"))
    )


def _settings(given: Given, found: PlanSurvey, job: EntryJob | None) -> Iterator[tuple[str, str]]:
    yield "Whose plan", found.found.title
    yield "Counts today", found.found.origin_words
    if given.get("what") == SCHEDULE and given.get("install") != UNINSTALL:
        yield from _schedule_words(given, found)
    if found.node is not None:
        yield from _node_words(given, found.node)
    if job is not None:
        yield from _change_words(job.move, found.found)
        yield "Entry", job.move.dn


def _change_words(move: EntryMove, found: Ruled) -> Iterator[tuple[str, str]]:
    """Every attribute that changes, from what to what. The LDIF stands in the step itself."""
    if move.new is None:
        yield "Removed", "the entry, which excluding it had made"
        return
    old = move.old or Entry(move.dn, {})
    copied = found.winner if found.origin != found.scope else None
    if copied is not None and is_plan(move.new):
        yield "Copied first", f"the plan of the {found.origin}: a plan counts whole"
    for change in changes(old, move.new):
        before, after = old.values(change.attribute), change.values
        if copied is None or after != copied.values(change.attribute):
            yield change.attribute, f"{_shown(before)} -> {_shown(after)}"


def _shown(values: tuple[bytes, ...]) -> str:
    return ", ".join(value.decode("utf-8", "replace") for value in values) or "(none)"


def _schedule_words(given: Given, found: PlanSurvey) -> Iterator[tuple[str, str]]:
    timetable = timetable_of(given, found.found)
    yield "Timetable", f"{timetable}, local time of {zone_words(found.zone)}"
    active = {**values_of(found.found.winner), **given}.get("active") is True
    if given.get("job") == BACKUP and not active:
        yield "Followed", "no: sstCronActive is FALSE in the directory"
    who = Follower.TIMER if given.get("install") == TIMER else Follower.CRON
    runs = next_runs(timetable, found.now, zone_named(found.zone), _SHOWN_RUNS, who)
    for run in runs:
        yield "Next run", both_clocks(run)
    if not runs:
        yield "Next run", "never"
    for note in clock_changes(timetable, found.now, zone_named(found.zone), who):
        yield "Clocks", note
    if timetable.original_refuses:
        yield "Original broker", f"does not follow it: {timetable.original_refuses}"


def _node_words(given: Given, node: NodeFiles) -> Iterator[tuple[str, str]]:
    yield "Node", node.name
    if given.get("install") == TIMER and not node.systemd:
        yield "Not started", f"systemd does not run on {node.name}: only its files are written"
    if given.get("install", DIRECTORY_ONLY) == UNINSTALL:
        yield "Afterwards", "nobody follows the timetable from this node"
