"""What the restore interview looks up while it asks: machines, iterations, the set, the modes."""

from __future__ import annotations

from datetime import UTC, datetime

from config.errors import InvalidInput
from config.interviews.virtual_machine import COLD, WITH_STATE
from config.questions import Choice, Finding
from steps.procedure import Probe, Probed, ProbeInput
from steps.run.text import counted
from steps.targets.directory import Entry
from steps.targets.sizes import size_text
from steps.virtual_machine.backup.completeness import shortcomings
from steps.virtual_machine.backup_set import findings, state_refusal
from steps.virtual_machine.iterations import (
    Iteration,
    age,
    find_machines,
    named_time,
)
from steps.virtual_machine.machine_directory import display_name, machines
from steps.virtual_machine.machine_site import MachineSite, find_machine, hypervisor_of, roots
from steps.virtual_machine.set_look import look_at_set
from steps.virtual_machine.set_reader import SetReader
from steps.virtual_machine.verification import SetRecord, read_record

_NO_ENTRY = "no directory entry"


def list_machines(probe: ProbeInput) -> Probed:
    """The machines of the directory, then those that only backups know any more."""
    entries = machines(probe.targets.directory())
    known = {(entry.text("sstVirtualMachine") or "").lower() for entry in entries}
    silent: list[str] = []
    gone: dict[str, Choice] = {}
    for node, shell, plan in roots(probe, silent):
        for storage, name in find_machines(shell, plan.backup_root):
            if name.lower() not in known:
                note = f"{_NO_ENTRY}; backups in {storage} on {node.name}"
                gone.setdefault(name, Choice(name, name, note))
    choices = (*(_machine(entry) for entry in entries), *gone.values())
    warnings = tuple(
        Finding("warning", f"Machines that only its backups know may be missing: {words}")
        for words in silent
    )
    return Probed(choices=choices, findings=warnings)


def _machine(entry: Entry) -> Choice:
    name, shown = entry.text("sstVirtualMachine") or "", display_name(entry)
    label = name if shown == name else f"{shown}  {name}"
    kind = entry.text("sstVirtualMachineType") or ""
    words = [kind if kind == "template" else "", entry.text("sstNode") or ""]
    return Choice(name, label, ", ".join(word for word in words if word))


def look_at_machine(probe: ProbeInput) -> Probed:
    """Where the machine is and what runs it now."""
    site = _site(probe)
    found = [Finding("ok", f"Node {site.node.name}, backups below {site.plan.backup_root}.")]
    if not site.known:
        text = f"It has {_NO_ENTRY} any more: the entry is restored from the backup."
        found.append(Finding("warning", text))
    status = hypervisor_of(probe, site).domain(site.machine)
    words = status.state if status else "not known to the hypervisor"
    found.append(Finding("ok", f"The machine is {words}."))
    if site.plan.origin and "sstBackupRootDirectory" in site.plan.assumed:
        found.append(
            Finding(
                "warning",
                f"The backup plan {site.plan.origin} names no directories:"
                f" {site.plan.backup_root} is assumed.",
                "Plans are not inherited attribute by attribute; complete it or remove it.",
            )
        )
    return Probed(findings=tuple(found))


def list_iterations(probe: ProbeInput) -> Probed:
    """The machine's backups, newest first, with age, size and completeness."""
    site = _site(probe)
    now = datetime.now(UTC)
    return Probed(choices=tuple(_iteration(site, found, now) for found in site.iterations()))


def _iteration(site: MachineSite, iteration: Iteration, now: datetime) -> Choice:
    short = shortcomings(site.shell, iteration)
    count = len(SetReader(site.shell, iteration.place).documents().disks)
    words = [
        age(iteration.leaf, now),
        size_text(iteration.size),
        f"incomplete: {', '.join(short)}" if short else f"{counted(count, 'disk')}, complete",
        "with checksums" if iteration.has_sums else "without checksums",
        record_words(read_record(site.shell, iteration)),
    ]
    return Choice(iteration.leaf, _as_named(iteration.leaf), ", ".join(w for w in words if w))


def record_words(record: SetRecord) -> str:
    """When a set was verified and restored, for a list of sets."""
    verified, tried = record.verified, record.tried
    words = "never verified"
    if verified is not None:
        words = f"{'damaged' if verified.problem else 'verified'} {_day(verified.at)}"
    if tried is None:
        return words
    if tried.problem:
        return f"{words}, restore failed on {_day(tried.at)}"
    return f"{words}, restored on {_day(tried.at)} in {tried.seconds:.0f} s"


def _as_named(leaf: str) -> str:
    moment = named_time(leaf)
    return f"{leaf}  ({moment:%d %b %Y %H:%M} as named)" if moment else leaf


def _day(stamp: str) -> str:
    moment = named_time(stamp)
    return f"{moment:%d %b %Y}" if moment else stamp


def check_set(probe: ProbeInput) -> Probed:
    """The whole check of the chosen backup set. Reads every image's structure."""
    site = _site(probe)
    iteration = site.iteration(given_text(probe, "iteration"))
    looked = look_at_set(probe, site, iteration, check=True)
    return Probed(findings=findings(looked.facts, with_state=False))


def list_modes(probe: ProbeInput) -> Probed:
    """With state and cold, the first refused with its reason where it is not possible."""
    site = _site(probe)
    iteration = site.iteration(given_text(probe, "iteration"))
    reader = SetReader(site.shell, iteration.place)
    state = reader.state(reader.documents())
    refused = state_refusal(state)
    if iteration.place.storage.is_template:
        refused = "a template has no memory state."
    note = f"memory state of {size_text(state.size)}" if not refused else ""
    return Probed(
        choices=(
            Choice(WITH_STATE, "With memory state", note, refused),
            Choice(COLD, "Cold start", "memory is lost; hardware may differ from the backup"),
        )
    )


def _site(probe: ProbeInput) -> MachineSite:
    return find_machine(probe, given_text(probe, "machine"))


def given_text(probe: ProbeInput, name: str) -> str:
    """The answer of that name; raises InvalidInput where it is not given yet."""
    value = probe.given.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"{name} is not answered yet.", "Answer it first.")
    return value


PROBES: dict[str, Probe] = {
    "machines": list_machines,
    "machine": look_at_machine,
    "iterations": list_iterations,
    "backup-set": check_set,
    "modes": list_modes,
}
