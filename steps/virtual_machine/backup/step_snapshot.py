"""Steps of the snapshot: the small files, the snapshot itself, the state from the RAM disk."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import RekindleError, StepFailed
from steps.ldif_text import dump_entries
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.targets.shell import Shell
from steps.virtual_machine import return_values as codes
from steps.virtual_machine.backup.backup_step import BackupStep, watched
from steps.virtual_machine.backup.facts import SNAPSHOT, forget_moment
from steps.virtual_machine.backup.job import BackupJob
from steps.virtual_machine.backup.method import TITLES, method_of
from steps.virtual_machine.backup.work import Work
from steps.virtual_machine.machine_directory import leases
from steps.virtual_machine.retain_folder import (
    make_retain_folder,
    move_left_over,
    remove_retain_folders,
)

FAKE_STATE = b"Machine is not runnung, no state file"
"""To the letter what the original writes (without a line end) where there is no memory."""


class KeepDocuments(BackupStep):
    """XML and directory entries of the machine into retain, before anything of it is touched."""

    phase = SNAPSHOT

    def __init__(self, job: BackupJob) -> None:
        super().__init__(job, "snapshot.documents")
        self.title = f"Keep XML and directory entry of {job.title}"
        self.reason = (
            "With security info, so that the console password comes back; readable by their owner"
            " only. Written first: where they cannot be, nothing has been touched."
        )

    def commands(self) -> Sequence[str]:
        """virsh dumpxml and ldapsearch."""
        job = self.job
        xml, ldif = job.retained(job.xml_name), job.retained(job.ldif_name)
        dump = command_line(["virsh", "dumpxml", "--security-info", job.machine])
        return (
            command_line(["mkdir", "-p", job.place.retain]),
            *([f"{dump} > {command_line([xml])}"] if job.domain_known else []),
            f"{command_line(['ldapsearch', '-LLL', '-b', job.machine_dn])}"
            f" > {command_line([ldif])}",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Every small file is there, and was written by this run."""
        job, shell = self.job, self.shell(context)
        missing = [name for name in self._names() if shell.status(job.retained(name)) is None]
        if missing:
            return not_done(f"not in {job.place.retain}: {', '.join(missing)}")
        if context.recall(job.key("documents")) != "written":
            return not_done("not as this run wrote them")
        return done(f"{', '.join(self._names())} are in {job.place.retain}")

    def act(self, context: StepContext) -> None:
        """Write them. What lies in the way is renamed, not overwritten."""
        job, shell = self.job, self.shell(context)
        make_retain_folder(context, job, fact=job.key("retain.made"))
        contents = {job.ldif_name: self._entries(context)}
        if job.domain_known:
            contents[job.xml_name] = self._xml(context)
        if not job.has_memory:
            contents[job.state_name] = FAKE_STATE
        if not context.recall(job.key("documents")):
            for name in contents:
                move_left_over(context, shell, job.retained(name))
            context.remember(job.key("documents"), "begun")
        for name, data in contents.items():
            shell.write(job.retained(name), data, mode=0o600)
        context.remember(job.key("documents"), "written")

    def undo(self, context: StepContext) -> None:
        """Remove them, and the folders this run made."""
        job, shell = self.job, self.shell(context)
        if context.recall(job.key("documents")):
            for name in self._names():
                shell.remove(job.retained(name))
        context.remember(job.key("documents"), "")
        remove_retain_folders(context, job, fact=job.key("retain.made"))

    def _names(self) -> tuple[str, ...]:
        job = self.job
        xml = (job.xml_name,) if job.domain_known else ()
        return (job.ldif_name, *xml, *(() if job.has_memory else (job.state_name,)))

    def _xml(self, context: StepContext) -> bytes:
        try:
            return self.hypervisor(context).xml(self.job.machine).encode()
        except RekindleError as error:
            raise codes.BackupFailed(codes.CANNOT_SAVE_XML, error.message, error.remedy) from error

    def _entries(self, context: StepContext) -> bytes:
        directory = context.targets.directory()
        own = tuple(directory.subtree(self.job.machine_dn))
        if not own:
            raise codes.BackupFailed(
                codes.CANNOT_SAVE_ENTRY,
                f"The directory has no entry {self.job.machine_dn}.",
                "Look whether the machine was deleted.",
            )
        return dump_entries((*own, *leases(directory, self.job.machine))).encode()


class TakeSnapshot(BackupStep):
    """The snapshot, by the method of the job."""

    phase = SNAPSHOT
    depends_on = ("method",)

    def __init__(self, job: BackupJob) -> None:
        super().__init__(job, "snapshot.take")
        self.method = method_of(job)
        self.title = f"Take the snapshot of {job.title}, {TITLES[job.method].partition(':')[0]}"
        self.reason = TITLES[job.method].partition(": ")[2].capitalize() + "."

    def commands(self) -> Sequence[str]:
        """By method."""
        return self.method.commands(self.job)

    def verify(self, context: StepContext) -> Verdict:
        """By method, from what hypervisor and images say."""
        return self.method.look(Work(context, self.job))

    def act(self, context: StepContext) -> None:
        """Take it. Where it fails the machine is as it was before the error is told."""
        try:
            self.method.take(Work(context, self.job))
        except RekindleError:
            forget_moment(context, self.job)
            raise

    def undo(self, context: StepContext) -> None:
        """One image a disk again, nothing in retain."""
        self.method.take_back(Work(context, self.job))
        forget_moment(context, self.job)


class MoveState(BackupStep):
    """The memory state from the RAM disk to retain."""

    phase = SNAPSHOT

    def __init__(self, job: BackupJob) -> None:
        super().__init__(job, "snapshot.state")
        self.title = f"Move the memory state of {job.title} to retain"
        self.reason = "On the RAM disk it would be gone with the next power cut."

    def commands(self) -> Sequence[str]:
        """mv."""
        job = self.job
        return (command_line(["mv", job.saved_state, job.retained(job.state_name)]),)

    def verify(self, context: StepContext) -> Verdict:
        """The whole state is in retain, and nowhere else."""
        job = self.job
        if self.shell(context).status(job.saved_state) is not None:
            return not_done(f"it is still at {job.saved_state}")
        if not Work(context, job).has_state(job.retained(job.state_name)):
            return not_done("no whole memory state in retain")
        return done(f"{job.retained(job.state_name)} is whole")

    def act(self, context: StepContext) -> None:
        """Copy with checksum, readable by its owner only, then remove the first."""
        job, shell = self.job, self.shell(context)
        source, target = job.saved_state, job.retained(job.state_name)
        if shell.status(source) is None:
            raise StepFailed(f"{source} is gone.", "Undo this backup: that merges the disks.")
        shell.remove(target)  # whole or not, nothing proves it, and the source is there
        shell.copy(source, target, watched(context))
        hide(shell, target)
        shell.remove(source)

    def undo(self, context: StepContext) -> None:
        """Taking the snapshot back removes it."""


def hide(shell: Shell, path: str) -> None:
    """Readable by its owner only: memory holds whatever the guest knew."""
    status = shell.status(path)
    if status is not None and status.mode != 0o600:
        shell.set_owner(path, status.owner, status.group, 0o600)
