"""A copy that stays on the engine's machine, the backups that go, and what the run itself left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config.errors import StepFailed
from steps.hosted_engine.backup.job import (
    RECORD,
    SUMS,
    BackupStep,
    brought_here,
    kept_record,
    run_of,
)
from steps.hosted_engine.backup.kept import kept_backups, remove_backup
from steps.hosted_engine.backup.record import Summary, read_sums
from steps.hosted_engine.backup.step_fetch import discard_here, sha256_at
from steps.hosted_engine.backup.step_inspect import looked_into, read_record
from steps.hosted_engine.backup.step_keep import read_text
from steps.hosted_engine.backup.step_rehearse import rehearsal_result
from steps.hosted_engine.rehearsal.step_rehearse import kept_rehearsal
from steps.procedure import PutOff, StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.targets.shell import Shell


class KeepCopy(BackupStep):
    """The copy on the engine's machine is where copies are kept."""

    name = "machine.keep"
    title = "Keep the copy on the engine's machine"
    reason = "For a quick look, or a database alone: after a loss of the machine it is lost too."

    def commands(self) -> Sequence[str]:
        """mv."""
        return (command_line(["mv", self.job.archive("RUN"), self._kept]),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it lies there with its record."""
        machine = self.on_machine(context)
        if machine.status(self._kept) is None or machine.status(self._kept + RECORD) is None:
            return not_done(f"{self._kept} is not there yet")
        if sha256_at(machine, self._kept) != looked_into(context).sha256:
            return not_done(f"{self._kept} is another file")
        return done(f"{self._kept} on {machine.where}")

    def apply(self, context: StepContext) -> None:
        """Record, then the archive: renamed, never over another."""
        machine = self.on_machine(context)
        machine.make_directory(self.job.kept_folder, mode=0o700)
        machine.write(self._kept + RECORD, kept_record(context).read_bytes(), mode=0o600)
        if machine.status(self._kept) is None:
            machine.rename(self.job.archive(run_of(context)), self._kept)

    def undo(self, context: StepContext) -> None:
        """Back to where the run had it."""
        machine, archive = self.on_machine(context), self.job.archive(run_of(context))
        if machine.status(self._kept) is not None and machine.status(archive) is None:
            machine.make_directory(self.job.folder(run_of(context)), mode=0o700)
            machine.rename(self._kept, archive)
        machine.remove(self._kept + RECORD)

    @property
    def _kept(self) -> str:
        return f"{self.job.kept_folder}/{self.job.file}"


class RemoveOld(BackupStep):
    """The backups beyond the number that is kept are gone."""

    name = "server.old"
    title = "Remove the oldest backups"
    reason = "Only now that the new one is complete on the server, and was read back from there."
    irreversible = True

    def commands(self) -> Sequence[str]:
        """rm of each, with what lies beside it."""
        folder = self.job.server.folder.rstrip("/")
        return (
            *(f"rm {folder}/{name}{{,.json,.log}}" for name in self.job.old),
            *(f"rm {self.job.kept_folder}/{name}{{,.json,.log}}" for name in self.job.old_here),
        )

    @property
    def optional(self) -> bool:
        """The new backup is there without it."""
        return True

    def verify(self, context: StepContext) -> Verdict:
        """Done where none of them is there any more."""
        left = [name for _shell, _folder, name in self._left(context)]
        if left:
            return not_done(f"still there: {', '.join(left)}")
        return done(f"gone: {', '.join((*self.job.old, *self.job.old_here))}")

    def apply(self, context: StepContext) -> None:
        """Look at the new one once more, then remove the others one after another.

        Raises PutOff where the new one cannot stand in for them.
        """
        self._refuse_without_new(context)
        record = read_record(kept_record(context))
        assert record is not None
        self._put_off_for_better(context, record.summary)
        for shell, folder, name in list(self._left(context)):
            context.checkpoint()
            kept = {one.file: one for one in kept_backups(shell, folder)}
            if name not in kept:
                raise StepFailed(
                    f"{name} on {shell.where} has no record of ours any more: it was not removed.",
                    "Look what it is, and remove it by hand where it may go.",
                )
            if kept[name].engine.lower() != record.summary.engine.lower():
                raise StepFailed(
                    f"{name} on {shell.where} is of the engine {kept[name].engine}, not of"
                    f" {record.summary.engine}: it was not removed.",
                    "Give every engine a folder of its own on the server.",
                )
            remove_backup(shell, folder, name)
            context.log(f"removed {name} on {shell.where}")

    def _refuse_without_new(self, context: StepContext) -> None:
        server, record = self.on_server(context), read_record(kept_record(context))
        listed = read_sums(read_text(server, f"{self.job.server.folder.rstrip('/')}/{SUMS}"))
        digest = sha256_at(server, self.job.target)
        if record is None or not record.summary.sha256 == digest == listed.get(self.job.file):
            raise StepFailed(
                f"{self.job.target} on {server.where} is not what was backed up: nothing older"
                " was removed.",
                "Find out what changed it. Make another backup.",
                seen=digest,
                expected=record.summary.sha256 if record else "",
            )

    def _put_off_for_better(self, context: StepContext, new: Summary) -> None:
        if self.job.failover is not None and self.job.has_database and not new.failover:
            raise PutOff(
                f"{new.file} has no failover host, older ones may have one: nothing was removed"
            )
        rehearsed = kept_rehearsal(rehearsal_result(context))
        if rehearsed is not None and not rehearsed.passed:
            raise PutOff(f"the rehearsal of {new.file} failed: nothing older was removed")

    def _left(self, context: StepContext) -> Iterator[tuple[Shell, str, str]]:
        for shell, folder, names in (
            (self.on_server(context), self.job.server.folder, self.job.old),
            (self.on_machine(context), self.job.kept_folder, self.job.old_here),
        ):
            there = frozenset(shell.list(folder)) if names and shell.status(folder) else frozenset()
            yield from ((shell, folder, name) for name in names if {name, name + RECORD} & there)


class TidyUp(BackupStep):
    """What the run needed here and on the engine's machine is gone."""

    name = "tidy"
    title = "Remove what the run needed here and on the engine's machine"
    reason = "The archive holds secrets: it stays where it is kept, and nowhere else."

    def commands(self) -> Sequence[str]:
        """rm of all."""
        return (command_line(["rm", "-rf", self.job.folder("RUN"), self.job.log]),)

    @property
    def optional(self) -> bool:
        """The backup is there without it."""
        return True

    def verify(self, context: StepContext) -> Verdict:
        """Done where nothing is left."""
        machine, here = self.on_machine(context), brought_here(context, self.job).parent
        paths = (self.job.folder(run_of(context)), self.job.log)
        left = [path for path in paths if machine.status(path) is not None]
        left += [str(here)] if here.exists() else []
        return not_done(f"still there: {', '.join(left)}") if left else done("nothing is left")

    def apply(self, context: StepContext) -> None:
        """Remove it all."""
        machine = self.on_machine(context)
        machine.run(["rm", "-rf", "--", self.job.folder(run_of(context))])
        machine.remove(self.job.log)
        discard_here(context, self)
