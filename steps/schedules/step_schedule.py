"""Steps that put a timer or a crontab line on a node, and take them away again."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from config.errors import StepFailed
from config.schedules import TIMER
from steps.procedure import Step, StepContext, Verdict, done, not_done, unknown
from steps.schedules.node_files import NodeFiles, content_sha
from steps.schedules.places import shell_at
from steps.targets.quoting import command_line
from steps.targets.shell import Shell

_MODE = 0o644
_BEFORE = "timer.before"
_UNREAD = "~"
"""The end of a name that neither systemd nor any cron reads: cronie, unlike Debian's cron, runs a
file of cron.d with a dot in its name."""


@dataclass(frozen=True, slots=True)
class NodeFile:
    """One file of a schedule: its text (None: it goes away), and by SHA-256 what it was."""

    node: str
    path: str
    text: str | None
    before: str

    @property
    def wanted(self) -> str:
        """The SHA-256 it shall have."""
        return "" if self.text is None else hashlib.sha256(self.text.encode()).hexdigest()


class PutFile(Step):
    """Write one file under a temporary name and rename it; what was there is kept beside it."""

    reason = "The version of before stays beside it under another name, which nobody reads."

    def __init__(self, file: NodeFile) -> None:
        self.file = file
        short = file.path.rpartition("/")[2]
        self.name = f"schedule.file.{short}"
        self.title = f"{'Take away' if file.text is None else 'Write'} {file.path}"

    def commands(self) -> Sequence[str]:
        """What would be typed on the node."""
        path = self.file.path
        keep = (
            (command_line(["cp", "-p", path, aside_of(path, "RUN")]),) if self.file.before else ()
        )
        if self.file.text is None:
            return (*keep, command_line(["rm", path]))
        return (
            *keep, command_line(["tee", path]) + " <<'END'", *self.file.text.splitlines(), "END",
        )  # fmt: skip

    def verify(self, context: StepContext) -> Verdict:
        """Done where the file holds exactly that text."""
        now = content_sha(self._shell(context), self.file.path)
        if now == self.file.wanted:
            return done(f"{self.file.path} {'is as it shall be' if now else 'is not there'}")
        if now == self.file.before:
            return not_done(f"{self.file.path} is as it was")
        return unknown(f"somebody else changed {self.file.path}")

    def apply(self, context: StepContext) -> None:
        """Keep the old one aside, then write or remove."""
        shell, path = self._shell(context), self.file.path
        if self.file.before:
            shell.write(self._aside(context), shell.read(path), mode=mode_of(shell, path))
        if self.file.text is None:
            shell.remove(path)
        else:
            shell.write(path, self.file.text.encode(), mode=_MODE)

    def undo(self, context: StepContext) -> None:
        """Put the file of before back; where there was none, there is none again."""
        shell, path, aside = self._shell(context), self.file.path, self._aside(context)
        if content_sha(shell, path) not in (self.file.wanted, self.file.before):
            raise StepFailed(
                f"Somebody else changed {path} on {self.file.node}.", "Look at it by hand."
            )
        if not self.file.before:
            shell.remove(path)
        elif shell.status(aside) is not None:
            shell.write(path, shell.read(aside), mode=mode_of(shell, aside))
            shell.remove(aside)
        elif content_sha(shell, path) != self.file.before:
            raise StepFailed(
                f"{aside} is not on {self.file.node} any more: {path} cannot be put back.",
                "Bring that file back, or write the line of before by hand.",
            )

    def _aside(self, context: StepContext) -> str:
        return aside_of(self.file.path, context.run_directory.name)

    def _shell(self, context: StepContext) -> Shell:
        return shell_at(context.targets, self.file.node)


def mode_of(shell: Shell, path: str) -> int:
    """The permission bits of a file; those of a new one where it is not there."""
    status = shell.status(path)
    return _MODE if status is None else status.mode


def aside_of(path: str, run: str) -> str:
    """Where the version of before stays."""
    return f"{path}.before-{run}{_UNREAD}"


class NoteTimer(Step):
    """Note whether the timer runs already. Undone last, it puts that back."""

    name = "schedule.note"
    title = "Note how the timer stands"
    reason = "Undo starts again what was running before."

    def __init__(self, node: str, unit: str) -> None:
        self.node, self.unit = node, unit

    def commands(self) -> Sequence[str]:
        """Only looking."""
        return (command_line(["systemctl", "is-enabled", self.unit]),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is noted."""
        noted = context.recall(_BEFORE)
        return done(f"it was {noted}") if noted else not_done("not noted yet")

    def apply(self, context: StepContext) -> None:
        """Note it."""
        standing = timer_standing(shell_at(context.targets, self.node), self.unit)
        context.remember(_BEFORE, "running" if standing == RUNNING else "not running")

    def undo(self, context: StepContext) -> None:
        """Let systemd read its files again, and start what was running."""
        shell = shell_at(context.targets, self.node)
        shell.run(["systemctl", "daemon-reload"])
        if context.recall(_BEFORE) == "running":
            shell.run(["systemctl", "enable", "--now", self.unit])
        context.remember(_BEFORE, "")


class SwitchTimer(Step):
    """What starting and stopping a timer have in common."""

    name = "schedule.timer"

    def __init__(self, node: str, unit: str) -> None:
        self.node, self.unit = node, unit

    @abstractmethod
    def words(self) -> tuple[list[str], ...]:
        """The commands."""

    @abstractmethod
    def is_so(self, standing: str) -> bool:
        """Whether that standing is what is wanted."""

    def commands(self) -> Sequence[str]:
        """As typed on the node."""
        return tuple(command_line(words) for words in self.words())

    def verify(self, context: StepContext) -> Verdict:
        """By what systemd says of the unit."""
        standing = timer_standing(shell_at(context.targets, self.node), self.unit)
        said = f"{self.unit}: {standing}"
        return done(said) if self.is_so(standing) else not_done(said)

    def apply(self, context: StepContext) -> None:
        """Do it."""
        for words in self.words():
            shell_at(context.targets, self.node).run(words)


class StartTimer(SwitchTimer):
    """Enable and start the timer, with its files as they are now."""

    title = "Start the timer"
    reason = "A unit file alone does nothing: systemd must have read it and be waiting for it."

    def words(self) -> tuple[list[str], ...]:
        """restart, not start: a timer that runs already would keep its old times."""
        return (
            ["systemctl", "daemon-reload"], ["systemctl", "enable", self.unit],
            ["systemctl", "restart", self.unit],
        )  # fmt: skip

    def is_so(self, standing: str) -> bool:
        """Enabled, waiting, and of today's files."""
        return standing == RUNNING

    def undo(self, context: StepContext) -> None:
        """Stop it; what ran before starts again once its files are back (NoteTimer)."""
        shell_at(context.targets, self.node).run(["systemctl", "disable", "--now", self.unit])


class StopTimer(SwitchTimer):
    """Disable and stop the timer. Taken back by NoteTimer, once its files are back."""

    title = "Stop the timer"
    reason = "A timer whose files go would run on until the next start of the node."

    def words(self) -> tuple[list[str], ...]:
        """Both at once."""
        return (["systemctl", "disable", "--now", self.unit],)

    def is_so(self, standing: str) -> bool:
        """Neither enabled nor waiting."""
        return standing.startswith("enabled no, active no")


RUNNING = "enabled yes, active yes, files read"


def timer_standing(shell: Shell, unit: str) -> str:
    """What systemd says of a unit, in words that can be compared."""
    enabled = shell.run(["systemctl", "is-enabled", unit], check=False).out.strip() == "enabled"
    active = shell.run(["systemctl", "is-active", unit], check=False).out.strip() == "active"
    stale = shell.run(["systemctl", "show", "-p", "NeedDaemonReload", unit], check=False).out
    return (
        f"enabled {'yes' if enabled else 'no'}, active {'yes' if active else 'no'},"
        f" files {'changed since they were read' if stale.strip().endswith('=yes') else 'read'}"
    )


def schedule_steps(node: NodeFiles, install: str, texts: Mapping[str, str]) -> Iterator[Step]:
    """The steps after which exactly `texts` of the schedule's files are there, by path.

    None where all is as it shall be; a timer is started again even then.
    """
    files = [NodeFile(node.name, path, texts.get(path), node.files[path]) for path in node.files]
    changed = [file for file in files if file.wanted != file.before]
    timer = next(file for file in files if file.path.endswith(".timer"))
    unit = timer.path.rpartition("/")[2]
    concerns_systemd = node.systemd and (timer.before or timer.wanted)
    if not changed and install != TIMER:
        return
    if concerns_systemd:
        yield NoteTimer(node.name, unit)
        if timer.text is None:
            yield StopTimer(node.name, unit)
    yield from (PutFile(file) for file in changed)
    if concerns_systemd and timer.text is not None:
        yield StartTimer(node.name, unit)
