"""The comparison of a restore and the documents its decisions lead to. Pure; thin on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.interviews.virtual_machine import COLD, WITH_STATE
from steps.conflicts import Resolutions
from steps.targets.directory import Entry
from steps.virtual_machine.compare import compare_machine
from steps.virtual_machine.conflict_set import MachineConflicts
from steps.virtual_machine.entry_changes import is_kept
from steps.virtual_machine.host_facts import HostFacts
from steps.virtual_machine.sanitise import Vault, fill_entries, fill_xml
from steps.virtual_machine.sources import Sources


@dataclass(frozen=True, slots=True)
class Merged:
    """What a restore writes. The XMLs are empty where the backup has none (a template)."""

    entries: tuple[Entry, ...]
    change_ldif: str
    restore_xml: str
    next_boot_xml: str
    decision_log: str = ""


def compare(sources: Sources, host: HostFacts, with_state: bool) -> MachineConflicts:
    """The conflicts of sources without secrets."""
    return compare_machine(sources, host, WITH_STATE if with_state else COLD)


def merge(
    conflicts: MachineConflicts, resolutions: Resolutions, *, who: str = "", when: str = ""
) -> Merged:
    """The documents, with marks where secrets belong. `who` and `when` go into the log."""
    found = conflicts.results(resolutions, who=who, when=when)
    return Merged(
        found.entries, found.change_ldif, found.restore_xml, found.next_boot_xml,
        found.decision_log,
    )  # fmt: skip


def filled(merged: Merged, vault: Vault) -> Merged:
    """The same with the secrets of the vault. Raises InvalidInput for a mark it does not know."""
    return Merged(
        fill_entries(merged.entries, vault),
        "",
        fill_xml(merged.restore_xml, "the merged XML", vault) if merged.restore_xml else "",
        fill_xml(merged.next_boot_xml, "the next-boot XML", vault) if merged.next_boot_xml else "",
    )


def differing(before: MachineConflicts, now: MachineConflicts) -> Mapping[str, tuple[str, ...]]:
    """Rows that came, went or say something else, each with the sources that changed."""
    old, new = _values(before), _values(now)
    found: dict[str, tuple[str, ...]] = {}
    for row in dict.fromkeys([*old, *new]):
        if row not in old or row not in new:
            found[row] = ()
        elif old[row] != new[row]:
            found[row] = tuple(name for name in new[row] if old[row].get(name) != new[row][name])
    return found


def _values(conflicts: MachineConflicts) -> dict[str, dict[str, str | None]]:
    """Values by row, without the rows of what daemons write by themselves (the status)."""
    return {
        row.id: dict(row.values)
        for row in conflicts.rows
        if not row.ldap or not all(is_kept(place.attribute) for place in row.ldap)
    }
