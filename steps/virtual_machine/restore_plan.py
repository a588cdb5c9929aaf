"""The plan of a restore: a pure function of site, answers, decisions and survey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from config.errors import InvalidInput, Refused
from config.interviews.virtual_machine import ASK, COLD, SHUTDOWN_LIMIT, WITH_STATE
from config.questions import Given
from config.site import Site
from steps.conflicts import ConflictSet, Resolutions
from steps.procedure import Phase, Plan, Step, Survey
from steps.targets.directory_names import child
from steps.targets.sizes import size_text
from steps.virtual_machine.backup_set import NOT_RUNNING, ImageFacts, state_refusal
from steps.virtual_machine.directory_modes import Mode
from steps.virtual_machine.iterations import named_time
from steps.virtual_machine.merged import Merged, compare, merge
from steps.virtual_machine.restore_job import DiskMove, RestoreJob
from steps.virtual_machine.safe_names import safe_path
from steps.virtual_machine.step_bring_up import ColdStart, Define, RestorePaused, Resume
from steps.virtual_machine.step_checks import (
    CheckChain,
    CheckCopy,
    CheckSet,
    NoteVerified,
    VerifyMachine,
)
from steps.virtual_machine.step_cleanup import RemoveOldImages, RemoveRetained
from steps.virtual_machine.step_copies import CopyLargeFile, CopySmallFiles, LargeFile
from steps.virtual_machine.step_directory import WriteLease, WriteMachineEntry
from steps.virtual_machine.step_documents import KeepToday, Unchanged, WriteMerged, XmlVerdict
from steps.virtual_machine.step_images import GiveOwner, MoveIn, SetAside
from steps.virtual_machine.step_modes import LeafMode
from steps.virtual_machine.step_shut_down import ShutDown
from steps.virtual_machine.survey import RestoreSurvey
from steps.virtual_machine.xml_facts import xml_facts

NAME = "virtual_machine.restore"
_COPY_BYTES_PER_SECOND = 150e6
_FIXED_SECONDS = 30.0


def restore_conflicts(_site: Site, given: Given, survey: Survey) -> ConflictSet:
    """The conflicts of this restore, in the mode that was chosen."""
    found = RestoreSurvey.from_json(survey)
    return compare(found.sources, found.host, given.get("mode") == WITH_STATE)


def restore_plan(site: Site, given: Given, resolutions: Resolutions, survey: Survey) -> Plan:
    """Raises Refused while a conflict is open or the chosen mode is not possible."""
    found = RestoreSurvey.from_json(survey)
    conflicts = compare(found.sources, found.host, given.get("mode") == WITH_STATE)
    _refuse_unsettled(found, given, conflicts, resolutions)
    merged = merge(conflicts, resolutions)
    job = restore_job(site, given, resolutions, survey, merged)
    return Plan(
        procedure=NAME,
        object=f"{job.title} from {_when(job.place.leaf)}",
        verb="Restore",
        phases=_phases(job, merged.change_ldif.splitlines(), found),
        settings=tuple(_settings(job, found, given)),
        estimate_seconds=_estimate(job),
        confirm_by_typing=job.title,
    )


def _refuse_unsettled(
    found: RestoreSurvey, given: Given, conflicts: ConflictSet, resolutions: Resolutions
) -> None:
    with_state = given.get("mode") == WITH_STATE
    if not with_state and given.get("mode") != COLD:
        # Taking one for the other would throw a memory state away without a word.
        raise InvalidInput(
            f"The mode is {given.get('mode')!r}.", f"Answer it with {WITH_STATE} or {COLD}."
        )
    reason = state_refusal(found.facts.state) if with_state else ""
    if with_state and found.place.storage.is_template:
        reason = "a template has no memory state."
    if reason:
        raise Refused(f"It cannot be restored with state: {reason}", "Choose a cold start.")
    still_open = conflicts.still_open(resolutions)
    if still_open:
        raise Refused(f"Not decided yet: {', '.join(still_open)}.", "Decide every row first.")
    blocking = conflicts.blocking(resolutions)
    if blocking:
        raise Refused(
            "\n".join(block.message for block in blocking),
            "\n".join(dict.fromkeys(block.remedy for block in blocking if block.remedy)),
        )


def restore_job(
    site: Site, given: Given, resolutions: Resolutions, survey: Survey, merged: Merged
) -> RestoreJob:
    """What the steps need to know."""
    found = RestoreSurvey.from_json(survey)
    with_state = given.get("mode") == WITH_STATE
    limit = given.get("shutdown_limit", SHUTDOWN_LIMIT.default_for(given))
    return RestoreJob(
        site=site,
        node=found.node,
        title=found.title,
        machine_dn=found.dn,
        leaf_dn=child("ou", found.place.leaf, f"ou=backup,{found.dn}"),
        place=found.place,
        images=found.plan.images,
        directories=found.plan.directories,
        disks=_moves(found, merged),
        state_size=found.facts.state.size,
        state_sha256=found.facts.state.sha256,
        with_state=with_state,
        resume=_runs_afterwards(found, given),
        entry_known=found.entry_known,
        domain_known=found.domain is not None,
        shutdown_limit=float(limit) if isinstance(limit, int) else 0.0,
        old_images=str(given.get("old_images", ASK)),
        small_files=found.facts.small_files,
        resolutions=resolutions,
        survey=survey,
    )


def _runs_afterwards(found: RestoreSurvey, given: Given) -> bool:
    if found.place.storage.is_template:
        return False
    if given.get("mode") != COLD:
        return found.facts.state.was_running
    start = given.get("start", "as-backed-up")
    if start != "as-backed-up":
        return start == "start"
    state = found.facts.state
    return found.plan.force_start or state.kind != NOT_RUNNING or state.ran


def _moves(found: RestoreSurvey, merged: Merged) -> tuple[DiskMove, ...]:
    """One move for every disk of the backup that the restored machine has."""
    afterwards = xml_facts(merged.restore_xml, "the merged XML").images
    wanted = {disk.target: disk for disk in afterwards}
    return tuple(
        _move(found, image, wanted[image.target].source)
        for image in found.facts.images
        if image.target in wanted
    )


def _move(found: RestoreSurvey, image: ImageFacts, live: str) -> DiskMove:
    safe_path(live, f"image of {image.target}")
    room, folder = found.facts.room, str(PurePosixPath(live).parent)
    # The rename into place must stay on one file system; next to the live image it always does.
    at_hand = room.one_file_system and folder == room.live_directory
    staged = found.place.retained(image.image) if at_hand else f"{live}.{found.place.leaf}.new"
    return DiskMove(
        target=image.target, image=image.image, backup=image.path, staged=staged, live=live,
        size=image.size, allocated=image.allocated, format=image.format,
        virtual_size=image.virtual_size, sha256=image.sha256, backing=image.backing,
    )  # fmt: skip


def _phases(job: RestoreJob, change: Sequence[str], found: RestoreSurvey) -> tuple[Phase, ...]:
    return (
        Phase("check", "Check", tuple(_check(job))),
        Phase("small", "Unretain the small files", tuple(_small(job))),
        Phase("large", "Unretain the large files", tuple(_large(job))),
        Phase("swap", "Swap the disks and restore", tuple(_swap(job, change, found))),
        Phase("finish", "Finish", (_leaf_finished(job),)),
        Phase("cleanup", "Clean up", (RemoveOldImages(job), RemoveRetained(job))),
    )


def _check(job: RestoreJob) -> Iterator[Step]:
    yield CheckSet(job)
    yield Unchanged(job, "sources.unchanged", "Nothing has been touched yet: the time to notice.")


def _small(job: RestoreJob) -> Iterator[Step]:
    yield LeafMode(
        job, "modes.unretain-small", "Claim the backup for the small files",
        Mode.UNRETAINING_SMALL,
        "Daemons and other operators see that somebody is at work; two cannot claim it.",
    )  # fmt: skip
    yield CopySmallFiles(job)
    yield LeafMode(
        job, "modes.unretained-small", "Say that the small files are there",
        Mode.UNRETAINED_SMALL, "From here the operator decides; nothing of the machine is touched.",
    )  # fmt: skip
    yield Unchanged(
        job, "conflicts.unchanged", "What was decided holds for what is there, not for what was."
    )
    yield WriteMerged(job)
    if not job.template:
        yield XmlVerdict(job)


def _large(job: RestoreJob) -> Iterator[Step]:
    yield LeafMode(
        job, "modes.unretain-large", "Claim the backup for the large files",
        Mode.UNRETAINING_LARGE,
        "It stays in this mode until the machine is off: on the next one the original's broker"
        " would pull the plug.",
    )  # fmt: skip
    if job.with_state:
        state = LargeFile(
            "state", job.state_backup, job.state_copy, job.state_size, job.state_sha256,
            private=True,
        )  # fmt: skip
        yield CopyLargeFile(job, state)
    for disk in job.disks:
        yield CopyLargeFile(
            job,
            LargeFile(
                disk.target, disk.backup, disk.staged, disk.size, disk.sha256,
                moved_in=f"images.in.{disk.target}",
            ),
        )  # fmt: skip
    for disk in job.disks:
        yield CheckCopy(job, disk)
    yield NoteVerified(job)


def _swap(job: RestoreJob, change: Sequence[str], found: RestoreSurvey) -> Iterator[Step]:
    claim = LeafMode(
        job, "modes.restore", "Say that the machine is being restored", Mode.RESTORING,
        "Written only now that the machine is off: a broker that sees it has nothing to destroy.",
    )  # fmt: skip
    yield KeepToday(job)
    yield ShutDown(job)
    if job.entry_known:
        yield claim
    yield from (SetAside(job, disk) for disk in job.disks)
    yield from (MoveIn(job, disk) for disk in job.disks)
    yield from (GiveOwner(job, disk) for disk in job.disks)
    machine, lease = _split(change, found.dn)
    yield WriteMachineEntry(job, machine)
    yield WriteLease(job, lease)
    if not job.entry_known:
        yield claim
    if not job.template:
        yield from _bring_up(job)


def _bring_up(job: RestoreJob) -> Iterator[Step]:
    if not job.with_state:
        yield Define(job)
        if job.resume:
            yield ColdStart(job)
        yield VerifyMachine(job)
        return
    yield RestorePaused(job)
    yield CheckChain(job)
    # A machine that the hypervisor did not know is transient until it is defined.
    if not job.domain_known:
        yield Define(job)
    if job.resume:
        yield Resume(job)
    if job.domain_known:
        yield Define(job)
    yield VerifyMachine(job)


def _leaf_finished(job: RestoreJob) -> Step:
    return LeafMode(
        job, "modes.finished", "Say that the restore is finished", Mode.FINISHED,
        "With a timestamp and return value 0: finished with state 0 would start the daemon again.",
    )  # fmt: skip


def _split(change: Sequence[str], dn: str) -> tuple[list[str], list[str]]:
    """The change file's records of the machine's entries, and those of its lease."""
    machine: list[str] = []
    lease: list[str] = []
    own = False
    for line in change:
        if line.startswith("dn:"):
            own = line.lower().rstrip().endswith(dn.lower())
        (machine if own else lease).append(line)
    return machine, lease


def _settings(job: RestoreJob, found: RestoreSurvey, given: Given) -> Iterator[tuple[str, str]]:
    yield "Machine", f"{job.title} ({job.machine})" if job.title != job.machine else job.machine
    yield "Backup", _when(job.place.leaf)
    yield "Memory", "with state" if job.with_state else "cold start, memory is lost"
    if not job.with_state:
        yield "Afterwards", "running" if job.resume else "left off"
    yield "Node", job.node
    yield "Storage", str(job.place.storage)
    for disk in job.disks:
        yield f"Disk {disk.target}", f"{size_text(disk.allocated)} to {disk.live}"
    yield "Owner of the images", str(job.images)
    yield "Backup plan", found.plan.origin or "none, defaults apply"
    yield "Directory entry", "changed" if job.entry_known else "written anew, it is gone"
    yield "Wait for a shutdown", f"{job.shutdown_limit:.0f} s, then ask"
    if given.get("recovery_target"):
        yield "Target time to recover", f"{given['recovery_target']} s"
    yield "Images of before", {ASK: "ask at the end"}.get(job.old_images, job.old_images)


def _when(leaf: str) -> str:
    moment = named_time(leaf)
    return f"{moment:%d %b %Y %H:%M} ({leaf})" if moment else leaf


def _estimate(job: RestoreJob) -> float:
    """Every byte is read twice (copy and proof), once more where a checksum list is compared."""
    copied = sum(disk.allocated for disk in job.disks) + (job.state_size if job.with_state else 0)
    return _FIXED_SECONDS + 2 * copied / _COPY_BYTES_PER_SECOND
