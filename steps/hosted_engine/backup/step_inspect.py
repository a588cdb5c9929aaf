"""Our own look into the archive: the one judgement that is no claim of the tool's."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from config.errors import Interrupted, InvalidInput, StepFailed
from config.paths import private_folder
from steps.hosted_engine.archive.inspect import inspect
from steps.hosted_engine.archive.inspection import Inspection
from steps.hosted_engine.backup.job import BackupStep, brought_here, kept_record, run_of
from steps.hosted_engine.backup.judge import shortcomings
from steps.hosted_engine.backup.record import Record, Summary
from steps.hosted_engine.backup.step_failover import GONE_WITHOUT
from steps.hosted_engine.backup.step_fetch import HERE, sha256_at
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.files import remove_durably, write_atomically
from steps.targets.local import LocalShell
from steps.targets.quoting import command_line
from steps.targets.sizes import size_text

_NO_NAME: Final = "unknown"


class InspectArchive(BackupStep):
    """The archive is whole, of the parts that were asked for, and knows its failover host."""

    name = "archive.inspect"
    title = "Look into the archive"
    reason = (
        "engine-backup can end well and leave nothing that restores. Every member is read, and"
        " whether the failover host was ready is looked up in the engine's database itself."
    )

    def commands(self) -> Sequence[str]:
        """The same by hand."""
        return (command_line(["rekindle", "inspect", self.job.file]),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where what is kept is of this very archive, and nothing speaks against it."""
        record = read_record(kept_record(context))
        if record is None:
            return not_done("it was not looked into yet")
        archive = brought_here(context, self.job)
        digest = sha256_at(LocalShell(HERE), str(archive))
        if (record.summary.file, record.summary.sha256) != (self.job.file, digest):
            return not_done("what was found is of another archive")
        wrong = self._wrong(context, record.inspection)
        return not_done("; ".join(wrong)) if wrong else done(_told(record))

    def apply(self, context: StepContext) -> None:
        """Look into it, keep what was found; raises StepFailed for what speaks against it."""
        archive = brought_here(context, self.job)
        found = inspect_with(archive, context)
        record = Record(self._summary(context, found, archive), found)
        path = kept_record(context)
        private_folder(path.parent)
        write_atomically(str(path), record.to_text().encode(), 0o600)
        wrong = self._wrong(context, found)
        if wrong:
            raise StepFailed(
                f"The archive is no good: {'; '.join(wrong)}.",
                f"engine-backup's log: {self.job.log} on {self.on_machine(context).where}. Undo,"
                " and make another backup.",
                seen="; ".join(wrong),
                expected="a whole archive of what was asked for",
            )

    def undo(self, context: StepContext) -> None:
        """Forget what was found."""
        remove_durably(str(kept_record(context)))

    def _wrong(self, context: StepContext, found: Inspection) -> list[str]:
        return list(shortcomings(found, self.job, in_maintenance=not context.recall(GONE_WITHOUT)))

    def _summary(self, context: StepContext, found: Inspection, archive: Path) -> Summary:
        ready = found.ready_failover_hosts or ()
        chosen = self.job.failover.name if self.job.failover is not None else ""
        return Summary(
            file=self.job.file,
            sha256=sha256_at(LocalShell(HERE), str(archive)),
            size=archive.stat().st_size,
            made=found.backup_time or "",
            engine=found.engine_fqdn or _NO_NAME,
            version=found.version or _NO_NAME,
            scopes=found.scopes,
            failover=chosen if chosen in ready else "",
            run=run_of(context),
        )


def looked_into(context: StepContext) -> Summary:
    """The archive that was looked into. Raises StepFailed where none was."""
    record = read_record(kept_record(context))
    if record is None:
        raise StepFailed("The archive was not looked into.", "Do that step first.")
    return record.summary


def inspect_with(archive: Path, context: StepContext) -> Inspection:
    """Inspect it, showing how far it is; the operator may abort it."""
    cancel = threading.Event()

    def progress(position: int, size: int) -> None:
        context.progress(position, size)
        try:
            context.checkpoint()
        except Interrupted:
            cancel.set()

    return inspect(archive, progress=progress, cancel=cancel)


def read_record(path: Path) -> Record | None:
    """The record that is kept there; None where there is none that can be read."""
    try:
        return Record.from_text(path.read_text())
    except (OSError, UnicodeDecodeError, InvalidInput):
        return None


def _told(record: Record) -> str:
    found, summary = record.inspection, record.summary
    hosts = len(found.hosts) if found.hosts is not None else None
    machines = len(found.vms) if found.vms is not None else None
    counts = f", {hosts} hosts, {machines} machines" if hosts is not None else ""
    ready = f", failover host {summary.failover}" if summary.failover else ""
    return (
        f"engine {summary.engine} {summary.version}, {', '.join(summary.scopes)},"
        f" {size_text(summary.size)}{counts}{ready}"
    )
