"""What the backup interview looks up while it asks: the machines, and each one that is chosen."""

from __future__ import annotations

from datetime import UTC, datetime

from config.errors import RekindleError
from config.interviews.virtual_machine_backup import ALL
from config.questions import Choice, Finding
from steps.procedure import Probe, Probed, ProbeInput
from steps.targets.directory import Entry
from steps.virtual_machine.backup.look import findings
from steps.virtual_machine.backup.plan import method_for
from steps.virtual_machine.backup.survey import chosen_machines, look_at_machine
from steps.virtual_machine.directory_modes import Leaf
from steps.virtual_machine.iterations import age
from steps.virtual_machine.machine_directory import display_name, leaves, machines


def list_machines(probe: ProbeInput) -> Probed:
    """All, then every machine by node, with what it does now and its last backup."""
    directory = probe.targets.directory()
    found: list[Finding] = []
    states = _states(probe, found)
    entries = sorted(machines(directory), key=lambda e: (e.text("sstNode") or "", display_name(e)))
    now = datetime.now(UTC)
    rows = [
        _row(entry, states, leaves(directory, entry.text("sstVirtualMachine") or ""), now)
        for entry in entries
    ]
    every = Choice(ALL, "All machines", f"{len(rows)} in the directory")
    return Probed(tuple(found), (every, *rows))


def _states(probe: ProbeInput, found: list[Finding]) -> dict[str, str]:
    """State by machine, of every node that answers."""
    states: dict[str, str] = {}
    for node in probe.site.nodes:
        try:
            for status in probe.targets.hypervisor(node.name).domains():
                states[status.name.lower()] = status.state
        except RekindleError as error:
            found.append(Finding("warning", f"{node.name}: {error.message}", error.remedy))
    return states


def _row(entry: Entry, states: dict[str, str], found: tuple[Leaf, ...], now: datetime) -> Choice:
    name, shown = entry.text("sstVirtualMachine") or "", display_name(entry)
    label = name if shown == name else f"{shown}  {name}"
    words = (
        entry.text("sstNode") or "no node",
        states.get(name.lower(), "not known to its hypervisor"),
        _last(found, now),
    )
    return Choice(name, label, ", ".join(words))


def _last(found: tuple[Leaf, ...], now: datetime) -> str:
    if not found:
        return "never backed up"
    last = max(found, key=lambda leaf: leaf.name)
    when = age(last.name, now) or last.name
    if last.mode == "finished" and last.return_value in ("", "0"):
        return f"last backup {when}"
    return f"last backup {when}: {last.mode}, return value {last.return_value or 'none'}"


def look_at_machines(probe: ProbeInput) -> Probed:
    """Everything that is checked before a backup, for each machine that was chosen."""
    found: list[Finding] = []
    for machine in chosen_machines(probe):
        look = look_at_machine(probe, machine)
        if look.plan.excluded:
            found.append(Finding("warning", f"{look.title}: its backup plan excludes it."))
        method, reason = method_for(look, probe.given)
        if not method and look.state and not look.trouble:
            found.append(Finding("warning", f"{look.title}: {reason}"))
            continue
        # What stands against one machine is settled by the next questions, or in the review.
        found.extend(
            Finding("warning" if f.level == "error" else f.level, f.text, f.remedy)
            for f in findings(look, method, ram_disk=False)
        )
    return Probed(tuple(sorted(found, key=lambda finding: finding.level == "ok")))


PROBES: dict[str, Probe] = {
    "backup-machines": list_machines,
    "backup-look": look_at_machines,
}
