"""Steps of the swap, one disk each: the live image aside, the restored one in, owner and mode.

Every move is a rename on one file system. Before it, the file's inode is remembered: after a crash
the inode tells which file is where, whatever its name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from config.errors import Refused, StepFailed
from steps.procedure import KEPT_BY_UNDO, Step, StepContext, Verdict, done, not_done, unknown
from steps.targets.quoting import command_line
from steps.targets.shell import FileStatus, Shell
from steps.virtual_machine.machine_step import RAN
from steps.virtual_machine.qemu_image import holder
from steps.virtual_machine.restore_job import DiskMove, RestoreJob


def fact_of(context: StepContext, step: str) -> dict[str, object] | None:
    """What a step of the swap remembered before it acted, and has not undone."""
    text = context.recall(step)
    return dict(json.loads(text)) if text else None


class DiskStep(Step):
    """What the steps of one disk have in common."""

    def __init__(self, job: RestoreJob, disk: DiskMove) -> None:
        self.job = job
        self.disk = disk

    def shell(self, context: StepContext) -> Shell:
        """The shell on the machine's node."""
        return context.targets.shell(self.job.node)

    def fact(self, context: StepContext) -> dict[str, object] | None:
        """What this step remembered before it acted; None before that, and once it is undone."""
        return fact_of(context, self.name)

    def remember(self, context: StepContext, **values: object) -> None:
        """Journal what verify and undo need."""
        context.remember(self.name, json.dumps(values))


class SetAside(DiskStep):
    """Rename the live image aside; it is the way back."""

    def __init__(self, job: RestoreJob, disk: DiskMove) -> None:
        super().__init__(job, disk)
        self.name = f"images.aside.{disk.target}"
        self.title = f"Set today's image of {disk.target} aside"
        self.reason = "Renamed, not overwritten: until the clean-up everything can be put back."

    def commands(self) -> Sequence[str]:
        """A rename that never overwrites."""
        return (command_line(["mv", "-nT", self.disk.live, f"{self.disk.live}.before-RUN"]),)

    def verify(self, context: StepContext) -> Verdict:
        """By inode: the image that was live is at its aside name, or never was."""
        fact = self.fact(context)
        live = self.shell(context).status(self.disk.live)
        if fact is None:
            return not_done(f"{self.disk.live} {_seen(live)}")
        if fact["aside"] is None:
            return done(f"there was no image at {self.disk.live}")
        aside = self.shell(context).status(str(fact["aside"]))
        if _is(aside, fact):
            return done(f"today's image is {fact['aside']}")
        if aside is None and _is(live, fact):
            return not_done(f"today's image is still {self.disk.live}")
        return unknown(f"today's image is neither at {self.disk.live} nor at {fact['aside']}")

    def apply(self, context: StepContext) -> None:
        """Rename it. Raises Refused where another process still uses it."""
        shell = self.shell(context)
        live = shell.status(self.disk.live)
        if live is None:
            self.remember(context, aside=None)
            return
        _refuse_in_use(shell, self.disk.live)
        aside = f"{self.disk.live}.before-{context.run_directory.name}"
        self.remember(context, aside=aside, inode=live.inode, device=live.device)
        shell.rename(self.disk.live, aside)

    def undo(self, context: StepContext) -> None:
        """Rename it back."""
        fact = self.fact(context)
        if fact is not None and fact["aside"] is not None:
            self._put_back(context, fact)
        context.remember(self.name, "")

    def _put_back(self, context: StepContext, fact: dict[str, object]) -> None:
        shell = self.shell(context)
        if _is(shell.status(self.disk.live), fact):
            return
        if not _is(shell.status(str(fact["aside"])), fact):
            raise StepFailed(
                f"Today's image of {self.disk.target} is not at {fact['aside']} any more.",
                f"Find the file with inode {fact['inode']} and move it to {self.disk.live}.",
            )
        shell.rename(str(fact["aside"]), self.disk.live)


class MoveIn(DiskStep):
    """Rename the staged copy to the live path."""

    def __init__(self, job: RestoreJob, disk: DiskMove) -> None:
        super().__init__(job, disk)
        self.name = f"images.in.{disk.target}"
        self.title = f"Move the restored image of {disk.target} in"
        self.reason = "A rename on one file system: the machine is down for no copy."

    def commands(self) -> Sequence[str]:
        """A rename that never overwrites."""
        return (command_line(["mv", "-nT", self.disk.staged, self.disk.live]),)

    def verify(self, context: StepContext) -> Verdict:
        """By inode: the staged copy is at the live path."""
        fact = self.fact(context)
        shell = self.shell(context)
        live, staged = shell.status(self.disk.live), shell.status(self.disk.staged)
        if fact is None:
            return not_done(f"{self.disk.live} {_seen(live)}")
        if _is(live, fact):
            return done(f"{self.disk.live} is the restored image")
        if live is None and _is(staged, fact):
            return not_done(f"the restored image is still {self.disk.staged}")
        return unknown(f"{self.disk.live} {_seen(live)}, {self.disk.staged} {_seen(staged)}")

    def apply(self, context: StepContext) -> None:
        """Rename it in."""
        shell = self.shell(context)
        staged = shell.status(self.disk.staged)
        if staged is None or staged.kind != "file":
            raise StepFailed(
                f"The restored image of {self.disk.target} is not at {self.disk.staged}.",
                "Undo this restore and start it again: it copies the image anew.",
            )
        self.remember(context, inode=staged.inode, device=staged.device)
        shell.rename(self.disk.staged, self.disk.live)

    def undo(self, context: StepContext) -> None:
        """Rename it back; an image the guest has run on never gets its staged name again."""
        fact = self.fact(context)
        if fact is not None and _is(self.shell(context).status(self.disk.live), fact):
            self._move_back(context)
        context.remember(self.name, "")

    def _move_back(self, context: StepContext) -> None:
        back = self.disk.staged
        if context.recall(RAN) is not None:
            # Its memory state fits it no more, and a later restore must not take it for a copy.
            back = f"{self.disk.staged}.ran-{context.run_directory.name}"
            context.log(f"the restored {self.disk.target}, on which the machine ran, is {back}")
            where = (
                f"{back} on {self.job.node}: the restored {self.disk.target}, as the guest left it"
            )
            context.remember(f"{KEPT_BY_UNDO}{self.disk.target}", where)
        self.shell(context).rename(self.disk.live, back)


class GiveOwner(DiskStep):
    """Owner, group and mode from the backup plan."""

    def __init__(self, job: RestoreJob, disk: DiskMove) -> None:
        super().__init__(job, disk)
        self.name = f"images.owner.{disk.target}"
        self.title = f"Give the image of {disk.target} its owner and mode"
        self.reason = "A copy carries the owner of the backup; the hypervisor needs the plan's."

    def commands(self) -> Sequence[str]:
        """chown and chmod."""
        wanted = self.job.images
        return (
            command_line(["chown", f"{wanted.owner}:{wanted.group}", self.disk.live]),
            command_line(["chmod", f"{wanted.mode:o}", self.disk.live]),
        )

    def verify(self, context: StepContext) -> Verdict:
        """What stat says."""
        status = self.shell(context).status(self.disk.live)
        if status is None:
            return not_done(f"{self.disk.live} is not there")
        wanted = self.job.images
        has = f"{status.owner}:{status.group} {status.mode:o}"
        if (status.owner, status.group, status.mode) == (wanted.owner, wanted.group, wanted.mode):
            return done(f"{self.disk.live} is {has}")
        return not_done(f"{self.disk.live} is {has}, the plan says {wanted}")

    def apply(self, context: StepContext) -> None:
        """Set them."""
        wanted = self.job.images
        self.shell(context).set_owner(self.disk.live, wanted.owner, wanted.group, wanted.mode)


def _is(status: FileStatus | None, fact: dict[str, object]) -> bool:
    return status is not None and (status.inode, status.device) == (fact["inode"], fact["device"])


def _seen(status: FileStatus | None) -> str:
    return "is not there" if status is None else f"is a {status.kind} of {status.size} bytes"


def _refuse_in_use(shell: Shell, path: str) -> None:
    words = holder(shell, path)
    if words:
        raise Refused(words, "Find it (`fuser -v` on the file) and end it, then try again.")
