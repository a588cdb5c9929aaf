"""One machine at one site: its node, its entries of today, its backup plan, its backups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from config.errors import InvalidInput, RekindleError, Unreachable
from config.site import HypervisorNode
from steps.ldif_text import parse_entries
from steps.procedure import ProbeInput
from steps.targets import Targets
from steps.targets.directory import Directory, Entry
from steps.targets.directory_names import naming
from steps.targets.hypervisor import Hypervisor
from steps.targets.shell import Shell
from steps.virtual_machine.backup_plan import BackupPlan
from steps.virtual_machine.entry_changes import entries_below
from steps.virtual_machine.iterations import Iteration, find_iterations, find_machines
from steps.virtual_machine.machine_directory import (
    display_name,
    machine_dn,
    machine_entries,
    plan_of,
    services_dn,
)
from steps.virtual_machine.places import StoragePlace, storage_place
from steps.virtual_machine.safe_names import safe_name
from steps.virtual_machine.set_reader import disks_of
from steps.virtual_machine.small_files import read_small


@dataclass(frozen=True, slots=True)
class MachineSite:
    """A machine and what it stands on. `entries` is empty where its directory entry is gone."""

    machine: str
    node: HypervisorNode
    shell: Shell
    directory: Directory
    entries: tuple[Entry, ...]
    plan: BackupPlan
    storage: StoragePlace | None
    elsewhere: str = ""
    """A node that does not see its backups and whose hypervisor has it; without an entry only."""

    @property
    def dn(self) -> str:
        """Where its entry stands, or stood."""
        return machine_dn(self.directory.base, self.machine)

    @property
    def known(self) -> bool:
        """Whether the directory has an entry of it."""
        return bool(entries_below(self.entries, self.dn))

    @property
    def entry(self) -> Entry | None:
        """Its own entry."""
        own = entries_below(self.entries, self.dn)
        return own[0] if own else None

    @property
    def title(self) -> str:
        """What people call it."""
        return display_name(self.entry) if self.entry else self.machine

    def iterations(self) -> tuple[Iteration, ...]:
        """Its backups, newest name first."""
        plan = self.plan
        return find_iterations(
            self.shell, self.machine, plan.backup_root, plan.retain_root, self.storage
        )

    def iteration(self, leaf: str) -> Iteration:
        """One of its backups; raises InvalidInput where there is none of that name."""
        for iteration in self.iterations():
            if iteration.leaf == leaf:
                return iteration
        raise InvalidInput(
            f"{self.machine} has no backup {leaf!r} below {self.plan.backup_root}.",
            "Pick one from the list.",
        )


def find_machine(probe: ProbeInput, machine: str) -> MachineSite:
    """The machine at this site. Raises InvalidInput where neither directory nor backup has it."""
    safe_name(machine, "machine")
    directory = probe.targets.directory()
    entries = machine_entries(directory, machine)
    own = entries_below(entries, machine_dn(directory.base, machine))
    if not own:
        return _gone(probe, machine, entries)
    node = node_of(probe, own[0])
    pool = own[0].text("sstVirtualMachinePool") or ""
    plan = plan_of(directory, machine, pool, probe.site.storage)
    storage = _storage(probe, own)
    return MachineSite(
        machine, node, probe.targets.shell(node.name), directory, entries, plan, storage
    )


def hypervisor_of(probe: ProbeInput, site: MachineSite) -> Hypervisor:
    """The hypervisor of the machine's node."""
    return probe.targets.hypervisor(site.node.name)


def node_of(probe: ProbeInput, entry: Entry) -> HypervisorNode:
    """The node the entry names; raises InvalidInput where the site file does not know it."""
    name = entry.text("sstNode") or ""
    node = probe.site.node(name)
    if node is None:
        known = ", ".join(n.name for n in probe.site.nodes) or "none"
        raise InvalidInput(
            f"The directory says that {display_name(entry)} is on {name or 'no node'};"
            f" the site file knows {known}.",
            "Add that node to the site file.",
        )
    return node


def _storage(probe: ProbeInput, entries: tuple[Entry, ...]) -> StoragePlace | None:
    try:
        sources = [disk.source for disk in disks_of(entries)]
        return storage_place(sources, probe.site.storage.live_root)
    except InvalidInput:
        # Where its first disk lies elsewhere today, its backups still say where they lie.
        return None


def _gone(probe: ProbeInput, machine: str, entries: tuple[Entry, ...]) -> MachineSite:
    known = _FOUND.setdefault(probe.targets, {})
    if machine in known:
        return replace(known[machine], entries=entries)
    silent: list[str] = []
    answered: list[HypervisorNode] = []
    directory = probe.targets.directory()
    found = [
        MachineSite(machine, node, shell, directory, entries, plan, storage)
        for node, shell, plan in roots(probe, silent, answered)
        for storage, name in find_machines(shell, plan.backup_root)
        if name == machine
    ]
    if found:
        several = len(probe.site.nodes) > 1
        known[machine] = _at_home(probe, found, answered) if several else found[0]
        return known[machine]
    unasked = f" Not looked at: {'; '.join(silent)}" if silent else ""
    raise InvalidInput(
        f"Neither the directory nor any backup root has a machine {machine!r}.{unasked}",
        "Check its uuid, the site file's nodes, and that the backup storage is mounted.",
    )


_FOUND: WeakKeyDictionary[Targets, dict[str, MachineSite]] = WeakKeyDictionary()
"""Machines without entry are looked for once: each node that is down costs half a minute."""


def _at_home(
    probe: ProbeInput, found: Sequence[MachineSite], answered: Sequence[HypervisorNode]
) -> MachineSite:
    """Of the nodes that see its backups the one where the machine is, or was.

    Its entry is gone, but it may run on: brought up on another node it would run twice.
    """
    homes = [node.name for node in answered if _knows(probe, node, found[0].machine)]
    wanted = homes or [_named_by_backup(found[0])]
    here = next((site for site in found if site.node.name in wanted), None)
    return here or replace(found[0], elsewhere=", ".join(homes))


def _knows(probe: ProbeInput, node: HypervisorNode, machine: str) -> bool:
    try:
        return probe.targets.hypervisor(node.name).domain(machine) is not None
    except RekindleError:
        # A node that cannot be asked: what the others and the backup say has to do.
        return False


def _named_by_backup(site: MachineSite) -> str:
    """The node that the newest backup's entry names; empty where none can be read."""
    for iteration in site.iterations():
        path = iteration.place.file(f"{site.machine}.ldif")
        try:
            entries = parse_entries(read_small(site.shell, path), path)
        except RekindleError:
            continue
        own = entries_below(entries, site.dn)
        return (own[0].text("sstNode") or "") if own else ""
    return ""


def roots(
    probe: ProbeInput, silent: list[str], answered: list[HypervisorNode] | None = None
) -> Iterator[tuple[HypervisorNode, Shell, BackupPlan]]:
    """Every backup root of the site: of the global plan and of each pool's, on each node.

    What a node that does not answer said is added to `silent`, one that does to `answered`.
    """
    plans = {plan.backup_root: plan for plan in _plans(probe)}
    for node in probe.site.nodes:
        try:
            shell = probe.targets.shell(node.name)
            there = [plan for root, plan in plans.items() if shell.status(root) is not None]
        except Unreachable as error:
            silent.append(error.message)
            continue
        if answered is not None:
            answered.append(node)
        for plan in there:
            yield node, shell, plan


def _plans(probe: ProbeInput) -> Iterator[BackupPlan]:
    directory = probe.targets.directory()
    pools = f"ou=virtual machine pools,{services_dn(directory.base)}"
    names = [naming(entry.dn)[1] for entry in directory.children(pools)]
    for pool in (*reversed(names), ""):
        yield plan_of(directory, "", pool, probe.site.storage)
