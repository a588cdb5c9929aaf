"""The procedure that sets a stuck leaf to a sound state, and the survey of the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from config.errors import InvalidInput, Refused, RekindleError
from config.interviews.virtual_machine_repair import AGAIN, FINISH, MEND, REMOVE, REPAIR
from config.questions import Choice, Finding, Given
from config.site import Site
from steps.conflicts import Resolutions
from steps.ldif_text import dump_entries, parse_entries
from steps.procedure import Phase, Plan, Probed, ProbeInput, Procedure, Survey
from steps.targets.directory import Attributes, Directory, Entry
from steps.virtual_machine.coordination.repairs import needs_mending, task_to_order_again
from steps.virtual_machine.coordination.standing import (
    Around,
    Kind,
    Standing,
    standing,
    usual_seconds,
)
from steps.virtual_machine.dashboard import look
from steps.virtual_machine.dashboard.orphans import whole
from steps.virtual_machine.directory_modes import (
    ANY_DAY,
    COMMANDED,
    DATE,
    MODE,
    RETURN_VALUE,
    STATE,
    is_leaf,
    timestamp,
)
from steps.virtual_machine.entry_changes import EntryMove
from steps.virtual_machine.heartbeat import heartbeats
from steps.virtual_machine.job_leaf import CLAIMED, FAILED, MARKS, JobLeaf, job_leaf
from steps.virtual_machine.machine_directory import display_name, leaf_dn, machine_dn
from steps.virtual_machine.machine_site import find_machine
from steps.virtual_machine.plans.lookup import all_machines
from steps.virtual_machine.probes import given_text
from steps.virtual_machine.step_entry import EntryJob, KeepEntry, WriteEntry

NAME = "virtual_machine.repair"
_LABELS = {
    FINISH: "Call it finished", REMOVE: "Remove the leaf", AGAIN: "Order it again",
    MEND: "Put the time for state 0",
}  # fmt: skip


def survey(probe: ProbeInput) -> Survey:
    """The stuck leaf and what is known of its set; without a machine, the whole dashboard."""
    if not probe.given.get("machine"):
        return look.survey(probe)
    machine, name = str(probe.given["machine"]), str(probe.given.get("leaf", ""))
    directory = probe.targets.directory()
    entry = _leaf_entry(directory, machine, name)
    leaf = job_leaf(entry)
    stands = _standing(directory, leaf)
    kind, text = stands.kind.value, stands.text
    task = task_to_order_again(leaf, stands)
    known = directory.get(machine_dn(directory.base, machine))
    return {
        "title": display_name(known) if known else machine,
        "order": task.order if task else "", "half": needs_mending(leaf, stands),
        "machine": machine, "leaf": dump_entries((entry,)), "csn": entry.entry_csn, "kind": kind,
        "text": text, "whole": _is_whole(probe, machine, name),
        "now": datetime.now(UTC).isoformat(),
    }  # fmt: skip


def repair_plan(_site: Site, given: Given, _resolutions: Resolutions, survey: Survey) -> Plan:
    """Raises Refused where somebody is at work on the leaf, or nothing is wrong with it."""
    data: dict[str, Any] = dict(survey)
    try:
        entry = replace(
            parse_entries(data["leaf"].encode(), "the survey")[0], entry_csn=data["csn"]
        )
        kind, text, now = data["kind"], data["text"], datetime.fromisoformat(data["now"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InvalidInput("The survey of this repair is damaged.", "Start anew.") from error
    action = str(given.get("action"))
    refused = refusal(kind, text)
    if refused:
        raise Refused(f"It is not repaired: {refused}", "Look again later.")
    if action not in _LABELS:
        raise InvalidInput(f"{action!r} is no repair.", f"Answer {', '.join(_LABELS)}.")
    if (action == AGAIN and not data.get("order")) or (action == MEND and not data.get("half")):
        raise Refused(f"{_LABELS[action]} does not fit: {text}.", "Choose another repair.")
    wanted = repaired(entry, action, now, str(data.get("order", "")))
    job = EntryJob(
        "leaf", f"{_LABELS[action]}: {entry.text('ou')}", EntryMove(entry.dn, entry, wanted)
    )
    return Plan(
        procedure=NAME,
        object=f"{data.get('title', given.get('machine'))}: {entry.text('ou')}",
        verb="Repair",
        phases=(Phase("leaf", "Directory", (KeepEntry(job), WriteEntry(job))),),
        settings=(
            ("Machine", f"{data.get('title')} ({given.get('machine')})"),
            ("Iteration", entry.text("ou") or ""),
            ("What is wrong", text),
            ("Repair", _LABELS[action]),
            ("Its files", _files_words(data.get("whole"))),
        ),
        estimate_seconds=1.0,
        confirm_by_typing=str(given.get("leaf")) if kind == Kind.SLOW.value else "",
    )


def refusal(kind: str, text: str) -> str:
    """Why a leaf that stands so is not repaired; empty where it may be."""
    if kind in (Kind.WORKING.value, Kind.WAITING.value, Kind.DONE.value):
        return f"somebody is at work on it: {text}"
    return "nothing is wrong with it" if kind == Kind.IDLE.value else ""


def repaired(entry: Entry, action: str, now: datetime, order: str = "") -> Entry | None:
    """The leaf after a repair; None where it is removed.

    Finished is as a job's end leaves it: a timestamp as state (never 0), return value 0, nobody's
    claim. Ordered again is as a control instance orders. Mended is the write that was missing.
    """
    stamp, day = timestamp(now).encode(), (ANY_DAY.encode(),)
    marks = tuple(
        value for value in entry.values(MARKS)
        if not value.decode("utf-8", "replace").startswith((CLAIMED, FAILED))
    )  # fmt: skip
    match action:
        case "finish":
            wanted = {
                MODE: (b"finished",), STATE: (stamp,), DATE: day, RETURN_VALUE: (b"0",),
                MARKS: marks,
            }  # fmt: skip
        case "again":
            wanted = {
                MODE: (order.encode(),), STATE: (COMMANDED.encode(),), DATE: day,
                RETURN_VALUE: (b"0",), MARKS: marks,
            }  # fmt: skip
        case "mend":
            wanted = {STATE: (stamp,)}
        case _:
            return None
    lowered = {name.lower() for name in wanted}
    kept: Attributes = {
        **{name: v for name, v in entry.attributes.items() if name.lower() not in lowered},
        **{name: values for name, values in wanted.items() if values},
    }
    return replace(entry, attributes=kept)


def list_machines(probe: ProbeInput) -> Probed:
    """The machines with a leaf that is stuck."""
    directory = probe.targets.directory()
    choices = []
    for machine in all_machines(directory):
        stuck = [leaf for leaf in _leaves(directory, machine.name) if _may(directory, leaf)]
        if stuck:
            choices.append(Choice(machine.name, machine.title, f"{len(stuck)} stuck"))
    nothing = (Finding("ok", "No machine has a leaf that is stuck."),) if not choices else ()
    return Probed(nothing, tuple(choices))


def list_leaves(probe: ProbeInput) -> Probed:
    """The machine's leaves, each with how it stands."""
    directory = probe.targets.directory()
    choices = []
    for leaf in _leaves(directory, given_text(probe, "machine")):
        kind, text = _stands(directory, leaf)
        choices.append(Choice(leaf.name, leaf.name, text, refusal(kind, text)))
    return Probed(choices=tuple(choices))


def list_actions(probe: ProbeInput) -> Probed:
    """The repairs; of the first two the one that fits the files first."""
    directory = probe.targets.directory()
    leaf = job_leaf(_leaf_entry(directory, given_text(probe, "machine"), given_text(probe, "leaf")))
    stands = _standing(directory, leaf)
    task = task_to_order_again(leaf, stands)
    again = Choice(
        AGAIN, _LABELS[AGAIN], f"{task.order}, by the node's daemon" if task else "",
        "" if task else "no task of it failed",
    )  # fmt: skip
    mend = Choice(
        MEND, _LABELS[MEND], "where a writer was cut off",
        "" if needs_mending(leaf, stands) else "its state is not left at 0",
    )  # fmt: skip
    is_whole = _is_whole(probe, given_text(probe, "machine"), given_text(probe, "leaf"))
    finish = Choice(FINISH, _LABELS[FINISH], "mode finished, return value 0, state the time now")
    remove = Choice(
        REMOVE, _LABELS[REMOVE], "the iteration is no backup; files stay where they are"
    )
    ordered = (remove, finish) if is_whole is False else (finish, remove)
    level = "ok" if is_whole else "warning"
    return Probed((Finding(level, _files_words(is_whole)),), (*ordered, again, mend))


def _files_words(is_whole: object) -> str:
    if is_whole is None:
        return "nobody could look whether its files are there"
    return "its small files and images are there" if is_whole else "its files are not all there"


def _leaves(directory: Directory, machine: str) -> Sequence[JobLeaf]:
    parent = f"ou=backup,{machine_dn(directory.base, machine)}"
    return [job_leaf(entry) for entry in directory.children(parent) if is_leaf(entry)]


def _leaf_entry(directory: Directory, machine: str, name: str) -> Entry:
    entry = directory.get(leaf_dn(directory.base, machine, name)) if machine and name else None
    if entry is None:
        raise InvalidInput(f"{machine} has no leaf {name!r}.", "Pick one from the list.")
    return entry


def _stands(directory: Directory, leaf: JobLeaf) -> tuple[str, str]:
    stands = _standing(directory, leaf)
    return stands.kind.value, stands.text


def _standing(directory: Directory, leaf: JobLeaf) -> Standing:
    node = directory.get(leaf.machine_dn)
    around = Around(
        (node.text("sstNode") if node else "") or "", heartbeats(directory), datetime.now(UTC),
        usual_seconds(_leaves(directory, leaf.machine)),
    )  # fmt: skip
    return standing(leaf, around)


def _may(directory: Directory, leaf: JobLeaf) -> bool:
    return not refusal(*_stands(directory, leaf))


def _is_whole(probe: ProbeInput, machine: str, name: str) -> bool | None:
    """Whether the set's files are there; None where the node does not say."""
    try:
        site = find_machine(probe, machine)
        found = next((i for i in site.iterations() if i.leaf == name), None)
    except RekindleError:
        return None
    return found is not None and whole([file.name for file in found.files], machine, name)


PROCEDURE = Procedure(
    name=NAME,
    system="Virtual machines (KVM)",
    title="Repair a stuck backup",
    description="Sets the leaf of a backup that failed, that nobody carries on with, or that would"
    " start a daemon for nothing, to a sound state, so that the next backup can begin. The"
    " dashboard (b) shows which they are. No file is touched.",
    needs="the directory",
    undo="at any time, from what was kept",
    interview=REPAIR,
    probes={"machines": list_machines, "leaves": list_leaves, "actions": list_actions},
    survey=survey,
    plan=repair_plan,
)
