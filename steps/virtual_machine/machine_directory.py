"""Where the directory keeps machines: DNs, the entries of one machine, and what others hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from config.site import MachineStorage
from steps.ldif_text import normal_dn
from steps.targets.directory import Directory, Entry
from steps.targets.directory_names import all_of, any_of, child, equals
from steps.virtual_machine.backup_plan import BackupPlan, effective_plan, plan_places
from steps.virtual_machine.directory_modes import Leaf, is_leaf, leaf_of
from steps.virtual_machine.entry_changes import without_backups
from steps.virtual_machine.host_facts import OtherMachine
from steps.virtual_machine.normalise import mac

_MACHINE_CLASS = "sstVirtualizationVirtualMachine"


def services_dn(base: str) -> str:
    """Below it stands everything of the virtualisation."""
    return f"ou=virtualization,ou=services,{base}"


def machines_dn(base: str) -> str:
    """Below it stand the machines."""
    return f"ou=virtual machines,{services_dn(base)}"


def machine_dn(base: str, machine: str) -> str:
    """One machine's entry."""
    return child("sstVirtualMachine", machine, machines_dn(base))


def leaf_dn(base: str, machine: str, leaf: str) -> str:
    """One iteration's leaf."""
    return child("ou", leaf, f"ou=backup,{machine_dn(base, machine)}")


def machines(directory: Directory) -> tuple[Entry, ...]:
    """Every machine's entry, sorted by display name."""
    found = [
        entry
        for entry in directory.children(machines_dn(directory.base))
        if entry.text("sstVirtualMachine")
    ]
    return tuple(sorted(found, key=display_name))


def display_name(entry: Entry) -> str:
    """What people call the machine."""
    return entry.text("sstDisplayName") or entry.text("sstVirtualMachine") or entry.dn


def machine_entries(directory: Directory, machine: str) -> tuple[Entry, ...]:
    """The machine's subtree without its backups, then its DHCP entries; empty where it is gone."""
    subtree = without_backups(directory.subtree(machine_dn(directory.base, machine)))
    return (*subtree, *leases(directory, machine))


def leases(directory: Directory, machine: str) -> tuple[Entry, ...]:
    """The machine's DHCP entries."""
    networks = f"ou=networks,{services_dn(directory.base)}"
    wanted = all_of(equals("objectClass", "dhcpHost"), equals("cn", machine))
    return tuple(directory.search(networks, wanted))


def leaves(directory: Directory, machine: str) -> tuple[Leaf, ...]:
    """The leaves of all its iterations."""
    parent = f"ou=backup,{machine_dn(directory.base, machine)}"
    return tuple(leaf_of(entry) for entry in directory.children(parent) if is_leaf(entry))


def plan_of(directory: Directory, machine: str, pool: str, storage: MachineStorage) -> BackupPlan:
    """The effective backup plan of a machine, or with no machine that of a pool.

    Raises InvalidInput where it cannot be used.
    """
    own = machine_dn(directory.base, machine) if machine else ""
    places = plan_places(own, pool, services_dn(directory.base))
    return effective_plan([directory.get(dn) for dn in places], storage)


def other_machines(directory: Directory, machine: str) -> tuple[OtherMachine, ...]:
    """What every other machine of the cloud holds, for the checks across machines."""
    own = normal_dn(machine_dn(directory.base, machine))
    parts: dict[str, list[Entry]] = {}
    for entry in directory.search(machines_dn(directory.base), _of_interest()):
        owner = _owner(normal_dn(entry.dn))
        if owner and owner != own:
            parts.setdefault(owner, []).append(entry)
    addresses = _addresses(directory)
    return tuple(_other(entries, addresses) for entries in parts.values())


def _of_interest() -> str:
    kinds = (_MACHINE_CLASS, "sstVirtualizationVirtualMachineInterface",
             "sstVirtualizationVirtualMachineDisk")  # fmt: skip
    return any_of(*(equals("objectClass", kind) for kind in kinds))


def _owner(dn: str) -> str:
    """The machine an entry belongs to: the DN from its sstVirtualMachine component on."""
    start = dn.find("sstvirtualmachine=")
    return dn[start:] if start >= 0 else ""


def _addresses(directory: Directory) -> dict[str, tuple[str, ...]]:
    """Fixed addresses by machine."""
    networks = f"ou=networks,{services_dn(directory.base)}"
    found: dict[str, tuple[str, ...]] = {}
    for entry in directory.search(networks, equals("objectClass", "dhcpHost")):
        name = (entry.text("cn") or "").lower()
        found[name] = (*found.get(name, ()), *_fixed(entry))
    return found


def _fixed(entry: Entry) -> Iterable[str]:
    for value in entry.values("dhcpStatements"):
        word, _, address = value.decode("utf-8", "replace").strip().partition(" ")
        if word.lower() == "fixed-address":
            yield address.strip()


def _other(entries: Sequence[Entry], addresses: dict[str, tuple[str, ...]]) -> OtherMachine:
    top = min(entries, key=lambda entry: len(entry.dn))
    uuid = top.text("sstVirtualMachine") or ""
    ports = (text for e in entries if (text := e.text("sstSpicePort")) and text.isdigit())
    return OtherMachine(
        uuid=uuid,
        name=display_name(top),
        macs=tuple(mac(text) for e in entries if (text := e.text("sstMacAddress"))),
        ips=addresses.get(uuid.lower(), ()),
        console_ports=tuple(int(port) for port in ports),
        images=tuple(text for e in entries if (text := e.text("sstSourceFile"))),
    )
