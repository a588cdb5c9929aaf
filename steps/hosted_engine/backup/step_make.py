"""engine-backup on the engine's machine, detached from our connection, and judged by what is there.

A failed run leaves a file of no bytes, and its exit code and last line are claims: the archive is
looked into afterwards (step_inspect.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import Interrupted, StepFailed, Unreachable
from steps.hosted_engine.backup.job import ATTEMPT, NONE_YET, BackupJob, BackupStep, run_of
from steps.hosted_engine.detached_tool import Channel, DetachedTool, Standing, ToolState
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.engine_waiting import Patience, Sight, wait_until
from steps.targets.files import parent
from steps.targets.lines import LineSplitter, last_lines
from steps.targets.quoting import command_line
from steps.targets.shell import Shell

MAKE_SECONDS: Final = 6 * 3600.0
STOP_SECONDS: Final = 120.0
START_SECONDS: Final = 15.0
POLL_SECONDS: Final = 1.0
MOST_LOG: Final = 256 << 10
NOT_FOUND: Final = 127
DONE: Final = "Done."
_FULL: Final = ("No space left on device", "Low free space", "Disk quota exceeded")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of engine-backup by this run."""

    job: BackupJob
    run: str
    number: int
    shell: Shell

    @property
    def tool(self) -> DetachedTool:
        """It, in a folder of its own."""
        folder = f"{self.job.folder(self.run)}/tool-{self.number}"
        return DetachedTool(self.shell, folder, Channel.PIPES)

    @property
    def archive(self) -> str:
        """What it writes."""
        return self.job.archive(self.run)

    def problem(self) -> str:
        """What speaks against its archive; empty where nothing does that can be told from here."""
        state = self.tool.state()
        if state.standing is Standing.GONE:
            return "engine-backup was killed, or its machine went down: it left no exit code"
        if state.standing is not Standing.ENDED:
            return f"engine-backup is {state.standing.value}"
        if state.code != 0:
            return f"engine-backup ended with exit code {state.code}"
        status = self.shell.status(self.archive)
        if status is None:
            return f"engine-backup ended with exit code 0, and {self.archive} is not there"
        if status.size == 0:
            return f"{self.archive} has no bytes: that is what a failed backup leaves"
        last = last_line(self.tool, state)
        return "" if last == DONE else f"its last line is {last[:120]!r}, not {DONE!r}"


def last_line(tool: DetachedTool, state: ToolState) -> str:
    """The last line that it said."""
    tail = tool.said(max(0, state.size - 4096)).decode("utf-8", "replace")
    return last_lines(tail, 1).strip()


def current(job: BackupJob, context: StepContext) -> Attempt | None:
    """The last start of this run, or None."""
    number = int(context.recall(ATTEMPT) or NONE_YET)
    shell = context.targets.shell(job.machine.name)
    return Attempt(job, run_of(context), number, shell) if number else None


class MakeArchive(BackupStep):
    """engine-backup has written an archive."""

    name = "archive.make"
    title = "Back up the engine: engine-backup"
    reason = (
        "It runs on the engine's machine by itself: a lost connection loses nothing. The engine"
        " goes on serving meanwhile."
    )

    def commands(self) -> Sequence[str]:
        """engine-backup with its options."""
        return (command_line(self.job.command("RUN")),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it ended well and left a file that is not empty."""
        attempt = current(self.job, context)
        if attempt is None:
            return not_done("engine-backup was not started yet")
        problem = attempt.problem()
        if problem:
            return not_done(problem)
        status = attempt.shell.status(attempt.archive)
        assert status is not None
        return done(f"{attempt.archive}: {status.size} bytes, exit code 0, {DONE!r}")

    def apply(self, context: StepContext) -> None:
        """Start it, or follow the one that runs, to its end."""
        attempt = current(self.job, context)
        if attempt is None or not is_at_work(attempt, context):
            attempt = self._start(context)
        follow(attempt, context)
        problem = attempt.problem()
        if problem:
            raise _failure(attempt, context, problem)

    def undo(self, context: StepContext) -> None:
        """End it where it runs, and remove its archive; its log stays."""
        attempt = current(self.job, context)
        if attempt is None:
            return
        if is_at_work(attempt, context):
            stop(attempt)
        attempt.shell.run(["rm", "-rf", "--", self.job.folder(attempt.run)])
        context.remember(ATTEMPT, NONE_YET)

    def _start(self, context: StepContext) -> Attempt:
        number = int(context.recall("archive.started") or 0) + 1
        context.remember("archive.started", str(number))
        context.remember(ATTEMPT, str(number))
        attempt = Attempt(self.job, run_of(context), number, self.on_machine(context))
        shell = attempt.shell
        shell.make_directory(self.job.folder(attempt.run), mode=0o700)
        shell.make_directory(parent(self.job.log), mode=0o700)
        # What an earlier start has left is no backup.
        shell.remove(attempt.archive)
        attempt.tool.start(self.job.command(attempt.run))
        context.log(f"engine-backup started on {shell.where}; its log: {self.job.log}")
        return attempt


def is_at_work(attempt: Attempt, context: StepContext) -> bool:
    """Whether it runs. A start that was cut off and comes to nothing is given up for good."""
    if attempt.tool.state().standing is Standing.STARTING:
        context.log("engine-backup was being started when the run was interrupted")
        begun = Patience(START_SECONDS, checkpoint=context.checkpoint, every=POLL_SECONDS)
        try:
            wait_until("engine-backup has begun", lambda: _begun(attempt), begun)
        except StepFailed:
            if attempt.tool.give_up():
                return False
    return not attempt.tool.state().over


def _begun(attempt: Attempt) -> Sight:
    standing = attempt.tool.state().standing
    return Sight(standing is not Standing.STARTING, f"engine-backup is {standing.value}")


def follow(attempt: Attempt, context: StepContext) -> None:
    """Hear what it says until it ends; a connection that is lost meanwhile is opened again."""
    said = 0
    lines = LineSplitter(context.log)

    def look() -> Sight:
        nonlocal said
        state = attempt.tool.state()
        while said < state.size:
            heard = attempt.tool.said(said)
            lines.feed(heard)
            said += len(heard)
            if not heard:
                break
        return Sight(state.over, f"engine-backup is {state.standing.value}")

    try:
        wait_until(
            "engine-backup has ended", look,
            Patience(MAKE_SECONDS, lambda _seen: None, context.checkpoint, POLL_SECONDS),
        )  # fmt: skip
    except Interrupted as error:
        raise Interrupted(
            f"{error.message} engine-backup goes on without us on {attempt.shell.where}."
        ) from error
    lines.flush()


def stop(attempt: Attempt) -> None:
    """Ask it to end and wait; raises StepFailed where it does not. Never kills it."""
    attempt.tool.stop()
    wait_until(
        "engine-backup has ended",
        lambda: Sight(attempt.tool.state().over, "engine-backup still runs"),
        Patience(STOP_SECONDS, every=POLL_SECONDS),
    )


def _failure(attempt: Attempt, context: StepContext, problem: str) -> StepFailed:
    shell, job = attempt.shell, attempt.job
    complaints = attempt.tool.complaints().strip()
    log = _end_of_log(shell, job.log)
    for line in log.splitlines()[-40:]:
        context.log(f"log: {line}")
    said = last_lines(complaints, 3) or last_line(attempt.tool, attempt.tool.state())
    where = f"Its whole log: {job.log} on {shell.where}."
    if any(word in f"{complaints}\n{log}\n{said}" for word in _FULL):
        text = f"The disk of {shell.where} is full: {problem}."
        return StepFailed(f"{text} {said}", f"Free space there, then try again. {where}", seen=said)
    if attempt.tool.state().code == NOT_FOUND:
        return StepFailed(
            f"engine-backup is not installed on {shell.where}.",
            "Look whether that is the engine's machine (`engine: machine:` in the site file).",
        )
    return StepFailed(
        f"The backup failed: {problem}. {said}".strip(),
        f"Look what its log says, then try again. {where}",
        seen=problem,
        expected=f"exit code 0, {DONE!r} at the end, and an archive that is not empty",
    )


def _end_of_log(shell: Shell, path: str) -> str:
    try:
        status = shell.status(path)
        if status is None:
            return ""
        start = max(0, status.size - MOST_LOG)
        return shell.read(path, limit=MOST_LOG, offset=start).decode("utf-8", "replace")
    except Unreachable:
        return ""
