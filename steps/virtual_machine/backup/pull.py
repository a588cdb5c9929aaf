"""Merging by pull: everything behind the overlay is brought into it, and retain stands alone."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from config.errors import StepFailed
from steps.procedure import Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.virtual_machine.backup.away import AROUND, away
from steps.virtual_machine.backup.job import BackupJob, JobDisk
from steps.virtual_machine.backup.swap import (
    forget_overlay,
    is_overlay,
    is_set_aside,
    is_untouched,
    swap_back,
)
from steps.virtual_machine.backup.work import POLL_SECONDS, Work
from steps.virtual_machine.qemu_image import image_info

MERGE_SECONDS = 12 * 3600.0
BEGUN, DONE = "begun", "done"
_PERCENT = re.compile(r"\(([0-9]+)\.")


def pull_commands(job: BackupJob, disk: JobDisk) -> Sequence[str]:
    """As an operator would type it."""
    limit = ["--bandwidth", str(job.bandwidth >> 20)] if job.bandwidth else []
    base = ["--base", disk.backing] if disk.backing else []
    pull = ["virsh", "blockpull", job.machine, disk.target, *base, *limit, "--wait"]
    check = ["qemu-img", "info", "-U", "--output=json", disk.live]
    return (command_line(pull), command_line(check))


def pulled(work: Work, disk: JobDisk) -> Verdict:
    """By the image itself and by the running machine: neither names what is in retain."""
    problem = chain_problem(work, disk)
    if problem:
        return not_done(problem)
    if work.is_active() and work.recall(_settled(disk)) != DONE:
        return not_done(f"{disk.live} is merged, but not yet known to be written out")
    retained = work.job.retained(disk.image)
    if work.shell.status(retained) is None:
        return not_done(f"{retained} is not there")
    return done(f"{disk.live} stands by itself, {retained} is free")


def chain_problem(work: Work, disk: JobDisk) -> str:
    """What still stands behind a disk and should not; empty where it is as before the backup."""
    if work.recall(AROUND):
        return f"{work.job.title} is saved for the merge, and not back yet"
    if work.shell.status(disk.live) is None:
        return f"{disk.live} is not there"
    info = image_info(work.shell, disk.live, in_use=True)
    if info.backing != disk.backing:
        return f"{disk.live} stands on {info.backing or 'nothing'}"
    if not work.is_active():
        return ""
    now = work.disk_now(disk)
    if now is None or now.source != disk.live:
        return f"the machine's {disk.target} is {now.source if now else 'missing'}"
    behind = now.backing[:1]
    wanted = (disk.backing,) if disk.backing else ()
    if behind != wanted:
        return f"the machine has {', '.join(now.backing)} behind {disk.target}"
    job = work.hypervisor.block_job(work.job.machine, disk.target)
    return "" if job is None else f"a {job.kind} of {disk.target} is running"


def merge_by_pull(work: Work, disk: JobDisk) -> None:
    """The merge of a disk whose image is set aside: pulled where it still stands on it."""
    if chain_problem(work, disk):
        pull(work, disk)
    else:
        _settle(work, disk)


def pull(work: Work, disk: JobDisk) -> None:
    """By the machine where it runs, by qemu-img where it is off; a paused one is saved first."""
    if work.recall(_settled(disk)) == BEGUN:
        _go_on(work)
    status = work.status()
    if work.recall(AROUND) or (status is not None and status.state == "paused"):
        # A guest restored paused has its disks closed: it is saved, and restored to one image.
        away(work, lambda: _offline(work, disk))
    elif status is not None and status.active:
        _online(work, disk)
    else:
        _offline(work, disk)
    problem = chain_problem(work, disk)
    if problem:
        raise StepFailed(
            f"{work.job.title}: the merge of {disk.target} ended, but {problem}.",
            "Nothing is lost: the machine runs on the chain. Try again.",
            seen=problem,
            expected="one image",
        )
    _settle(work, disk)


def _settle(work: Work, disk: JobDisk) -> None:
    """Have the running machine write out what a pull left in the memory of its process.

    QEMU keeps the tables of the pulled image until the guest flushes. With the file behind it gone,
    a power cut before that would leave an image of zeros. Pausing a guest flushes all its images;
    it stands still for some milliseconds.
    """
    if work.recall(_settled(disk)) == BEGUN:
        _go_on(work)
    status = work.status()
    if status is not None and status.state == "running":
        work.remember(_settled(disk), BEGUN)
        work.hypervisor.suspend(work.job.machine)
        _go_on(work)
    work.remember(_settled(disk), DONE)


def _go_on(work: Work) -> None:
    """Let a guest run on that was paused to be written out, also by a run that was cut off."""
    status = work.status()
    if status is not None and status.state == "paused":
        work.hypervisor.resume(work.job.machine)


def _settled(disk: JobDisk) -> str:
    return f"settled.{disk.target}"


def _online(work: Work, disk: JobDisk) -> None:
    job, hypervisor = work.job, work.hypervisor
    if hypervisor.block_job(job.machine, disk.target) is None and is_overlay(work, disk):
        hypervisor.pull(job.machine, disk.target, base=disk.backing, bandwidth=job.bandwidth)
    follow(work, disk)


def follow(work: Work, disk: JobDisk, *, until_ready: bool = False) -> None:
    """Wait for a block job to end (or to be ready to pivot), with progress and the time limit."""
    job, hypervisor, limit = work.job, work.hypervisor, work.job.merge_limit
    deadline = time.monotonic() + limit
    while (running := hypervisor.block_job(job.machine, disk.target)) is not None:
        work.context.progress(running.done, running.total)
        if until_ready and running.is_ready:
            return
        work.context.checkpoint()
        if limit and time.monotonic() > deadline:
            hypervisor.cancel_job(job.machine, disk.target)
            raise StepFailed(
                f"{job.title}: the merge of {disk.target} was not through in {limit:.0f} s.",
                "It was stopped, nothing is lost. Raise the limit or the bandwidth, try again.",
                seen=f"{running.done} of {running.total}",
            )
        time.sleep(POLL_SECONDS)


def _offline(work: Work, disk: JobDisk) -> None:
    behind = ["-F", disk.backing_format, "-b", disk.backing] if disk.backing else ["-b", ""]
    command = ["qemu-img", "rebase", "-p", "-f", "qcow2", *behind, disk.live]
    said: list[str] = []

    def on_line(line: str) -> None:
        found = _PERCENT.findall(line)
        if found:
            work.context.progress(int(found[-1]), 100, "%")
        else:
            said.append(line)

    if not is_overlay(work, disk):
        return
    code = work.shell.stream(command, on_line, timeout=work.job.merge_limit or MERGE_SECONDS)
    if code:
        raise StepFailed(
            f"{work.job.title}: {disk.target} could not be merged: {' '.join(said)[-500:]}",
            "Nothing is lost: the overlay still stands on the image in retain. Try again.",
            seen=f"exit code {code}",
        )


def forget_retained(work: Work, disk: JobDisk) -> None:
    """Remove the image in retain once nothing stands on it: the undo of a snapshot."""
    problem = chain_problem(work, disk)
    if problem:
        raise StepFailed(f"{work.job.title}: {problem}.", "Merge it first, then undo again.")
    work.shell.remove(work.job.retained(disk.image))


def take_back_disk(work: Work, disk: JobDisk) -> None:
    """One image at its live path, nothing of it in retain: wherever the disk stands now."""
    if work.recall(_settled(disk)) == BEGUN:
        _go_on(work)
    if not is_set_aside(work, disk):
        forget_overlay(work, disk)
    elif work.shell.status(disk.live) is None or _is_unused(work, disk):
        swap_back(work, disk)
    else:
        merge_by_pull(work, disk)
        forget_retained(work, disk)


def _is_unused(work: Work, disk: JobDisk) -> bool:
    return is_overlay(work, disk) and not work.is_active() and is_untouched(work, disk)
