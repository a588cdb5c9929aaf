"""The backup procedure where the nodes' daemons do the work: what is looked at, and the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from config.errors import InvalidInput, Refused
from config.interviews.virtual_machine_backup import (
    AUTO,
    HERE,
    INCLUDE,
    LEAVE_OUT,
    NODES,
)
from config.questions import Finding, Given
from config.site import Site
from steps.ldif_text import normal_dn
from steps.procedure import Plan, Probed, ProbeInput, Survey
from steps.targets.directory import Directory
from steps.virtual_machine.backup.survey import chosen_machines
from steps.virtual_machine.coordination.observer import Look, Observer
from steps.virtual_machine.coordination.orders import Commanded
from steps.virtual_machine.coordination.phases import commanded_phases
from steps.virtual_machine.coordination.steps import CommandedJob
from steps.virtual_machine.directory_modes import timestamp
from steps.virtual_machine.job_leaf import JobLeaf
from steps.virtual_machine.job_words import FINISHED
from steps.virtual_machine.machine_directory import machine_dn, plan_of

NAME = "virtual_machine.backup"


@dataclass(frozen=True, slots=True)
class Seen:
    """A machine as the directory shows it. `excluded` and `against` are reasons, or empty."""

    machine: str
    title: str
    node: str
    excluded: str
    against: str
    superseded: tuple[str, ...] = ()


def survey_by_nodes(probe: ProbeInput) -> Survey | None:
    """What the directory tells of the chosen machines; None where this program does the work.

    Left to choose, the daemons do it where the node of every chosen machine has a living one.
    """
    through = probe.given.get("through", AUTO)
    if through == HERE:
        return None
    directory = probe.targets.directory()
    look = Observer().look(directory)
    chosen = chosen_machines(probe)
    if through == AUTO and not all(_has_daemon(directory, look, machine) for machine in chosen):
        return None
    seen = [_seen(probe, look, machine) for machine in chosen]
    return {
        "through": NODES,
        "base": directory.base,
        "leaf": _new_leaf(look, datetime.now(UTC)),
        "machines": [asdict(one) for one in seen],
    }


def is_by_nodes(survey: Survey) -> bool:
    """Whether a survey is one of `survey_by_nodes`."""
    return survey.get("through") == NODES


def look_by_nodes(probe: ProbeInput) -> Probed | None:
    """What the interview says of the chosen machines; None where this program does the work."""
    survey = survey_by_nodes(probe)
    if survey is None:
        return None
    found = []
    for one in _machines(survey):
        words = one.excluded or one.against
        level = "warning" if words else "ok"
        found.append(Finding(level, f"{one.title} on {one.node}: {words or 'ready to order'}"))
    return Probed(tuple(sorted(found, key=lambda finding: finding.level == "ok")))


def plan_by_nodes(site: Site, given: Given, survey: Survey) -> Plan:
    """Raises Refused where a machine cannot be backed up and is not to be left out."""
    taken, left_out = _choose(given, _machines(survey))
    base, leaf = str(survey["base"]), str(survey["leaf"])
    keep = given.get("retention") == "keep"
    machines = tuple(
        Commanded(base, one.machine, one.title, one.node, leaf, () if keep else one.superseded)
        for one in taken
    )
    nodes = sorted({machine.node for machine in machines})
    what = machines[0].title if len(machines) == 1 else f"{len(machines)} machines"
    return Plan(
        procedure=NAME,
        object=f"{what} on {len(nodes)} node{'' if len(nodes) == 1 else 's'}",
        verb="Back up",
        phases=commanded_phases(CommandedJob(machines)),
        settings=tuple(_settings(leaf, nodes, machines, left_out)),
    )


def _has_daemon(directory: Directory, look: Look, machine: str) -> bool:
    known = look.machines.get(normal_dn(machine_dn(directory.base, machine)))
    return known is not None and bool(look.living(known.node))


def _seen(probe: ProbeInput, look: Look, machine: str) -> Seen:
    directory = probe.targets.directory()
    dn = machine_dn(directory.base, machine)
    known = look.machines.get(normal_dn(dn))
    entry = directory.get(dn)
    if known is None or entry is None:
        raise InvalidInput(f"The directory has no machine {machine!r}.", "Pick from the list.")
    pool = entry.text("sstVirtualMachinePool") or ""
    plan = plan_of(directory, machine, pool, probe.site.storage)
    own = [leaf for leaf in look.leaves.values() if normal_dn(leaf.machine_dn) == normal_dn(dn)]
    return Seen(
        known.machine, known.title, known.node,
        f"its backup plan {plan.origin} excludes it" if plan.excluded else "",
        _against(own), _superseded(own, plan.iterations),
    )  # fmt: skip


def _against(leaves: Sequence[JobLeaf]) -> str:
    open_ones = [leaf for leaf in leaves if not _is_over(leaf)]
    return f"its iteration {open_ones[0].name} is not finished: {open_ones[0]}" if open_ones else ""


def _superseded(leaves: Sequence[JobLeaf], iterations: int) -> tuple[str, ...]:
    """The oldest good iterations beyond the plan's number, the new one counted."""
    good = sorted(leaf.name for leaf in leaves if _is_over(leaf) and leaf.return_value == 0)
    return tuple(good[: max(len(good) + 1 - max(iterations, 1), 0)])


def _is_over(leaf: JobLeaf) -> bool:
    return leaf.mode.lower() == FINISHED and not leaf.commanded


def _new_leaf(look: Look, now: datetime) -> str:
    taken = {leaf.name for leaf in look.leaves.values()}
    while (name := timestamp(now)) in taken:
        now += timedelta(seconds=1)
    return name


def _machines(survey: Survey) -> tuple[Seen, ...]:
    found: Any = survey.get("machines")
    try:
        return tuple(Seen(**{**one, "superseded": tuple(one["superseded"])}) for one in found)
    except (KeyError, TypeError) as error:
        raise InvalidInput("The survey of this backup is damaged.", "Plan it anew.") from error


def _choose(given: Given, seen: Sequence[Seen]) -> tuple[list[Seen], list[tuple[str, str]]]:
    taken: list[Seen] = []
    left_out: list[tuple[str, str]] = []
    refused: list[str] = []
    for one in seen:
        excluded = one.excluded if given.get("excluded") != INCLUDE else ""
        leave = given.get("excluded", LEAVE_OUT) if excluded else given.get("faulty")
        reason = excluded or one.against
        if not reason:
            taken.append(one)
        elif leave == LEAVE_OUT:
            left_out.append((one.title, reason))
        else:
            refused.append(f"{one.title}: {reason}")
    if refused:
        raise Refused(
            "\n".join(refused),
            "Put that right (rekindle machines shows how), choose other machines, or answer that"
            " such machines are left out.",
        )
    if not taken:
        words = "; ".join(f"{title}: {reason}" for title, reason in left_out)
        raise Refused(f"No machine is left to back up. {words}".strip(), "Choose others.")
    return taken, left_out


def _settings(
    leaf: str,
    nodes: Sequence[str],
    machines: Sequence[Commanded],
    left_out: Sequence[tuple[str, str]],
) -> Iterator[tuple[str, str]]:
    yield "Backup", leaf
    yield "Done by", "the daemon of each node, ordered through the directory"
    yield "Method", "each daemon takes the best for the machine; the plan's merge bandwidth holds"
    for node in nodes:
        yield node, ", ".join(machine.title for machine in machines if machine.node == node)
    for title, reason in left_out:
        yield f"Left out: {title}", reason
    going = [f"{m.title} {old}" for m in machines for old in m.superseded]
    yield "Backups that go", ", ".join(going) or "none"
