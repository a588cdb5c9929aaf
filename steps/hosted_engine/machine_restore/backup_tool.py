"""engine-backup at work: started once, detached, followed, and judged by all that it leaves."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.detached_tool import Channel, DetachedTool, Standing, ToolState
from steps.hosted_engine.machine_restore.facts import RESTORE_ATTEMPT
from steps.hosted_engine.steady import steadily
from steps.procedure import StepContext
from steps.targets.lines import LineSplitter, last_lines
from steps.targets.shell import Shell

POLL_SECONDS: Final = 0.5
START_SECONDS: Final = 30.0
MOST_OUTPUT: Final = 8 << 20
DONE: Final = "Done."
TOUCHES: Final = "Restoring:"
"""From this line on files are overwritten."""
_STAGE: Final = re.compile(r"^\s*- \S")


@dataclass(frozen=True, slots=True)
class BackupToolEnd:
    """How one start of it ended. `touched`: files of the machine were overwritten."""

    standing: Standing
    code: int | None
    last_line: str
    complaint: str
    touched: bool

    @property
    def succeeded(self) -> bool:
        """Exit code and last line; both are claims, the world is looked at besides."""
        return self.standing is Standing.ENDED and self.code == 0 and self.last_line == DONE

    @property
    def told(self) -> str:
        """On one line."""
        if self.standing is not Standing.ENDED:
            return "engine-backup was killed, or the machine went down: it left no exit code"
        said = self.complaint or f"its last line was {self.last_line!r}"
        return f"engine-backup ended with exit code {self.code}: {said}"


@dataclass(frozen=True, slots=True)
class BackupTool:
    """The starts of engine-backup in one run; the last one counts."""

    context: StepContext
    shell: Shell
    folder: str

    @property
    def number(self) -> int:
        """Of the last start; 0 before the first."""
        return int(self.context.recall(RESTORE_ATTEMPT) or 0)

    @property
    def tool(self) -> DetachedTool:
        """The last start."""
        return DetachedTool(self.shell, f"{self.folder}/engine-backup-{self.number}", Channel.PIPES)

    def state(self) -> ToolState:
        """Where the last start stands."""
        if not self.number:
            return ToolState(Standing.NONE)
        state = steadily(self.context, self.shell.where, self.tool.state)
        never_ran = state.standing in (Standing.STARTING, Standing.GONE)
        given_up = never_ran and self.context.recall(self._given_up)
        return ToolState(Standing.NONE) if given_up else state

    @property
    def runs(self) -> bool:
        """Whether it is at work."""
        return self.state().standing in (Standing.RUNNING, Standing.STARTING)

    @property
    def was_started(self) -> bool:
        """Whether the last start came to anything."""
        return self.state().standing is not Standing.NONE

    @property
    def _given_up(self) -> str:
        return f"restore.{self.number}.given-up"

    def start(self, command: tuple[str, ...]) -> None:
        """Start it; remembered before anything of it is done."""
        self.context.remember(RESTORE_ATTEMPT, str(self.number + 1))
        how = self.tool.start(command)
        self.context.log(f"started on {self.shell.where} in {self.tool.folder}, by {how}")

    def follow(self, stages: int) -> None:
        """Hear it to its end. `stages`: about how many it will tell of.

        Raises Interrupted where the operator aborts: it goes on without us.
        """
        heard, offset, began = _Heard(self.context, stages), 0, time.monotonic()
        lines = LineSplitter(heard.line)
        while True:
            self.context.checkpoint()
            state = self.state()
            while offset < state.size:
                data = self._steadily_said(offset)
                if not data:
                    break
                offset += len(data)
                lines.feed(data)
            if state.over:
                lines.flush()
                return
            late = time.monotonic() - began > START_SECONDS
            if state.standing is Standing.STARTING and late and self.tool.give_up():
                self.context.remember(self._given_up, "yes")
                raise StepFailed(f"engine-backup did not start on {self.shell.where}.", "Retry.")
            time.sleep(POLL_SECONDS)

    def end(self) -> BackupToolEnd:
        """How it ended, out of its folder."""
        state = self.state()
        said = self._all_said()
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        complaint = last_lines(self.tool.complaints(), 3) if self.number else ""
        return BackupToolEnd(
            state.standing, state.code, lines[-1] if lines else "", complaint, TOUCHES in lines
        )

    def remove(self) -> None:
        """Remove its folders."""
        for number in range(1, self.number + 1):
            folder = f"{self.folder}/engine-backup-{number}"
            DetachedTool(self.shell, folder, Channel.PIPES).remove()

    def _steadily_said(self, offset: int) -> bytes:
        said: Callable[[], bytes] = lambda: self.tool.said(offset)  # noqa: E731
        return steadily(self.context, self.shell.where, said)

    def _all_said(self) -> str:
        if self.shell.status(f"{self.tool.folder}/output") is None:
            return ""
        return self.tool.said(0, MOST_OUTPUT).decode("utf-8", "replace")


@dataclass(slots=True)
class _Heard:
    """Tells what it says, and how far it is."""

    context: StepContext
    stages: int
    _begun: int = field(default=0)

    def line(self, line: str) -> None:
        text = line.rstrip()
        if text:
            self.context.log(text)
        if _STAGE.match(text) or text.strip() in (TOUCHES, DONE):
            self._begun += 1
            self.context.progress(min(self._begun, self.stages), self.stages, "stages")
