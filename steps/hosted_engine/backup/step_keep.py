"""The archive on the backup server, with its log, its record and its checksums beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.backup.job import (
    LOG,
    RECORD,
    SUMS,
    BackupStep,
    brought_here,
    kept_record,
)
from steps.hosted_engine.backup.record import read_sums, with_sums, without_sums
from steps.hosted_engine.backup.step_fetch import HERE, sha256_at
from steps.hosted_engine.backup.step_inspect import looked_into, read_record
from steps.hosted_engine.backup.sums import MOST, change_sums
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.local import LocalShell
from steps.targets.quoting import command_line
from steps.targets.shell import Shell
from steps.targets.sizes import size_text

_MODE: Final = 0o600


class PutArchive(BackupStep):
    """Archive and log are on the server."""

    name = "server.archive"
    title = "Copy the archive to the backup server"
    reason = (
        "Under a temporary name until it is whole; SHA-256 is compared at both ends. It holds the"
        " databases' passwords and the CA's private key: nobody but its owner may read it."
    )

    def commands(self) -> Sequence[str]:
        """scp, as the guide has it."""
        target = f"{self.job.server.name}:{self.job.target}"
        return (command_line(["scp", "-p", self.job.file, target]),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where server and this host have the same, and nobody else may read it."""
        server = self.on_server(context)
        for path, target in self._pairs(context):
            status = server.status(target)
            if status is None:
                return not_done(f"{target} is not on {server.where} yet")
            if sha256_at(server, target) != digest_of(context, path):
                return not_done(f"{target} on {server.where} is another file")
            if status.mode != _MODE:
                return not_done(f"{target} on {server.where} has mode {status.mode:o}")
        digest = looked_into(context).sha256
        return done(
            f"{self.job.target} on {server.where}, SHA-256 {digest} as that was looked into"
        )

    def apply(self, context: StepContext) -> None:
        """Copy them. Raises Refused where another file has the name, StepFailed without space."""
        server = self.on_server(context)
        server.make_directory(self.job.server.folder, mode=0o700)
        for path, target in self._pairs(context):
            status = server.status(target)
            if status is None:
                self._refuse_full(server, path)
                server.put(str(path), target, context.progress)
            elif sha256_at(server, target) != digest_of(context, path):
                raise StepFailed(
                    f"{target} is on {server.where} already, and is another file.",
                    "It is not overwritten. Move it away, or choose another name.",
                )
            self._close(server, target)

    def undo(self, context: StepContext) -> None:
        """Remove them where the archive there is ours."""
        server, target = self.on_server(context), self.job.target
        for path in (target, target + LOG):
            server.discard_copy(path)
        record = read_record(kept_record(context))
        there = server.status(target) is not None
        if there and record is not None and sha256_at(server, target) == record.summary.sha256:
            server.remove(target)
            server.remove(target + LOG)

    def _pairs(self, context: StepContext) -> Iterator[tuple[Path, str]]:
        archive = brought_here(context, self.job)
        yield archive, self.job.target
        log = archive.with_name(archive.name + LOG)
        if log.exists():
            yield log, self.job.target + LOG

    def _refuse_full(self, server: Shell, path: Path) -> None:
        size, free = path.stat().st_size, server.free_space(self.job.server.folder)
        if free < size:
            raise StepFailed(
                f"No space for {path.name} on {server.where}: it takes {size_text(size)},"
                f" {size_text(free)} are free.",
                "Free space there, then try again. The archive is safe on the engine's machine.",
            )

    @staticmethod
    def _close(server: Shell, target: str) -> None:
        status = server.status(target)
        if status is not None and status.mode != _MODE:
            server.set_owner(target, status.owner, status.group, _MODE)


class WriteRecord(BackupStep):
    """What was found in the archive lies beside it, and the folder's checksums name both."""

    name = "server.record"
    title = "Write the record and the checksums beside it"
    reason = "Whoever needs it one day sees what is in it, and that it is whole: sha256sum -c."

    def commands(self) -> Sequence[str]:
        """The same by hand."""
        file, folder = self.job.file, self.job.server.folder
        return (
            f"rekindle inspect {file} --json > {folder}/{file}{RECORD}",
            f"cd {folder} && sha256sum {file} {file}{RECORD} {file}{LOG} >> {SUMS}",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where the record is there and the list has every file as it is on the server."""
        server, wanted = self.on_server(context), self._sums(context)
        listed = read_sums(self._list(server))
        for name, digest in wanted.items():
            path = self._path(name)
            if server.status(path) is None:
                return not_done(f"{path} is not on {server.where} yet")
            if listed.get(name) != digest:
                return not_done(f"{SUMS} on {server.where} does not list {name} as it is")
            if name.endswith(RECORD) and sha256_at(server, path) != digest:
                return not_done(f"{path} on {server.where} is another file")
        return done(f"{', '.join(wanted)} are listed in {self._path(SUMS)}")

    def apply(self, context: StepContext) -> None:
        """The record first, the list last: what is listed is complete."""
        server = self.on_server(context)
        server.write(self._path(self.job.file + RECORD), self._record(context), mode=_MODE)
        sums = self._sums(context)
        change_sums(server, self.job.server.folder, lambda text: with_sums(text, sums))

    def undo(self, context: StepContext) -> None:
        """Out of the list, then the record itself."""
        server = self.on_server(context)
        file = self.job.file
        names = (file, file + RECORD, file + LOG)
        change_sums(server, self.job.server.folder, lambda text: without_sums(text, names))
        server.remove(self._path(self.job.file + RECORD))

    def _path(self, name: str) -> str:
        return f"{self.job.server.folder.rstrip('/')}/{name}"

    def _list(self, server: Shell) -> str:
        return read_text(server, self._path(SUMS))

    def _record(self, context: StepContext) -> bytes:
        return kept_record(context).read_bytes()

    def _sums(self, context: StepContext) -> dict[str, str]:
        archive = brought_here(context, self.job)
        found = {self.job.file: digest_of(context, archive)}
        found[self.job.file + RECORD] = hashlib.sha256(self._record(context)).hexdigest()
        log = archive.with_name(archive.name + LOG)
        if log.exists():
            found[log.name] = digest_of(context, log)
        return found


def digest_of(context: StepContext, path: Path) -> str:
    """SHA-256 of the run's own copy: of the archive, as it was when it was looked into."""
    summary = looked_into(context)
    return summary.sha256 if path.name == summary.file else sha256_at(LocalShell(HERE), str(path))


def read_text(shell: Shell, path: str) -> str:
    """A small text; empty where there is no such file."""
    if shell.status(path) is None:
        return ""
    return shell.read(path, limit=MOST).decode("utf-8", "replace")
