"""The retain folder of one restore: made where missing, nothing in it overwritten."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from steps.procedure import StepContext
from steps.targets.shell import Shell
from steps.virtual_machine.restore_job import RestoreJob

_MADE = "retain.made"


def make_retain_folder(context: StepContext, job: RestoreJob) -> None:
    """Make it with owner and mode of the plan, remembering which parents were not there."""
    shell = context.targets.shell(job.node)
    missing = [path for path in _way_down(job) if shell.status(path) is None]
    known = made_folders(context)
    context.remember(_MADE, json.dumps([*known, *(p for p in missing if p not in known)]))
    for path in missing:
        shell.make_directory(path, mode=job.directories.mode)
        wanted = job.directories
        shell.set_owner(path, wanted.owner, wanted.group, wanted.mode)


def remove_retain_folders(context: StepContext, job: RestoreJob) -> None:
    """Remove the folders this run made, as far as they are empty."""
    shell = context.targets.shell(job.node)
    for path in reversed(made_folders(context)):
        if shell.status(path) is not None and not shell.list(path):
            shell.remove(path)


def made_folders(context: StepContext) -> list[str]:
    """The folders this run made, outermost first."""
    return list(json.loads(context.recall(_MADE) or "[]"))


def _way_down(job: RestoreJob) -> list[str]:
    folder = PurePosixPath(job.place.retain)
    return [str(path) for path in (*reversed(folder.parents), folder)]


def move_left_over(context: StepContext, shell: Shell, path: str) -> None:
    """Rename what an earlier restore left at `path`, so that nothing is overwritten."""
    status = shell.status(path)
    if status is None:
        return
    aside = f"{path}.left-over-{status.inode}"
    shell.rename(path, aside)
    context.log(f"{path} was left over from before and differs: it is now {aside}")
