"""Copy a file on another host, by its own programs, and prove the copy with SHA-256 at both ends.

A copy that was stopped starts again from nothing: `cp` cannot go on.
"""

from __future__ import annotations

from config.errors import Refused, StepFailed
from steps.targets.copy import no_space
from steps.targets.files import parent
from steps.targets.os_errors import NoSpaceLeft
from steps.targets.partial import partial_paths
from steps.targets.remote_files import RemoteStatus
from steps.targets.remote_work import LOCK, Busy, RemoteWork
from steps.targets.shell import Copied, Progress

_PRESERVE = "--preserve=mode,ownership,timestamps"
CLONE = LOCK + f'exec cp {_PRESERVE} --reflink=always -T -- "$2" "$1"'
_COPY = LOCK + f'cp {_PRESERVE} --sparse=always -T -- "$2" "$1" && sync -- "$1"'
_FORGET_CACHE = 'sync -- "$1" && exec dd if="$1" iflag=nocache count=0 status=none'


def copy_there(work: RemoteWork, source: str, target: str, progress: Progress) -> Copied:
    """Copy with holes kept, mode, owner and times; returns the SHA-256 that both files have.

    Progress counts allocated bytes; it stays at the end while both files are hashed. Raises
    Refused where the target exists or another copy to it runs, StepFailed where space is missing,
    the source changed, or the copy is not the same.
    """
    doing = f"Cannot copy {source!r} to {target!r}"
    if work.files.status(target) is not None:
        raise Refused(f"{target!r} exists already.", "Move it aside, then try again.")
    before = work.files.regular(source, doing)
    temporary = partial_paths(target)[0]
    try:
        _copy(work, source, temporary, doing, before, progress)
        copied = _proved(work, source, temporary, before, progress)
        work.files.rename(temporary, target)
    except Busy:
        raise
    except NoSpaceLeft as error:
        work.files.remove(temporary)
        missing = before.status.allocated - work.files.free_space(parent(target))
        raise no_space(target, missing) from error
    except BaseException:
        if work.connection.is_live():
            work.files.remove(temporary)
        raise
    return copied


def checksum_there(work: RemoteWork, path: str, progress: Progress) -> Copied:
    """SHA-256 of a file, read from disk and not from the cache."""
    doing = f"Cannot read {path!r}"
    before = work.files.regular(path, doing)
    total = before.status.allocated
    progress(0, total)
    work.run(_FORGET_CACHE, [path], doing)
    digest = work.sha256(path, lambda: progress(0, total))
    if work.files.regular(path, doing).identity != before.identity:
        raise _changed(path)
    progress(total, total)
    return Copied(before.status.size, total, f"sha256:{digest}", digest)


def _copy(
    work: RemoteWork,
    source: str,
    temporary: str,
    doing: str,
    before: RemoteStatus,
    progress: Progress,
) -> None:
    total = before.status.allocated
    progress(0, total)

    def poll() -> None:
        found = work.files.status(temporary)
        progress(min(found.status.allocated, total) if found else 0, total)

    arguments = [temporary, source]
    if work.probe.run(["/bin/sh", "-c", CLONE, "sh", *arguments], 3600).code == 0:
        work.files.run(["sync", "--", temporary], doing)
        return
    if total > work.files.free_space(parent(temporary)):
        raise NoSpaceLeft(f"{doing}: there is no space.")
    work.run(_COPY, arguments, doing, on_tick=poll)


def _proved(
    work: RemoteWork, source: str, temporary: str, before: RemoteStatus, progress: Progress
) -> Copied:
    """Hash both files; raises StepFailed where they differ or the source did not stand still."""
    total = before.status.allocated
    original = work.sha256(source, lambda: progress(total, total))
    digest = work.sha256(temporary, lambda: progress(total, total))
    if work.files.regular(source, f"Cannot read {source!r}").identity != before.identity:
        raise _changed(source)
    if digest != original:
        raise StepFailed(
            f"The copy of {source!r} on {work.connection.where} is not the same: SHA-256 differ.",
            "Test the disks of that host before you try again.",
            seen=digest,
            expected=original,
        )
    progress(total, total)
    return Copied(before.status.size, total, f"sha256:{digest}", digest)


def _changed(path: str) -> StepFailed:
    return StepFailed(
        f"{path!r} changed while it was read.", "Find out what writes to it, then try again."
    )
