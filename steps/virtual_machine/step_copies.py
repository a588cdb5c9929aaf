"""Steps that copy the set to retain: small files byte by byte, large ones with checksums."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from config.errors import StepFailed
from steps.procedure import Step, StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.targets.shell import Copied, Progress, Shell
from steps.virtual_machine.restore_job import RestoreJob
from steps.virtual_machine.retain_folder import (
    make_retain_folder,
    move_left_over,
    remove_retain_folders,
)
from steps.virtual_machine.small_files import read_small, same_content


class CopySmallFiles(Step):
    """Copy directory entry and XML of the backup to retain."""

    name = "small.copy"
    title = "Copy the small files to retain"
    reason = "What is compared and merged is a copy; the backup itself is only read."

    def __init__(self, job: RestoreJob) -> None:
        self.job = job

    def commands(self) -> Sequence[str]:
        """cp -p, a line a file."""
        place = self.job.place
        copies = [
            command_line(["cp", "-p", place.file(name), place.retained(name)])
            for name in self.job.small_files
        ]
        return (command_line(["mkdir", "-p", place.retain]), *copies)

    def verify(self, context: StepContext) -> Verdict:
        """Every copy holds the same bytes as the backup."""
        shell, place = self._shell(context), self.job.place
        missing = [
            name
            for name in self.job.small_files
            if not same_content(shell, place.file(name), place.retained(name))
        ]
        if missing:
            return not_done(f"not yet in {place.retain}: {', '.join(missing)}")
        return done(f"{', '.join(self.job.small_files)} are in {place.retain}, byte for byte")

    def apply(self, context: StepContext) -> None:
        """Copy them, readable by their owner only: they may hold the console password."""
        make_retain_folder(context, self.job)
        shell, place = self._shell(context), self.job.place
        for name in self.job.small_files:
            if not same_content(shell, place.file(name), place.retained(name)):
                move_left_over(context, shell, place.retained(name))
                shell.write(place.retained(name), read_small(shell, place.file(name)), mode=0o600)

    def undo(self, context: StepContext) -> None:
        """Remove the copies and the folders this run made."""
        shell, place = self._shell(context), self.job.place
        for name in self.job.small_files:
            if same_content(shell, place.file(name), place.retained(name)):
                shell.remove(place.retained(name))
        remove_retain_folders(context, self.job)

    def _shell(self, context: StepContext) -> Shell:
        return context.targets.shell(self.job.node)


@dataclass(frozen=True, slots=True)
class LargeFile:
    """One large file: `key` names it (`state`, `vda`), `sha256` is the checksum list's word."""

    key: str
    source: str
    target: str
    size: int
    sha256: str = ""
    moved_in: str = ""
    """Name of the step that moves the copy on, empty where none does."""
    private: bool = False
    """Whether only its owner may read the copy: a memory state holds whatever was in memory."""


class CopyLargeFile(Step):
    """Copy one large file with its checksum; the copy is read again from disk to prove it."""

    reason = "The copy is proved by reading it again from disk; a checksum taken while copying\
 proves only what was read."

    def __init__(self, job: RestoreJob, file: LargeFile) -> None:
        self.job = job
        self.file = file
        self.name = f"large.copy.{file.key}"
        what = "memory state" if file.key == "state" else f"image of {file.key}"
        self.title = f"Copy the {what}"

    def commands(self) -> Sequence[str]:
        """A sparse copy, then its checksum."""
        copy = ["cp", "-p", "--sparse=always", self.file.source, self.file.target]
        return (command_line(copy), command_line(["sha256sum", self.file.target]))

    def verify(self, context: StepContext) -> Verdict:
        """The copy, read back from disk, has the checksum the backup had while it was copied."""
        shell = self._shell(context)
        if self.file.moved_in and context.recall(self.file.moved_in):
            return done("the copy was proved and has been moved on since")
        status = shell.status(self.file.target)
        if status is None:
            return not_done(f"{self.file.target} is not there")
        expected = context.recall(self.name)
        if not expected:
            return not_done(f"{self.file.target} is there, but nothing proves it")
        fact = json.loads(expected)
        found = shell.checksum(self.file.target, _watched(context))
        if found.root != fact["root"]:
            return not_done(f"{self.file.target} reads {found.root}, copied was {fact['root']}")
        listed = ", as the checksum list says" if self.file.sha256 else ""
        scheme, _, digest = found.root.partition(":")
        proof = f"{scheme} {digest[:16]}..."
        return done(f"{self.file.target}: {status.size} bytes, {proof}{listed}")

    def apply(self, context: StepContext) -> None:
        """Copy it; goes on where an earlier try ended. Raises StepFailed where it differs."""
        shell = self._shell(context)
        if shell.status(self.file.target) is not None and not self._adopt(context, shell):
            move_left_over(context, shell, self.file.target)
        if shell.status(self.file.target) is None:
            context.remember(self._begun, self.file.target)
            copied = shell.copy(
                self.file.source, self.file.target, _watched(context), sha256=self._listed
            )
            self._hide(shell)
            self._prove(context, copied)

    def undo(self, context: StepContext) -> None:
        """Remove the copy this run made, also an unfinished one."""
        if context.recall(self._begun):
            shell = self._shell(context)
            shell.discard_copy(self.file.target)
            shell.remove(self.file.target)
        context.remember(self.name, "")

    @property
    def _listed(self) -> bool:
        return bool(self.file.sha256)

    @property
    def _begun(self) -> str:
        return f"{self.name}.begun"

    def _adopt(self, context: StepContext, shell: Shell) -> bool:
        """Take a copy that is already there, when it is the same as the backup."""
        source = shell.checksum(self.file.source, _watched(context), sha256=self._listed)
        if shell.checksum(self.file.target, _watched(context)).root != source.root:
            return False
        self._hide(shell)
        context.log(f"{self.file.target} is there already and equals the backup")
        self._prove(context, source)
        return True

    def _hide(self, shell: Shell) -> None:
        status = shell.status(self.file.target)
        if self.file.private and status is not None:
            shell.set_owner(self.file.target, status.owner, status.group, 0o600)

    def _prove(self, context: StepContext, copied: Copied) -> None:
        """Compare with the checksum list before anything is built on the copy."""
        if self._listed and copied.sha256 != self.file.sha256:
            self.undo(context)
            raise StepFailed(
                f"{self.file.source} is not what was backed up: its checksum is wrong.",
                "Restore from another iteration, or repair this one from a second copy.",
                seen=copied.sha256 or "no checksum",
                expected=self.file.sha256,
            )
        context.remember(self.name, json.dumps({"root": copied.root, "size": copied.size}))

    def _shell(self, context: StepContext) -> Shell:
        return context.targets.shell(self.job.node)


def _watched(context: StepContext) -> Progress:
    """Progress that also lets the operator's abort through."""

    def report(finished: int, total: int) -> None:
        context.progress(finished, total)
        context.checkpoint()

    return report
