"""Merging by commit: the image that stands still is copied, then its overlay is written back."""

from __future__ import annotations

import json
import time
from typing import Final

from config.errors import StepFailed
from steps.targets.shell import Progress
from steps.virtual_machine.backup.job import JobDisk
from steps.virtual_machine.backup.pull import BEGUN, DONE, MERGE_SECONDS, follow
from steps.virtual_machine.backup.swap import is_empty
from steps.virtual_machine.backup.work import POLL_SECONDS, Work
from steps.virtual_machine.domain_xml import disks, parse_domain, to_text, write
from steps.virtual_machine.qemu_image import try_info

PIVOT_TRIES: Final = 100


def is_frozen(work: Work, disk: JobDisk) -> bool:
    """Whether the machine writes to our overlay and its image stands still behind it."""
    overlay = work.job.overlay(disk)
    now = work.disk_now(disk)
    if now is None or now.source != overlay:
        return False
    found = try_info(work.shell, overlay, in_use=True)
    return not isinstance(found, str) and found.backing == disk.live


def overlay_gone(work: Work, disk: JobDisk) -> str:
    """Empty where the overlay is gone; else words."""
    overlay = work.job.overlay(disk)
    return f"{overlay} is still there" if work.shell.status(overlay) is not None else ""


def copy_frozen(work: Work, disk: JobDisk) -> None:
    """Copy the image to retain while nothing writes to it. Goes on where an earlier try ended."""
    if not is_frozen(work, disk):
        raise StepFailed(
            f"{disk.live} does not stand still any more: somebody merged the overlay.",
            "Undo this backup and take it anew.",
        )
    target = work.job.retained(disk.image)
    work.shell.remove(target)  # whole or not, nothing proves it
    copied = work.shell.copy(disk.live, target, _throttled(work))
    work.remember(f"copied.{disk.target}", json.dumps({"root": copied.root, "size": copied.size}))


def commit(work: Work, disk: JobDisk) -> None:
    """Write the overlay back and remove it; nothing to do where there is none."""
    job, overlay = work.job, work.job.overlay(disk)
    if work.disk_now(disk) is None and work.shell.status(overlay) is not None:
        raise StepFailed(
            f"The hypervisor does not know {job.title} any more, and {overlay} may hold what its"
            " guest wrote last.",
            "It is kept. Define the machine with that overlay as its disk, then try again.",
        )
    if _stands_on(work, disk):
        _write_back(work, disk)
    elif not _is_written_back(work, disk):
        raise StepFailed(
            f"{job.title} was defined anew with {disk.live}, and {overlay} may hold what its guest"
            " wrote since the snapshot.",
            "It is kept. Find out on which of the two the machine shall run: define it with that"
            " one as its disk. If nothing in the overlay is missed, move it away. Then try again.",
            seen=f"{disk.target} on {disk.live}",
            expected=f"{disk.target} on {overlay}",
        )
    work.shell.remove(overlay)
    if work.recall(_back(disk)):
        work.remember(_back(disk), "")


def _write_back(work: Work, disk: JobDisk) -> None:
    work.remember(_back(disk), BEGUN)
    if work.is_active():
        _online(work, disk)
    else:
        _offline(work, disk)
    if _stands_on(work, disk):
        raise StepFailed(
            f"{work.job.title}: {disk.target} still stands on {work.job.overlay(disk)}.",
            "Try again.",
        )
    work.remember(_back(disk), DONE)


def _is_written_back(work: Work, disk: JobDisk) -> bool:
    """Whether an overlay that the machine does not use has nothing that its image has not.

    A machine that is edited in its web interface is defined anew while it runs: once it is off, it
    would start from the image, and what it wrote last is in the overlay alone.
    """
    overlay, told = work.job.overlay(disk), work.recall(_back(disk))
    if work.shell.status(overlay) is None or told == DONE:
        return True
    # Cut off just after the pivot: a machine that is on its image has left the overlay behind.
    return (told == BEGUN and work.is_active()) or is_empty(work, overlay)


def _back(disk: JobDisk) -> str:
    return f"written back.{disk.target}"


def _stands_on(work: Work, disk: JobDisk) -> bool:
    now = work.disk_now(disk)
    return now is not None and now.source == work.job.overlay(disk)


def _online(work: Work, disk: JobDisk) -> None:
    job, hypervisor = work.job, work.hypervisor
    if hypervisor.block_job(job.machine, disk.target) is None:
        hypervisor.commit(job.machine, disk.target, base=disk.live, bandwidth=job.bandwidth)
    for _ in range(PIVOT_TRIES):
        follow(work, disk, until_ready=True)
        if hypervisor.block_job(job.machine, disk.target) is None:
            break
        if hypervisor.pivot(job.machine, disk.target):
            break
        time.sleep(POLL_SECONDS)


def _offline(work: Work, disk: JobDisk) -> None:
    """The machine is off: qemu-img writes it back, then the definition names the image again."""
    job, overlay = work.job, work.job.overlay(disk)
    limit = job.merge_limit or MERGE_SECONDS
    work.shell.run(["qemu-img", "commit", "-q", "-f", "qcow2", overlay], timeout=limit)
    root = parse_domain(work.hypervisor.xml(job.machine, inactive=True), "the definition")
    element = disks(root)[disk.target]
    write(element, "source/@file", disk.live)
    write(element, "driver/@type", disk.format)
    for store in list(element.iterfind("backingStore")):
        element.remove(store)
    work.hypervisor.define(to_text(root))


def _throttled(work: Work) -> Progress:
    """Progress that keeps to the bandwidth and lets an abort through."""
    began, bandwidth = time.monotonic(), work.job.bandwidth

    def report(finished: int, total: int) -> None:
        work.context.progress(finished, total)
        work.context.checkpoint()
        ahead = finished / bandwidth - (time.monotonic() - began) if bandwidth else 0.0
        if ahead > 0:
            time.sleep(min(ahead, 1.0))

    return report
