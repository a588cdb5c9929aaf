"""Looks at machines for a backup: everything that plan and jobs are made from, as plain JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from config.errors import InvalidInput, RekindleError
from config.site import HypervisorNode, ShellAccess
from steps.procedure import ProbeInput, StepContext, Survey
from steps.targets.hypervisor import DomainStatus, Hypervisor
from steps.targets.shell import Shell
from steps.virtual_machine.backup.completeness import unfit
from steps.virtual_machine.backup.job import BackupJob, JobDisk
from steps.virtual_machine.backup.look import MachineLook, OldBackup, Space
from steps.virtual_machine.backup_plan import BackupPlan, Ownership
from steps.virtual_machine.directory_modes import Leaf, busy, timestamp
from steps.virtual_machine.iterations import named_time
from steps.virtual_machine.machine_directory import (
    leaves,
    machine_dn,
    machine_entries,
    machines,
)
from steps.virtual_machine.machine_site import MachineSite, find_machine, hypervisor_of
from steps.virtual_machine.places import TEMPLATES, StoragePlace, set_place
from steps.virtual_machine.qemu_image import holder, image_chain
from steps.virtual_machine.return_values import meaning
from steps.virtual_machine.set_reader import disks_of
from steps.virtual_machine.xml_facts import XmlDisk, XmlFacts, xml_facts

ALL = "all"
_NOWHERE = BackupPlan(
    "", "/", "/", Ownership("root", "root", 0), Ownership("root", "root", 0), "qcow2", False
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator decided that concerns every machine. Bytes, seconds."""

    method: str
    bandwidth: int = 0
    merge_limit: float = 0.0
    ram_disk: bool = False
    reports_failures: bool = False


def chosen_machines(probe: ProbeInput) -> tuple[str, ...]:
    """The machines of the answer `machines`; all of the directory where it says so."""
    answer = probe.given.get("machines", ())
    wanted = (answer,) if isinstance(answer, str) else answer
    if not isinstance(wanted, tuple) or not wanted:
        raise InvalidInput("No machine is chosen.", "Choose machines, or all.")
    if ALL in wanted:
        known = (e.text("sstVirtualMachine") for e in machines(probe.targets.directory()))
        return tuple(name for name in known if name)
    return tuple(dict.fromkeys(wanted))


def survey(probe: ProbeInput) -> Survey:
    """Look at every machine that was chosen."""
    looks = [look_at_machine(probe, machine) for machine in chosen_machines(probe)]
    return {
        "leaf": _new_leaf(looks, datetime.now(UTC)),
        "machines": [look.to_json() for look in looks],
    }


def _new_leaf(looks: Iterable[MachineLook], now: datetime) -> str:
    """The name of the new iteration, one for all machines: the time in UTC, behind every other.

    The original names its iterations by local time: a name of now could come before one that is
    older, and the wrong one would be taken for the oldest.
    """
    names = {name for look in looks for name in (*look.leaves, *(b.leaf for b in look.backups))}
    latest = max((moment for name in names if (moment := named_time(name))), default=now)
    name = timestamp(max(now, latest))
    while name in names:
        latest = max(now, latest) + timedelta(seconds=1)
        name = timestamp(latest)
    return name


def look_at_machine(probe: ProbeInput, machine: str, *, own: str = "") -> MachineLook:
    """One machine. What stands in the way of looking is told in `trouble`, not raised.

    `own` is the leaf of a job that is at work itself: it stands in nobody's way.
    """
    try:
        site = find_machine(probe, machine)
        return _look(site, hypervisor_of(probe, site), probe.site.storage.live_root, own=own)
    except RekindleError as error:
        dn = machine_dn(probe.targets.directory().base, machine)
        nowhere = StoragePlace("vm-persistent", "unknown")
        return MachineLook(machine, machine, dn, "", _NOWHERE, nowhere, trouble=error.message)


def look_again(context: StepContext, job: BackupJob) -> MachineLook:
    """The machine of a job as it is now, its own leaf left out. Raises InvalidInput."""
    directory = context.targets.directory()
    site = MachineSite(
        job.machine, HypervisorNode(job.node, "", ShellAccess()), context.targets.shell(job.node),
        directory, machine_entries(directory, job.machine), job.plan, job.place.storage,
    )  # fmt: skip
    look = _look(site, context.targets.hypervisor(job.node), job.live_root, own=job.leaf)
    node = site.entry.text("sstNode") if site.entry else None
    return replace(look, node=node or job.node)


def _look(
    site: MachineSite, hypervisor: Hypervisor, live_root: str, *, own: str = ""
) -> MachineLook:
    """`own` is the leaf of a job that is at work itself: it stands in nobody's way."""
    machine, plan = site.machine, site.plan
    if not site.known:
        raise InvalidInput(f"The directory has no entry of {machine}.")
    if site.storage is None:
        raise InvalidInput("Its first disk does not lie below the live root of the site.")
    status = hypervisor.domain(machine)
    facts = _facts(hypervisor.xml(machine), machine) if status else None
    disks, problems = read_disks(site, facts, status)
    found = leaves(site.directory, machine)
    live = str(PurePosixPath(disks[0].live).parent) if disks else live_root
    return MachineLook(
        machine=machine, title=site.title, dn=site.dn, node=site.node.name, plan=plan,
        storage=site.storage, state=status.state if status else "",
        persistent=bool(status and status.persistent),
        managed_save=bool(status and status.managed_save), jobs=status.jobs if status else (),
        is_busy=bool(status and hypervisor.is_busy(machine)),
        memory=facts.memory if facts else 0, disks=disks, problems=problems,
        held=_held(site.shell, disks, status), live=_space(site.shell, live),
        retain=_space(site.shell, plan.retain_root), backup=_space(site.shell, plan.backup_root),
        ram_disk=_space(site.shell, plan.ram_disk) if plan.ram_disk else Space(""),
        owner_missing=site.shell.has_owner(plan.images.owner, plan.images.group)
        or site.shell.has_owner(plan.directories.owner, plan.directories.group),
        at_work=tuple(_at_work(leaf) for leaf in busy(found, "") if leaf.name != own),
        leaves=tuple(leaf.name for leaf in found), retained=_retained(site),
        backups=() if own else _backups(site, live_root),
    )  # fmt: skip


def _at_work(leaf: Leaf) -> str:
    """Of a leaf in the middle of a job: that somebody is at it, or that it failed there."""
    if leaf.return_value in ("", "0"):
        return f"somebody is at work on its backup {leaf.name} ({leaf.mode}, state {leaf.state})"
    code = int(leaf.return_value) if leaf.return_value.isdigit() else -1
    return f"its backup {leaf.name} is stuck: {leaf.mode} ended with {code} ({meaning(code)})"


def _facts(xml: str, machine: str) -> XmlFacts:
    return xml_facts(xml, f"the XML of {machine}")


def read_disks(
    site: MachineSite, facts: XmlFacts | None, status: DomainStatus | None
) -> tuple[tuple[JobDisk, ...], tuple[str, ...]]:
    """The machine's disks, and what is wrong with them in words."""
    found: list[JobDisk] = []
    problems: list[str] = []
    for disk in facts.images if facts else disks_of(site.entries):
        try:
            found.append(_disk(site, disk, problems, is_active=bool(status and status.active)))
        except RekindleError as error:
            problems.append(f"{disk.target}: {error.message}")
    names = [disk.image for disk in found]
    if len(set(names)) != len(names):
        problems.append("two of its images have one name: a backup can hold only one of them")
    if facts is not None:
        problems.extend(_disagreements(site, facts))
    return tuple(found), tuple(problems)


def _disk(site: MachineSite, disk: XmlDisk, problems: list[str], *, is_active: bool) -> JobDisk:
    top, *behind = image_chain(site.shell, disk.source)
    if disk.format and disk.format != top.format:
        problems.append(f"{disk.target} is {top.format}, its XML calls it {disk.format}")
    if behind and f"/{TEMPLATES}/" not in behind[0].path:
        problems.append(
            f"{disk.target} stands on {behind[0].path}: an overlay of a backup that did not end"
        )
    if is_active and not behind and disk.backing:
        problems.append(f"the running {disk.target} stands on {disk.backing[0]}, its file does not")
    return JobDisk(
        disk.target, disk.source, top.format, top.virtual_size, top.allocated,
        behind[0].path if behind else "", behind[0].format if behind else "",
    )  # fmt: skip


def _disagreements(site: MachineSite, facts: XmlFacts) -> Iterable[str]:
    """Directory and XML must mean the same disks (return value 33 of the original)."""
    named = {disk.target: disk.source for disk in disks_of(site.entries)}
    seen = {disk.target: disk.source for disk in facts.images}
    for target in sorted(named.keys() | seen.keys()):
        if named.get(target) != seen.get(target):
            yield (
                f"{target} is {seen.get(target) or 'missing'} in the XML and"
                f" {named.get(target) or 'missing'} in the directory"
            )


def _held(shell: Shell, disks: Sequence[JobDisk], status: DomainStatus | None) -> tuple[str, ...]:
    if status is not None and status.active:
        return ()
    return tuple(words for disk in disks if (words := holder(shell, disk.live)))


def _space(shell: Shell, path: str) -> Space:
    status = shell.status(path)
    if status is None or status.kind != "directory":
        return Space(path)
    return Space(path, True, shell.free_space(path), status.device)


def _retained(site: MachineSite) -> tuple[str, ...]:
    folder = f"{site.plan.retain_root}/{site.storage}/{site.machine}"
    status = site.shell.status(folder)
    if status is None or status.kind != "directory":
        return ()
    return tuple(f"{folder}/{name}" for name in site.shell.list(folder))


def _backups(site: MachineSite, live_root: str) -> tuple[OldBackup, ...]:
    return tuple(
        OldBackup(found.leaf, found.size, found.place.storage, unfit(site.shell, found, live_root))
        for found in site.iterations()
    )


def job_of(look: MachineLook, leaf: str, options: Options, live_root: str) -> BackupJob:
    """The job of one machine and one leaf."""
    plan = look.plan
    place = set_place(look.machine, leaf, look.storage, plan.backup_root, plan.retain_root)
    return BackupJob(
        machine=look.machine, title=look.title, node=look.node, machine_dn=look.dn,
        leaf_dn=f"ou={leaf},ou=backup,{look.dn}", place=place, plan=plan,
        disks=look.disks, method=options.method, was=look.state,
        domain_known=bool(look.state), memory=look.memory,
        ram_disk=plan.ram_disk if options.ram_disk and options.method == "save" else "",
        bandwidth=options.bandwidth or plan.bandwidth, merge_limit=options.merge_limit,
        live_root=live_root, reports_failures=options.reports_failures,
    )  # fmt: skip


def looks_of(data: Survey) -> tuple[str, tuple[MachineLook, ...]]:
    """The new iteration's name and the looks of a survey; raises InvalidInput for no survey."""
    found: Any = data.get("machines")
    leaf = data.get("leaf")
    if not isinstance(found, list) or not isinstance(leaf, str):
        raise InvalidInput("The survey of this backup is damaged.", "Plan the backup anew.")
    return leaf, tuple(MachineLook.from_json(look) for look in found)
