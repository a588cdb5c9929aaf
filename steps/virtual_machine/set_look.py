"""The whole look at one backup set and its surroundings, for the interview, survey and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from config.errors import RekindleError
from steps.procedure import ProbeInput
from steps.targets.hypervisor import DomainStatus, Hypervisor
from steps.virtual_machine.backup_set import SetFacts
from steps.virtual_machine.directory_modes import Leaf, busy, unfinished
from steps.virtual_machine.iterations import Iteration
from steps.virtual_machine.machine_directory import leaves
from steps.virtual_machine.machine_site import MachineSite, hypervisor_of
from steps.virtual_machine.qemu_image import holder
from steps.virtual_machine.set_reader import (
    SetDocuments,
    SetReader,
    read_fit,
    read_room,
    read_set,
)


@dataclass(frozen=True, slots=True)
class SetLook:
    """What was seen, and the documents themselves (they may hold secrets)."""

    facts: SetFacts
    documents: SetDocuments
    leaves: tuple[Leaf, ...]
    domain: DomainStatus | None


def look_at_set(
    probe: ProbeInput, site: MachineSite, iteration: Iteration, *, check: bool
) -> SetLook:
    """Read the set, its room, the host and the machine. With `check` every image is checked."""
    reader = SetReader(site.shell, iteration.place, probe.site.storage.live_root)
    documents = reader.documents()
    images = [
        reader.image(disk, documents, site.plan.image_format, check=check)
        for disk in documents.disks
    ]
    hypervisor = hypervisor_of(probe, site)
    facts = read_set(
        reader,
        documents,
        room=read_room(site.shell, iteration.place, site.plan, images),
        fit=read_fit(site.shell, hypervisor, documents.facts),
        place=iteration.place,
        images=images,
    )
    found = leaves(site.directory, site.machine)
    return SetLook(
        replace(
            facts,
            at_work=tuple(f"{leaf.dn}: {leaf}" for leaf in busy(found, iteration.leaf)),
            domain_problem=_elsewhere(probe, site)
            or domain_problem(hypervisor, site.machine, documents),
            unfinished=tuple(f"{leaf.dn}: {leaf}" for leaf in unfinished(found, iteration.leaf)),
            in_use=_held(site, facts, hypervisor.domain(site.machine)),
        ),
        documents,
        found,
        hypervisor.domain(site.machine),
    )


def _held(site: MachineSite, facts: SetFacts, domain: DomainStatus | None) -> tuple[str, ...]:
    """Live images that somebody holds while the machine is off; its own hold is none."""
    if domain is not None and domain.active:
        return ()
    here = [image.source for image in facts.images if site.shell.status(image.source)]
    return tuple(words for path in here if (words := holder(site.shell, path)))


def domain_problem(hypervisor: Hypervisor, machine: str, documents: SetDocuments) -> str:
    """Why the hypervisor's machine stands in the way of a restore; empty where it does not."""
    status = hypervisor.domain(machine)
    uuid = documents.facts.uuid if documents.facts else ""
    if status is not None and uuid and status.uuid.lower() != uuid:
        return (
            f"The hypervisor has another machine of that name, with uuid {status.uuid};"
            f" the backup is of {uuid}."
        )
    same = hypervisor.domain_by_uuid(uuid) if uuid else None
    if same is not None and same.name != machine:
        return f"The hypervisor has the uuid {uuid} under another name: {same.name}."
    return _in_the_way(status)


def _elsewhere(probe: ProbeInput, site: MachineSite) -> str:
    """Whether the machine runs, or may run, on another node: a restore would be a second one."""
    if site.elsewhere:
        return (
            f"It has no directory entry, and the hypervisor of {site.elsewhere} has it; its backups"
            f" are to be seen on {site.node.name}. Restored there it could run twice."
        )
    moving = site.entry.text("sstMigrationNode") if site.entry else None
    node = probe.site.node(moving) if moving else None
    if node is None or node.name == site.node.name:
        return ""
    try:
        there = probe.targets.hypervisor(node.name).domain(site.machine)
    except RekindleError:
        # The migration itself is warned of among the differences.
        return ""
    if there is None or not there.active:
        return ""
    return (
        f"It runs on {node.name}, where it migrated to; the directory still says {site.node.name}."
        " Restored there it would run twice."
    )


def _in_the_way(status: DomainStatus | None) -> str:
    if status is None:
        return ""
    if status.managed_save:
        return (
            f"{status.name} has a managed save: its next start would put that old memory on the"
            " restored disks."
        )
    return f"A block job runs on {_words(status.jobs)} of {status.name}." if status.jobs else ""


def _words(names: Sequence[str]) -> str:
    return ", ".join(names)
