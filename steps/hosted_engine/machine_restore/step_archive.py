"""The archive on its way to the machine: read through on the way, the same at both ends."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from config.errors import InvalidInput, Refused, StepFailed
from steps.hosted_engine.archive.archive_reader import read_archive
from steps.hosted_engine.machine_restore.databases import KINDS
from steps.hosted_engine.machine_restore.facts import (
    ARCHIVE_DATABASES,
    ARCHIVE_SHA256,
    ARCHIVE_UNPACKS,
    with_settings,
)
from steps.hosted_engine.machine_restore.machine_step import (
    MachineStep,
    installed_version,
    run_name,
    told,
)
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.local import LocalShell
from steps.targets.shell import Shell
from steps.targets.sizes import size_text

_SPOOL: Final = "archive-on-its-way"
_TIGHT, _LOOSE = 2, 10
"""How many times its size an archive may take unpacked: its members are packed themselves, but for
plain dumps without a compressor."""


class ArchiveBrought(MachineStep):
    """Copy the archive to the machine, through this host."""

    name = "archive.bring"
    title = "Bring the archive to the engine's machine"
    reason = (
        "It is read through on the way: a damaged copy is found before anything is overwritten."
        " SHA-256 is compared at every end. Passwords and the CA's key are in it: nobody else may"
        " read it."
    )
    removed_by = "machine.tidy"

    def commands(self) -> Sequence[str]:
        """How an operator would do it."""
        archive, machine = self.job.archive, self.job.machine
        source = f"{archive.server}:{archive.path}" if archive.server else archive.path
        target = self.job.files("RUN").archive
        return (
            f"scp -p {source} {machine.name}:{target}",
            f"sha256sum {archive.path}",
            f"ssh {machine.name} sha256sum {target}",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where the machine's copy has the checksum that was taken at its source."""
        wanted, path = context.recall(ARCHIVE_SHA256), self._target(context)
        if wanted is None:
            return not_done("the archive was not copied by this run yet")
        shell = self.shell(context)
        if shell.status(path) is None:
            return not_done(f"{path} is not on {shell.where}")
        there = shell.checksum(path, context.progress, sha256=True).sha256
        if there != wanted:
            return not_done(f"{path} on {shell.where} has the SHA-256 {there}, not {wanted}")
        return done(f"{path} on {shell.where}, SHA-256 {wanted}")

    def apply(self, context: StepContext) -> None:
        """Fetch it, read it through, hand it on. Raises Refused, StepFailed, Unreachable."""
        with self._fetched(context) as (local, digest):
            self._compare(digest)
            self._read_through(context, local)
            self._hand_on(context, local, digest)
        context.remember(ARCHIVE_SHA256, digest)

    def undo(self, context: StepContext) -> None:
        """Remove the machine's copy, and what was on its way to it."""
        here = LocalShell(), str(context.run_directory / _SPOOL)
        for shell, path in (here, (self.shell(context), self._target(context))):
            shell.discard_copy(path)
            shell.remove(path)
        self._remove_folder(context)

    def leaves(self, run: str, *, whole: bool) -> Sequence[str]:
        """The folder on the machine: the archive is in it, and password files for a while."""
        return left_there(self.job.machine.name, self.job.folder(run), "rm -rf", whole=whole)

    def _remove_folder(self, context: StepContext) -> None:
        """This run's own, unless somebody else has put something there."""
        shell, folder = self.shell(context), self.folder(context)
        if shell.status(folder) is not None:
            shell.run(["rmdir", "--ignore-fail-on-non-empty", "--", folder])

    def _target(self, context: StepContext) -> str:
        return self.job.files(run_name(context)).archive

    @contextmanager
    def _fetched(self, context: StepContext) -> Iterator[tuple[Path, str]]:
        """The archive as a file of this host, and its SHA-256; one that was fetched goes again."""
        archive = self.job.archive
        if not archive.server:
            found = LocalShell().checksum(archive.path, context.progress, sha256=True)
            yield Path(archive.path), str(found.sha256)
            return
        source, spool = context.targets.shell(archive.server), context.run_directory / _SPOOL
        self._refuse_full(source, spool)
        spool.unlink(missing_ok=True)
        try:
            yield spool, source.get(archive.path, str(spool), context.progress)
        finally:
            spool.unlink(missing_ok=True)

    def _refuse_full(self, source: Shell, spool: Path) -> None:
        path = self.job.archive.path
        found = source.status(path)
        if found is None:
            raise StepFailed(f"There is no {path} on {source.where}.", "Name the archive anew.")
        free = shutil.disk_usage(spool.parent).free
        if found.size > free:
            raise StepFailed(
                f"{spool.parent} has {size_text(free)} free; the archive passes through it and has"
                f" {size_text(found.size)}.",
                "Free that much here, or copy the archive to this host on another disk.",
            )

    def _compare(self, digest: str) -> None:
        wanted = self.job.archive.sha256
        if wanted and wanted != digest:
            raise Refused(
                f"{self.job.archive.path} has the SHA-256 {digest}; noted beside it was {wanted}.",
                "It is not the file that was backed up. Use another copy.",
            )

    def _read_through(self, context: StepContext, local: Path) -> None:
        """Raises Refused where the archive is damaged or not the one that was planned with."""
        context.log("reading the archive through")
        contents = read_archive(local, context.progress)
        problem = next((problem for problem in contents.problems if problem.blocks), None)
        if problem is not None:
            raise Refused(problem.message, problem.remedy)
        if (contents.version, contents.ordered_scopes) != (
            self.job.holds.version, self.job.holds.scopes,
        ):  # fmt: skip
            raise Refused(
                f"{self.job.archive.path} is not the archive that was looked at: it holds"
                f" {', '.join(contents.ordered_scopes)} of version {contents.version}.",
                "Somebody put another file in its place. Make a new plan with it.",
            )
        there = (contents.engine_files.place(kind.scope) for kind in KINDS)
        settings = {one.scope: (one.host, one.port, one.secured, one.user) for one in there}
        context.remember(ARCHIVE_DATABASES, json.dumps(settings))
        loose = contents.db_format == "plain" and contents.db_compressor in (None, "none")
        context.remember(ARCHIVE_UNPACKS, str(_LOOSE if loose else _TIGHT))

    def _hand_on(self, context: StepContext, local: Path, digest: str) -> None:
        shell, target = self.shell(context), self._target(context)
        shell.make_directory(os.path.dirname(target), mode=0o700)
        if shell.status(target) is not None:
            if shell.checksum(target, sha256=True).sha256 == digest:
                return
            shell.remove(target)  # ours, of an earlier try
        there = shell.put(str(local), target, context.progress)
        if there != digest:
            raise StepFailed(
                f"{target} on {shell.where} is not what was read here: SHA-256 {there}.",
                "Try again.",
                seen=there,
                expected=digest,
            )
        shell.run(["chmod", "0600", target])
        context.log(f"SHA-256 {digest} at both ends")


def left_there(where: str, path: str, command: str, *, whole: bool) -> tuple[str, ...]:
    """The line of the report about a copy of the archive."""
    copy = "A copy of the archive is" if whole else "A copy of the archive, or part of it, may be"
    return (
        f"{copy} on {where}, and with it passwords and the CA's key: {path}. The run removes it at"
        f" its end; where it shall not go on, that is done by: ssh {where} {command} {path}",
    )


class ArchiveFits(MachineStep):
    """What its own files say agrees with the choice, and there is room to unpack it."""

    name = "archive.fits"
    title = "Check the archive against the machine"
    reason = (
        "engine-backup unpacks into the temporary folder, and makes databases only for localhost,"
        " port 5432, unsecured: it would find out after it has overwritten files."
    )

    def commands(self) -> Sequence[str]:
        """The looks."""
        return ("rpm -q ovirt-engine", f"df {self.job.paths.temporary}")

    def verify(self, context: StepContext) -> Verdict:
        """Done where the restore's command stands and there is room."""
        try:
            problems = list(self._problems(context))
        except (Refused, InvalidInput) as error:
            problems = [error.message]
        return not_done(told(problems)) if problems else done("it fits")

    def apply(self, context: StepContext) -> None:
        """Raises Refused, InvalidInput or StepFailed with what does not fit."""
        problems = list(self._problems(context))
        if problems:
            raise StepFailed(told(problems), "Make room there, then look again.")

    def _problems(self, context: StepContext) -> Iterator[str]:
        shell, run = self.shell(context), run_name(context)
        with_settings(self.job, context, shell).command(installed_version(shell), run)
        found = shell.status(self.job.files(run).archive)
        size = (found.size if found else 0) * int(context.recall(ARCHIVE_UNPACKS) or _TIGHT)
        free = shell.free_space(self.job.paths.temporary)
        if size > free:
            yield (
                f"{self.job.paths.temporary} on {shell.where} has {size_text(free)} free; unpacked"
                f" the archive may take {size_text(size)}"
            )
