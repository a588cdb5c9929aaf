"""The retain folder of one job: made where missing, nothing in it overwritten."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Protocol

from steps.procedure import StepContext
from steps.targets.shell import Shell
from steps.virtual_machine.backup_plan import Ownership
from steps.virtual_machine.places import SetPlace

_MADE = "retain.made"


class RetainJob(Protocol):
    """What a job says of its retain folder."""

    @property
    def node(self) -> str:
        """The machine's node."""

    @property
    def place(self) -> SetPlace:
        """The folders of the iteration."""

    @property
    def directories(self) -> Ownership:
        """Owner and mode of folders."""


def make_retain_folder(context: StepContext, job: RetainJob, *, fact: str = _MADE) -> None:
    """Make it with owner and mode of the plan, remembering which parents were not there."""
    make_folder(context, job, job.place.retain, fact)


def make_folder(context: StepContext, job: RetainJob, folder: str, fact: str) -> None:
    """Make a folder and its parents, remembering under `fact` which were not there."""
    shell = context.targets.shell(job.node)
    known = made_folders(context, fact)
    missing = [path for path in _way_down(folder) if shell.status(path) is None]
    made = [*known, *(path for path in missing if path not in known)]
    if made != known or context.recall(fact) is None:
        context.remember(fact, json.dumps(made))
    for path in made:
        _give(shell, path, job.directories)


def _give(shell: Shell, path: str, wanted: Ownership) -> None:
    """Make the folder and give it its owner, also where an earlier try came to half of it."""
    status = shell.status(path)
    if status is None:
        shell.make_directory(path, mode=wanted.mode)
    elif (status.owner, status.group, status.mode) == (wanted.owner, wanted.group, wanted.mode):
        return
    shell.set_owner(path, wanted.owner, wanted.group, wanted.mode)


def remove_retain_folders(context: StepContext, job: RetainJob, *, fact: str = _MADE) -> None:
    """Remove the folders this run made, as far as they are empty."""
    shell = context.targets.shell(job.node)
    for path in reversed(made_folders(context, fact)):
        if shell.status(path) is not None and not shell.list(path):
            shell.remove(path)


def made_folders(context: StepContext, fact: str = _MADE) -> list[str]:
    """The folders this run made, outermost first."""
    return list(json.loads(context.recall(fact) or "[]"))


def _way_down(folder: str) -> list[str]:
    path = PurePosixPath(folder)
    return [str(found) for found in (*reversed(path.parents), path)]


def move_left_over(context: StepContext, shell: Shell, path: str) -> None:
    """Rename what an earlier restore left at `path`, so that nothing is overwritten."""
    status = shell.status(path)
    if status is None:
        return
    aside = f"{path}.left-over-{status.inode}"
    shell.rename(path, aside)
    context.log(f"{path} was left over from before and differs: it is now {aside}")
