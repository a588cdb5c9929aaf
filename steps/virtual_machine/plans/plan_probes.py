"""What the interview of a plan looks up while it asks."""

from __future__ import annotations

from datetime import UTC, datetime

from config.errors import InvalidInput, RekindleError
from config.interviews.virtual_machine_plan import (
    CHANGE,
    EXCLUDE,
    INCLUDE,
    MACHINE,
    REMOVE,
    SCHEDULE,
    SITE,
)
from config.questions import Choice, Finding
from config.schedules import TIMER
from config.timetable import parse_timetable
from steps.procedure import Probe, Probed, ProbeInput
from steps.schedules.next_runs import Follower, clock_changes, next_runs
from steps.schedules.zone import both_clocks, own_zone, zone_of
from steps.virtual_machine.plans.change_plan import wanted_entry
from steps.virtual_machine.plans.lookup import Ruled, all_machines, pools, ruled, timetable_of
from steps.virtual_machine.plans.plan_entry import left_out, values_of

_ACTIONS = (
    (CHANGE, "Change its settings"),
    (SCHEDULE, "Change or install its timetable"),
    (EXCLUDE, "Exclude it from the nightly run"),
    (INCLUDE, "Include it again"),
    (REMOVE, "Remove its own plan"),
)


def list_machines(probe: ProbeInput) -> Probed:
    """Every machine, with whose plan counts for it."""
    return Probed(
        choices=tuple(
            Choice(found.name, found.title, _words(found))
            for found in all_machines(probe.targets.directory())
        )
    )


def list_pools(probe: ProbeInput) -> Probed:
    """Every machine pool."""
    found = []
    for entry in pools(probe.targets.directory()):
        name = entry.text("sstVirtualMachinePool") or ""
        found.append(Choice(name, entry.text("sstDisplayName") or name))
    return Probed(choices=tuple(found))


def list_nodes(probe: ProbeInput) -> Probed:
    """The nodes of the site file."""
    return Probed(choices=tuple(Choice(node.name, node.name) for node in probe.site.nodes))


def list_actions(probe: ProbeInput) -> Probed:
    """What can be done, what counts today, and today's settings as answers."""
    found = _ruled(probe)
    choices = tuple(Choice(what, label, refused=_refused(found, what)) for what, label in _ACTIONS)
    return Probed(tuple(_findings(found)), choices, values=values_of(found.winner))


def _findings(found: Ruled) -> list[Finding]:
    said = [Finding("ok", f"What counts for {found.title}: {found.origin_words}.")]
    if found.excluded:
        said.append(Finding("warning", "It is excluded from the nightly run."))
    missing = left_out(found.winner)
    if found.winner is not None and missing:
        names = ", ".join(setting.attribute for setting in missing)
        said.append(Finding("ok", f"{found.winner.dn} leaves out {names}: defaults stand in."))
    timetable, active = timetable_of(found.winner)
    word = "followed" if active else "not followed"
    return [*said, Finding("ok", f"Timetable {timetable}, {word}.")]


def _refused(found: Ruled, what: str) -> str:
    if what in (CHANGE, SCHEDULE):
        return ""
    try:
        wanted_entry({"what": what}, found)
    except RekindleError as error:
        return error.message
    return ""


def check_image_owner(probe: ProbeInput) -> Probed:
    """Whether owner and group of images exist."""
    return _accounts(probe, "image_owner", "image_group")


def check_folder_owner(probe: ProbeInput) -> Probed:
    """Whether owner and group of folders exist."""
    return _accounts(probe, "folder_owner", "folder_group")


def _accounts(probe: ProbeInput, owner: str, group: str) -> Probed:
    names = (str(probe.given.get(owner) or "root"), str(probe.given.get(group) or "root"))
    found = []
    for node in _nodes_concerned(probe):
        try:
            missing = probe.targets.shell(node).has_owner(*names)
        except RekindleError as error:
            found.append(Finding("warning", f"{node} was not asked: {error.message}"))
            continue
        if missing:
            found.append(Finding("error", f"On {node}: {missing}", "Create it there, or correct."))
        else:
            found.append(Finding("ok", f"{':'.join(names)} exist on {node}."))
    return Probed(tuple(found))


def _nodes_concerned(probe: ProbeInput) -> tuple[str, ...]:
    """The machine's node; for a pool or the site every node."""
    if probe.given.get("scope") == MACHINE:
        node = _ruled(probe).node
        return (node,) if probe.site.node(node) else ()
    return tuple(node.name for node in probe.site.nodes)


def check_timetable(probe: ProbeInput) -> Probed:
    """When it comes round, and what the original's broker makes of it."""
    given = probe.given
    fields = [str(given.get(name) or "") for name in ("minute", "hour", "day", "month", "weekday")]
    timetable = parse_timetable(*fields)
    node = str(given.get("node") or "")
    zone = zone_of(probe.targets.shell(node)) if probe.site.node(node) else own_zone()
    who = Follower.TIMER if given.get("install") == TIMER else Follower.CRON
    runs = next_runs(timetable, datetime.now(UTC), zone, 2, who)
    if not runs:
        return Probed((Finding("error", f"{timetable} never comes round.", "Correct the day."),))
    found = [Finding("ok", f"Next: {'; '.join(both_clocks(run) for run in runs)}.")]
    for note in clock_changes(timetable, datetime.now(UTC), zone, who):
        found.append(Finding("warning", f"{note}.", "Choose an hour in which no clock changes."))
    if timetable.original_refuses:
        text = f"The original's broker does not follow it: {timetable.original_refuses}."
        found.append(Finding("warning", text))
    return Probed(tuple(found))


def check_program(probe: ProbeInput) -> Probed:
    """Whether Rekindle is on that node."""
    return _on_node(probe, "program", "Install Rekindle there, or give its path.")


def check_answers(probe: ProbeInput) -> Probed:
    """Whether the answer file is on that node."""
    return _on_node(probe, "answers_file", "Write it there: ctrl+s in the wizard makes one.")


def _on_node(probe: ProbeInput, name: str, remedy: str) -> Probed:
    path, node = str(probe.given.get(name) or ""), str(probe.given.get("node") or "")
    if not node:
        raise InvalidInput("The node is not answered yet.", "Answer it first.")
    shell = probe.targets.shell(node)
    found = shell.run(["test", "-x" if name == "program" else "-f", path], check=False)
    if found.code == 0:
        return Probed((Finding("ok", f"{path} is there on {node}."),))
    what = "no program" if name == "program" else "no file"
    return Probed((Finding("error", f"{path} is {what} on {node}.", remedy),))


def _ruled(probe: ProbeInput) -> Ruled:
    scope = str(probe.given.get("scope") or "")
    name = "" if scope == SITE else str(probe.given.get(scope) or "")
    return ruled(probe.targets.directory(), scope, name)


def _words(found: Ruled) -> str:
    return f"{'excluded, ' if found.excluded else ''}{found.origin_words}"


PROBES: dict[str, Probe] = {
    "machines": list_machines,
    "pools": list_pools,
    "nodes": list_nodes,
    "actions": list_actions,
    "image-owner": check_image_owner,
    "folder-owner": check_folder_owner,
    "timetable": check_timetable,
    "on-node": check_program,
    "on-node-answers": check_answers,
}
