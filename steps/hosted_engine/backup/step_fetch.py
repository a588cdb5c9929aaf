"""The archive and its log, brought here: to be looked into, and to go on to the server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from config.errors import StepFailed
from config.paths import private_folder
from steps.hosted_engine.backup.job import LOG, BackupStep, brought_here, run_of
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.files import remove_durably
from steps.targets.local import LocalShell
from steps.targets.quoting import command_line
from steps.targets.shell import Shell

HERE: Final = "this host"


class FetchArchive(BackupStep):
    """Archive and log are here, byte for byte."""

    name = "archive.fetch"
    title = "Bring the archive here"
    reason = "It is looked into here, where no engine and no PostgreSQL is needed for that."

    def commands(self) -> Sequence[str]:
        """scp, as the guide has it."""
        source = f"{self.job.machine.name}:{self.job.archive('RUN')}"
        return (command_line(["scp", "-p", source, self.job.file]),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where both ends have the same SHA-256."""
        machine, here = self.on_machine(context), LocalShell(HERE)
        digests: dict[str, str] = {}
        for source, target in self._pairs(context):
            if machine.status(source) is None and source != self._archive(context):
                continue
            if not target.exists():
                return not_done(f"{target.name} is not here yet")
            digests[target.name] = sha256_at(machine, source)
            if sha256_at(here, str(target)) != digests[target.name]:
                return not_done(f"{target.name} is not what {source} on {machine.where} is")
        name = self.job.file
        return done(f"{name} is here, SHA-256 {digests[name]} at both ends")

    def apply(self, context: StepContext) -> None:
        """Copy both; what is here of an earlier try is replaced, it is a copy of ours."""
        machine = self.on_machine(context)
        private_folder(brought_here(context, self.job).parent)
        for source, target in self._pairs(context):
            remove_durably(str(target))
            if machine.status(source) is not None:
                machine.get(source, str(target), context.progress)
                target.chmod(0o600)

    def undo(self, context: StepContext) -> None:
        """Remove what was brought here."""
        discard_here(context, self)

    def _archive(self, context: StepContext) -> str:
        return self.job.archive(run_of(context))

    def _pairs(self, context: StepContext) -> tuple[tuple[str, Path], ...]:
        target = brought_here(context, self.job)
        log = target.with_name(target.name + LOG)
        return (self._archive(context), target), (self.job.log, log)


def discard_here(context: StepContext, step: BackupStep) -> None:
    """Remove the run's own copies on this host."""
    folder = brought_here(context, step.job).parent
    if folder.exists():
        for path in folder.iterdir():
            remove_durably(str(path))
        remove_durably(str(folder))


def sha256_at(shell: Shell, path: str) -> str:
    """The plain SHA-256 of a file. Raises StepFailed where it was not told."""
    digest = shell.checksum(path, sha256=True).sha256
    if digest is None:
        raise StepFailed(f"{shell.where} did not tell the SHA-256 of {path}.", "Try again.")
    return digest
