"""Looks at every machine, every node and the files on them, once, for the dashboard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from config.errors import RekindleError
from steps.procedure import ProbeInput, Survey
from steps.schedules.next_runs import last_due
from steps.schedules.zone import own_zone
from steps.targets.directory import Directory
from steps.targets.directory_names import equals
from steps.targets.shell import Shell
from steps.virtual_machine.backup_plan import BackupPlan, effective_plan
from steps.virtual_machine.coordination.standing import Around, standing, usual_seconds
from steps.virtual_machine.dashboard.board import (
    GRACE,
    Board,
    LeafStanding,
    MachineStanding,
    Storage,
)
from steps.virtual_machine.dashboard.files_found import FoundFile, find_files
from steps.virtual_machine.dashboard.orphans import (
    Known,
    Orphan,
    backup_orphans,
    live_orphans,
    retain_orphans,
    whole,
)
from steps.virtual_machine.dashboard.space import Night
from steps.virtual_machine.heartbeat import heartbeats
from steps.virtual_machine.iterations import Iteration, SetFile, named_time
from steps.virtual_machine.job_leaf import CLASS, JobLeaf, job_leaf, stamp_time
from steps.virtual_machine.machine_directory import machines_dn, plan_of
from steps.virtual_machine.machine_site import roots
from steps.virtual_machine.places import SetPlace, StoragePlace, set_place
from steps.virtual_machine.plans.lookup import Ruled, all_machines, timetable_of
from steps.virtual_machine.plans.plan_entry import values_of
from steps.virtual_machine.qemu_image import ImageInfo, try_info
from steps.virtual_machine.restored_before import last_restores
from steps.virtual_machine.safe_names import is_safe_name
from steps.virtual_machine.verification import SetRecord, has_record, read_record
from steps.virtual_machine.xml_facts import xml_facts

_SOURCE = "sstSourceFile"
_DEEPEST_CHAIN = 20


@dataclass(slots=True)
class Gathered:
    """What the nodes brought: sets by machine and leaf (names of files), and what is odd."""

    sets: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    verified: dict[str, str] = field(default_factory=dict)
    tried: dict[str, str] = field(default_factory=dict)
    damaged: dict[str, list[str]] = field(default_factory=dict)
    storage: list[Storage] = field(default_factory=list)
    orphans: dict[tuple[str, int, int], Orphan] = field(default_factory=dict)
    looked_everywhere: bool = True
    nodes: set[str] = field(default_factory=set)
    """The nodes of the site file, in lower case."""


def survey(probe: ProbeInput) -> Survey:
    """Look at everything. What does not answer is named in `silent`; the directory must answer."""
    return look(probe, datetime.now(UTC)).to_json()


def look(probe: ProbeInput, now: datetime) -> Board:
    """The board as it is now."""
    directory = probe.targets.directory()
    machines = tuple(all_machines(directory))
    leaves = _leaves(directory)
    silent: list[str] = []
    gathered = _gather(probe, machines, leaves, silent)
    beats, usual = heartbeats(directory), usual_seconds(leaf for some in leaves.values()
                                                        for leaf in some)  # fmt: skip
    restored = last_restores()
    zone = own_zone()
    return Board(
        now=now.isoformat(),
        zone=zone.key,
        machines=tuple(
            _machine(
                machine, leaves.get(machine.name.lower(), []), gathered,
                Around(machine.node, beats, now, usual), zone, restored,
            )
            for machine in machines
        ),
        orphans=tuple(sorted(gathered.orphans.values(), key=lambda orphan: -orphan.size)),
        storage=tuple(gathered.storage),
        silent=tuple(silent),
    )  # fmt: skip


def _leaves(directory: Directory) -> dict[str, list[JobLeaf]]:
    """Every leaf of every machine, by machine in lower case, the newest name first."""
    found: dict[str, list[JobLeaf]] = {}
    wanted = equals("objectClass", CLASS)
    for entry in directory.search(machines_dn(directory.base), wanted):
        leaf = job_leaf(entry)
        found.setdefault(leaf.machine.lower(), []).append(leaf)
    for some in found.values():
        some.sort(key=lambda leaf: leaf.name, reverse=True)
    return found


def _machine(
    found: Ruled, leaves: Sequence[JobLeaf], gathered: Gathered, around: Around, zone: ZoneInfo,
    restored: Mapping[str, str],
) -> MachineStanding:  # fmt: skip
    timetable, followed, due, wrong = "", False, "", ""
    try:
        table, followed = timetable_of(found.winner)
        timetable = str(table)
        moment = last_due(table, around.now - GRACE, zone) if followed else None
        due = moment.isoformat() if moment else ""
    except RekindleError as error:
        wrong = error.message
    standings = tuple(_leaf(leaf, gathered, around) for leaf in leaves)
    return MachineStanding(
        found.name, found.title, found.node, found.excluded, found.origin, timetable, followed,
        due, _last_backup(leaves, standings), gathered.verified.get(found.name.lower(), ""),
        restored.get(found.name.lower(), ""), standings, wrong,
        gathered.tried.get(found.name.lower(), ""),
        tuple(gathered.damaged.get(found.name.lower(), ())),
    )  # fmt: skip


def _leaf(leaf: JobLeaf, gathered: Gathered, around: Around) -> LeafStanding:
    stands = standing(leaf, around)
    names = gathered.sets.get((leaf.machine.lower(), leaf.name))
    is_whole: bool | None = None
    if names is not None:
        is_whole = whole(names, leaf.machine, leaf.name)
    elif gathered.looked_everywhere and around.node.lower() in gathered.nodes:
        is_whole = False
    return LeafStanding(
        leaf.name, leaf.mode, leaf.state, leaf.return_value, stands.kind.value, stands.text,
        stands.remedy, stands.kind.stuck or stands.kind.value == "suspect", is_whole,
    )  # fmt: skip


def _last_backup(leaves: Sequence[JobLeaf], standings: Sequence[LeafStanding]) -> str:
    """When the newest finished backup ended; a leaf whose files are gone is none."""
    moments = [
        moment
        for leaf, stands in zip(leaves, standings, strict=True)
        if stands.finished and stands.whole is not False and not leaf.commanded
        if (moment := stamp_time(leaf.state) or named_time(leaf.name)) is not None
    ]
    return max(moments).isoformat() if moments else ""


def _gather(
    probe: ProbeInput, machines: Sequence[Ruled], leaves: Mapping[str, Sequence[JobLeaf]],
    silent: list[str],
) -> Gathered:  # fmt: skip
    gathered = Gathered(nodes={node.name.lower() for node in probe.site.nodes})
    images, unread = _images(probe, silent)
    known = Known(
        images,
        {machine.name.lower() for machine in machines},
        {name: {leaf.name for leaf in some} for name, some in leaves.items()},
        {
            name: {leaf.name for leaf in some if leaf.mode.lower() != "finished"}
            for name, some in leaves.items()
        },
    )
    for node in probe.site.nodes:
        try:
            _look_at_node(probe, node.name, known, gathered, machines, unread)
        except RekindleError as error:
            silent.append(f"{node.name}: {error.message}")
            gathered.looked_everywhere = False
    return gathered


def _images(probe: ProbeInput, silent: list[str]) -> tuple[set[str], set[str]]:
    """Every path an entry or a definition names, and the nodes whose definitions were not read."""
    directory = probe.targets.directory()
    wanted = equals("objectClass", "sstVirtualizationVirtualMachineDisk")
    disks = directory.search(machines_dn(directory.base), wanted)
    images = {text for entry in disks if (text := entry.text(_SOURCE))}
    unread = set()
    for node in probe.site.nodes:
        try:
            images |= set(_defined(probe, node.name))
        except RekindleError as error:
            silent.append(f"definitions of {node.name}: {error.message}")
            unread.add(node.name)
    return images, unread


def _defined(probe: ProbeInput, node: str) -> Iterator[str]:
    hypervisor = probe.targets.hypervisor(node)
    for domain in hypervisor.domains():
        kinds = (False, True) if domain.persistent else (False,)
        for inactive in kinds:
            facts = xml_facts(hypervisor.xml(domain.name, inactive=inactive), domain.name)
            for disk in facts.disks:
                yield disk.source
                yield from disk.backing


def _look_at_node(
    probe: ProbeInput, node: str, known: Known, gathered: Gathered, machines: Sequence[Ruled],
    unread: set[str],
) -> None:  # fmt: skip
    shell, storage = probe.targets.shell(node), probe.site.storage
    plans = tuple(_plans(probe, node, machines))
    for root in dict.fromkeys(plan.backup_root for plan in plans):
        files = find_files(shell, root, 5)
        _take_sets(shell, root, files, gathered)
        _add(gathered, backup_orphans(node, root, files, known))
        if files:
            gathered.storage.append(_storage(shell, node, root, files, machines))
    if node in unread:
        return
    live = find_files(shell, storage.live_root, 3)
    lists = {plan.retain_root: find_files(shell, plan.retain_root, 5) for plan in plans}
    there = {f"{storage.live_root}/{file.path}" for file in live}
    named = Known(
        {*known.images, *_stood_on(shell, known.images, there)}, known.machines, known.leaves,
        known.unfinished,
    )  # fmt: skip
    _add(gathered, live_orphans(node, storage.live_root, live, named))
    for root, files in lists.items():
        _add(gathered, retain_orphans(node, root, files, named))


def _plans(probe: ProbeInput, node: str, machines: Sequence[Ruled]) -> Iterator[BackupPlan]:
    """Every plan whose folders this node may have: the site's, the pools', the machines' own."""
    storage = probe.site.storage
    yield plan_of(probe.targets.directory(), "", "", storage)
    yield from (plan for _, _, plan in roots(_only(probe, node), []))
    for winner in {m.winner.dn: m.winner for m in machines if m.winner is not None}.values():
        yield effective_plan((winner,), storage)


def _only(probe: ProbeInput, node: str) -> ProbeInput:
    found = probe.site.node(node)
    return replace(probe, site=replace(probe.site, nodes=(found,) if found else ()))


def _stood_on(shell: Shell, images: Iterable[str], there: set[str]) -> Iterator[str]:
    """What the named images of this node stand on: an overlay's backing file is in use."""
    seen: set[str] = set()
    ahead = [path for path in images if path in there]
    while ahead:
        path = ahead.pop()
        if path in seen or len(seen) > _DEEPEST_CHAIN * max(len(there), 1):
            continue
        seen.add(path)
        info = try_info(shell, path, in_use=True)
        if isinstance(info, ImageInfo) and info.backing:
            yield info.backing
            if shell.status(info.backing) is not None:
                ahead.append(info.backing)


def _add(gathered: Gathered, orphans: Iterable[Orphan]) -> None:
    """Storage that several nodes share is seen from each: the same files count once."""
    for orphan in orphans:
        gathered.orphans.setdefault((orphan.path, orphan.size, orphan.files), orphan)


def _take_sets(shell: Shell, root: str, files: Iterable[FoundFile], gathered: Gathered) -> None:
    places: dict[tuple[str, str, str, str], list[str]] = {}
    for file in files:
        if len(file.parts) == 5 and all(is_safe_name(part) for part in file.parts[:4]):
            family, pool, machine, leaf, name = file.parts
            gathered.sets.setdefault((machine.lower(), leaf), []).append(name)
            places.setdefault((family, pool, machine, leaf), []).append(name)
    for (family, pool, machine, leaf), names in places.items():
        place = set_place(machine, leaf, StoragePlace(family, pool), root, root)
        if has_record(shell, place):
            statuses = ((name, shell.status(f"{place.backup}/{name}")) for name in sorted(names))
            found = tuple(SetFile(n, s.size, s.allocated, s.modified) for n, s in statuses if s)
            _take_record(read_record(shell, Iteration(place, found)), place, gathered)


def _take_record(record: SetRecord, place: SetPlace, gathered: Gathered) -> None:
    """What the checks have written beside a set, as far as it is about the files of today."""
    machine = place.machine.lower()
    _keep_latest(gathered.verified, machine, record.last_sound)
    if record.verified is not None and record.verified.problem:
        gathered.damaged.setdefault(machine, []).append(f"{place.leaf}: {record.verified.problem}")
    if record.tried is not None and record.tried.problem:
        text = f"{place.leaf} did not restore in isolation: {record.tried.problem}"
        gathered.damaged.setdefault(machine, []).append(text)
    elif record.tried is not None:
        _keep_latest(gathered.tried, machine, record.tried.at)


def _keep_latest(found: dict[str, str], machine: str, stamp: str) -> None:
    moment = stamp_time(stamp)
    if moment is not None:
        found[machine] = max(found.get(machine, ""), moment.isoformat())


def _storage(
    shell: Shell, node: str, root: str, files: Iterable[FoundFile], machines: Sequence[Ruled]
) -> Storage:
    nights: dict[str, int] = {}
    for file in files:
        moment = named_time(file.parts[3]) if len(file.parts) == 5 else None
        if moment is not None:
            day = moment.date().isoformat()
            nights[day] = nights.get(day, 0) + file.allocated
    dated = tuple(
        Night(datetime.fromisoformat(day).date(), size) for day, size in sorted(nights.items())
    )
    return Storage(node, root, shell.free_space(root), _kept(machines), dated)


def _kept(machines: Sequence[Ruled]) -> int:
    """The most iterations any plan keeps; a plan that cannot be read counts as one."""
    kept = [1]
    for machine in machines:
        try:
            value = values_of(machine.winner).get("iterations", 1)
        except RekindleError:
            continue
        kept.append(value if isinstance(value, int) else 1)
    return max(kept)
