"""The plan of a backup: a pure function of site, answers and survey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.errors import Refused
from config.interviews.virtual_machine_backup import BEST, INCLUDE, LEAVE_OUT
from config.questions import Given
from config.site import Site
from steps.conflicts import Resolutions
from steps.procedure import Phase, Plan, Step, Survey
from steps.run.text import counted
from steps.targets.sizes import size_text
from steps.virtual_machine.backup.job import SAVE, BackupJob
from steps.virtual_machine.backup.look import (
    ERROR,
    MachineLook,
    OldBackup,
    disks_text,
    findings,
    no_ram_disk,
)
from steps.virtual_machine.backup.method import TITLES, best, unfit
from steps.virtual_machine.backup.modes import REMOVAL, BackupMode
from steps.virtual_machine.backup.retention import removal_of, superseded
from steps.virtual_machine.backup.step_modes import BackupLeafMode, RemoveLeaf
from steps.virtual_machine.backup.step_spread import MeasureSpread
from steps.virtual_machine.backup.steps import (
    delete_steps,
    merge_steps,
    prepare_steps,
    retain_steps,
    snapshot_steps,
)
from steps.virtual_machine.backup.survey import Options, job_of, looks_of

NAME = "virtual_machine.backup"
_BYTES_PER_SECOND = 150e6
_SECONDS_PER_MACHINE = 10.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """One machine that is backed up: what was seen, what will be done, what goes afterwards."""

    look: MachineLook
    job: BackupJob
    old: tuple[OldBackup, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Every machine of the survey: taken, or left out with the reason."""

    taken: tuple[Chosen, ...]
    left_out: tuple[tuple[str, str], ...]
    missed: tuple[tuple[MachineLook, str], ...] = ()
    """Of those the ones that their plan does not exclude: something spoke against them."""


def backup_plan(site: Site, given: Given, _resolutions: Resolutions, survey: Survey) -> Plan:
    """Raises Refused where a machine cannot be backed up and is not to be left out."""
    choice = choose(site, given, survey)
    at_once = _number(given, "at_once", 4)
    phases = tuple(_phases(choice.taken, at_once))
    return Plan(
        procedure=NAME,
        object=_object(choice.taken),
        verb="Back up",
        phases=phases,
        settings=tuple(_settings(choice, given, at_once)),
        left_to_do=tuple(_left_to_do(choice)),
        estimate_seconds=_estimate(choice.taken, at_once),
    )


def choose(site: Site, given: Given, survey: Survey) -> Choice:
    """Method and job of every machine. Raises Refused, naming every machine and its reason."""
    leaf, looks = looks_of(survey)
    taken: list[Chosen] = []
    left_out: list[tuple[str, str]] = []
    missed: list[tuple[MachineLook, str]] = []
    refused: list[str] = []
    for look in looks:
        reason, leave = _against(look, given)
        if not reason:
            taken.append(_chosen(site, given, look, leaf))
        elif leave:
            left_out.append((look.title, reason))
            missed += [] if _is_excluded(look, given) else [(look, reason)]
        else:
            refused.append(f"{look.title}: {reason}")
    if refused:
        raise Refused(
            "\n".join(refused),
            "Put that right, choose other machines, or answer that such machines are left out.",
        )
    if not taken:
        words = "; ".join(f"{title}: {reason}" for title, reason in left_out)
        raise Refused(f"No machine is left to back up. {words}".strip(), "Choose others.")
    return Choice(tuple(taken), tuple(left_out), tuple(missed))


def _against(look: MachineLook, given: Given) -> tuple[str, bool]:
    """Why a machine is not backed up (empty: it is), and whether it is simply left out."""
    if _is_excluded(look, given):
        reason = f"its backup plan excludes it ({look.plan.origin.partition(',ou=virtual')[0]})"
        return reason, given.get("excluded", LEAVE_OUT) == LEAVE_OUT
    leave = given.get("faulty") == LEAVE_OUT
    method, reason = method_for(look, given)
    if look.trouble:
        return look.trouble, leave
    if not method and look.state:
        return reason, leave
    found = findings(look, method, ram_disk=False)
    own = f"{look.title}: "
    errors = [finding.text.removeprefix(own) for finding in found if finding.level == ERROR]
    return " ".join(errors), leave


def _is_excluded(look: MachineLook, given: Given) -> bool:
    return look.plan.excluded and given.get("excluded") != INCLUDE and not look.trouble


def _left_to_do(choice: Choice) -> Iterator[str]:
    """Who has no backup tonight although it shall have one, and the command that makes it."""
    for look, reason in choice.missed:
        yield (
            f"{look.title} was not backed up: {reason.rstrip('.')}. Put that right, then:"
            f" rekindle run {NAME} --answers FILE, with `machines: [{look.machine}]` in FILE."
        )


def method_for(look: MachineLook, given: Given) -> tuple[str, str]:
    """The method, and why none fits. A machine that is off has one way, whatever was answered."""
    wanted = str(given.get("method", BEST))
    found, reason = best(look.fitness)
    if wanted == BEST or look.state in ("", "shut off", "crashed"):
        return found, reason
    reason = unfit(wanted, look.fitness)
    return ("", f"{wanted} does not do: {reason}") if reason else (wanted, "")


def _chosen(site: Site, given: Given, look: MachineLook, leaf: str) -> Chosen:
    method, _ = method_for(look, given)
    options = Options(
        method=method,
        bandwidth=_number(given, "bandwidth", 0) << 20,
        merge_limit=float(_number(given, "merge_limit", 4 * 3600)),
        ram_disk=bool(given.get("ram_disk")) and not no_ram_disk(look),
        reports_failures=True,
    )
    job = job_of(look, leaf, options, site.storage.live_root)
    keep = given.get("retention") == "keep"
    return Chosen(look, job, () if keep else superseded(look))


def _number(given: Given, name: str, default: int) -> int:
    value = given.get(name, default)
    return value if isinstance(value, int) else default


def _phases(taken: Sequence[Chosen], at_once: int) -> Iterator[Phase]:
    jobs = [chosen.job for chosen in taken]

    def phase(name: str, title: str, steps: Iterator[Step]) -> Phase:
        return Phase(name, title, tuple(steps), at_once=at_once)

    yield phase("prepare", "Prepare", (s for job in jobs for s in _prepare(job)))
    yield Phase(
        "snapshot",
        "Snapshot",
        (*(s for job in jobs for s in _snapshot(job)), MeasureSpread(jobs)),
        at_once=at_once,
    )
    yield phase("merge", "Merge", (s for job in jobs for s in _merge(job)))
    yield phase("retain", "Retain", (s for job in jobs for s in _retain(job)))
    yield phase("finish", "Finish", (s for chosen in taken for s in _finish(chosen)))


def _prepare(job: BackupJob) -> Iterator[Step]:
    yield from prepare_steps(job)
    yield BackupLeafMode(
        job, BackupMode.INITIALIZED, "Make the leaf of this backup",
        "Daemons and other operators see that a backup is about to begin.",
    )  # fmt: skip


def _snapshot(job: BackupJob) -> Iterator[Step]:
    yield BackupLeafMode(
        job, BackupMode.SNAPSHOTTING, "Claim the snapshot",
        "By compare-and-set: two cannot take it.",
    )  # fmt: skip
    yield from snapshot_steps(job)
    yield BackupLeafMode(
        job, BackupMode.SNAPSHOTTED, "Say that the snapshot is taken",
        "The moment is kept; the machine runs on.",
    )  # fmt: skip


def _merge(job: BackupJob) -> Iterator[Step]:
    yield BackupLeafMode(job, BackupMode.MERGING, "Claim the merge", "See above.")
    yield from merge_steps(job)
    yield BackupLeafMode(
        job, BackupMode.MERGED, "Say that the disks are merged",
        "From here nothing of the machine stands on what is in retain.",
    )  # fmt: skip


def _retain(job: BackupJob) -> Iterator[Step]:
    yield BackupLeafMode(job, BackupMode.RETAINING, "Claim the retain", "See above.")
    yield from retain_steps(job)
    yield BackupLeafMode(
        job, BackupMode.RETAINED, "Say that the backup is complete", "Proved, with manifest."
    )


def _finish(chosen: Chosen) -> Iterator[Step]:
    job = chosen.job
    yield BackupLeafMode(
        job, BackupMode.FINISHED, "Say that the backup is finished",
        "With a timestamp: finished with state 0 would start a daemon again.",
    )  # fmt: skip
    for old in chosen.old:
        yield from _removal(removal_of(job, old))


def _removal(job: BackupJob) -> Iterator[Step]:
    yield BackupLeafMode(
        job, BackupMode.DELETING, f"Claim the removal of {job.leaf}",
        "The new backup is complete: the plan keeps no more.", REMOVAL,
    )  # fmt: skip
    yield from delete_steps(job)
    yield BackupLeafMode(
        job, BackupMode.DELETED, f"Say that {job.leaf} is removed", "Files first, leaf last.",
        REMOVAL,
    )  # fmt: skip
    yield RemoveLeaf(job)


def _object(taken: Sequence[Chosen]) -> str:
    if len(taken) == 1:
        return taken[0].job.title
    nodes = len({chosen.job.node for chosen in taken})
    return f"{counted(len(taken), 'machine')} on {counted(nodes, 'node')}"


def _settings(choice: Choice, given: Given, at_once: int) -> Iterator[tuple[str, str]]:
    yield "Backup", choice.taken[0].job.leaf
    # First: who has no backup tonight must not be looked for below a hundred others.
    for title, reason in choice.left_out:
        yield f"Left out: {title}", reason
    for chosen in choice.taken:
        job = chosen.job
        what = TITLES[job.method].partition(":")[0]
        size = size_text(chosen.look.image_bytes)
        yield job.title, f"{what}; {disks_text(len(job.disks))}, {size}; on {job.node}"
    yield "Side by side", str(at_once)
    limits = {job.bandwidth for job in (c.job for c in choice.taken)}
    words = sorted("no limit" if not b else f"{size_text(b)} a second" for b in limits)
    yield "Merge", ", ".join(words)
    going = [f"{c.job.title} {old.leaf}" for c in choice.taken for old in c.old]
    kept = "all are kept" if given.get("retention") == "keep" else "none is beyond the number"
    yield "Backups that go", ", ".join(going) or kept
    if given.get("ram_disk"):
        yield from _ram_disks(choice.taken)


def _ram_disks(taken: Sequence[Chosen]) -> Iterator[tuple[str, str]]:
    """Which RAM disks are used, and whose memory does without: that one stands still longer."""
    used = sorted({chosen.job.ram_disk for chosen in taken} - {""})
    yield "RAM disk", ", ".join(used) or "none is used"
    for chosen in taken:
        if chosen.job.method == SAVE and not chosen.job.ram_disk:
            yield (
                f"Memory of {chosen.job.title}",
                f"to retain at once, a longer downtime: {no_ram_disk(chosen.look)}",
            )


def _estimate(taken: Sequence[Chosen], at_once: int) -> float:
    """Every image is written once by the merge and read once for its proof."""
    copied = sum(chosen.look.image_bytes for chosen in taken)
    fixed = _SECONDS_PER_MACHINE * len(taken) / min(at_once, len(taken))
    return fixed + 2 * copied / _BYTES_PER_SECOND
