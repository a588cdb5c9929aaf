"""engine-backup --mode=restore: run once, judged by the world, never run again blindly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import Interrupted, StepFailed
from steps.hosted_engine.machine_restore.backup_tool import BackupTool
from steps.hosted_engine.machine_restore.facts import with_settings
from steps.hosted_engine.machine_restore.half_restored import HalfRestored
from steps.hosted_engine.machine_restore.job import MachineRestoreJob
from steps.hosted_engine.machine_restore.machine_step import (
    MachineStep,
    installed_version,
    run_name,
    told,
)
from steps.hosted_engine.machine_restore.restored_world import RestoredWorld, look_at_restored
from steps.hosted_engine.machine_restore.role_password import check_password
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.quoting import command_line
from steps.targets.shell import Shell

_STAGES: Final = 5
_FORGETS: Final = '"$@"; code=$?; rm -f -- "$0"/password-*; exit "$code"'
"""The tool, and its password files gone at its end, whatever has become of us by then."""


class BackupRestored(MachineStep):
    """Restore files and databases."""

    name = "restore.run"
    title = "Restore the backup: engine-backup --mode=restore"
    irreversible = True

    def __init__(self, job: MachineRestoreJob) -> None:
        super().__init__(job)
        flag = job.command(job.version, "RUN")
        what = (
            "overwrites the machine's files first and fills the databases then"
            if job.restores_files
            else "fills the database and leaves the machine's files as they are"
        )
        self.reason = (
            f"It {what}; it runs on by itself, whatever becomes of us. {flag.permissions}:"
            f" {flag.reason}."
        )

    def commands(self) -> Sequence[str]:
        """The command; passwords are in files that only root reads, gone afterwards."""
        made = self.job.command(self.job.version, "RUN")
        files = self.job.files("RUN").passfiles.values()
        return (*(f"install -m 0600 /dev/stdin {path}" for path in files),
                command_line(made.command), *(f"rm {path}" for path in files))  # fmt: skip

    def verify(self, context: StepContext) -> Verdict:
        """Done where the tool said so, the world agrees, and no password file is left."""
        shell = self.shell(context)
        tool = self._tool(context, shell)
        if tool.runs:
            return not_done(f"engine-backup runs, process {tool.state().pid}")
        world = look_at_restored(self.job, context, shell)
        missing = world.missing(self.job)
        left = self._left(context, shell)
        if left:
            return not_done(f"password files are still there: {told(left)}")
        if tool.was_started and not tool.end().succeeded:
            return not_done(f"{tool.end().told}; {world.told}")
        if not missing and tool.number:
            return done(world.told)
        if not missing:
            return not_done(f"not restored by this run: {world.told}")
        return not_done("nothing was restored yet" if world.nothing else told(missing))

    def apply(self, context: StepContext) -> None:
        """Start it or follow the one that runs; raises StepFailed where it did not end well."""
        shell = self.shell(context)
        tool = self._tool(context, shell)
        try:
            if not tool.runs and not self._is_restored(context, shell, tool):
                self._start(context, shell, tool)
            tool.follow(_STAGES + 2 * len(self.job.places))
        except Interrupted as error:
            raise Interrupted(
                f"{error.message} engine-backup goes on without us on {shell.where}."
            ) from error
        except StepFailed:
            if not tool.runs:
                self._remove_passwords(context, shell)
            raise
        self._remove_passwords(context, shell)
        self._judge(context, shell, tool)

    # -- starting ----------------------------------------------------------------------------

    def _is_restored(self, context: StepContext, shell: Shell, tool: BackupTool) -> bool:
        """Whether the last start ended well, and only tidying up after it is left."""
        if not tool.was_started or not tool.end().succeeded:
            return False
        return not look_at_restored(self.job, context, shell).missing(self.job)

    def _start(self, context: StepContext, shell: Shell, tool: BackupTool) -> None:
        world = look_at_restored(self.job, context, shell)
        if world.unseen and not world.files:
            raise _unseen(world)
        if not world.nothing:
            told_of_tool = tool.end().told if tool.was_started else ""
            HalfRestored(self.job, context, shell, world).settle(told_of_tool)
        job, run = with_settings(self.job, context, shell), run_name(context)
        made = job.command(installed_version(shell), run)
        context.log(f"{made.permissions}: {made.reason}")
        self._write_passwords(context, shell)
        context.log(command_line(made.command))
        tool.start(("/bin/sh", "-c", _FORGETS, self.folder(context), *made.command))

    # -- passwords ---------------------------------------------------------------------------

    def _write_passwords(self, context: StepContext, shell: Shell) -> None:
        shell.make_directory(self.folder(context), mode=0o700)
        files = self.job.files(run_name(context)).passfiles
        for place in self.job.manual_places:
            password = context.secret(place.secret, self.job.secrets[place.secret]).reveal()
            check_password(password)
            shell.write(files[place.scope], f"{password}\n".encode(), mode=0o600)

    def _left(self, context: StepContext, shell: Shell) -> list[str]:
        files = self.job.files(run_name(context)).passfiles.values()
        return [path for path in files if shell.status(path) is not None]

    def _remove_passwords(self, context: StepContext, shell: Shell) -> None:
        for path in self._left(context, shell):
            shell.remove(path)
        left = self._left(context, shell)
        if left:
            raise StepFailed(f"Password files are still on {shell.where}: {told(left)}.")

    # -- the end -----------------------------------------------------------------------------

    def _tool(self, context: StepContext, shell: Shell) -> BackupTool:
        return BackupTool(context, shell, self.folder(context))

    def _judge(self, context: StepContext, shell: Shell, tool: BackupTool) -> None:
        end, log = tool.end(), self.job.files(run_name(context)).log
        if not end.succeeded:
            after = self._afterwards(touched=end.touched)
            raise StepFailed(
                f"The restore failed. {end.told}.",
                f"{after} Its log: {log} on {shell.where}.",
                seen=end.told,
                expected="exit code 0 and the last line 'Done.'",
            )
        world = look_at_restored(self.job, context, shell)
        missing = world.missing(self.job)
        if missing:
            raise StepFailed(
                f"engine-backup says that it is done, but {told(missing)}.",
                f"Look at its log: {log} on {shell.where}.",
                seen=world.told,
                expected="all that the archive holds",
            )
        context.log(f"restored: {world.told}")

    def _afterwards(self, *, touched: bool) -> str:
        """What to do after a restore that failed."""
        if not touched:
            return "Nothing was overwritten: put right what it says, then retry."
        if not self.job.restores_files:
            return "The database may be filled in part: retry asks what becomes of it."
        return (
            "Files were overwritten already, so the machine is half restored: run"
            " `engine-cleanup` on it and empty the databases before you retry."
        )


def _unseen(world: RestoredWorld) -> StepFailed:
    """Databases that are named, on a machine where nothing was restored yet."""
    return StepFailed(
        f"What a database holds cannot be seen: {told(world.unseen)}",
        "engine-backup overwrites files before it finds that out. Nothing was started: put it"
        " right, then retry.",
        seen="a database that does not answer",
        expected="an empty database",
    )
