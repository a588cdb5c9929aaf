"""How a deployment ended, gathered from its lines: which stage failed, why, what was changed."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from steps.hosted_engine.dialog.ansible_errors import unwrap
from steps.hosted_engine.dialog.events import Event, Level, Log, Note
from steps.hosted_engine.dialog.phases import task_in

SUCCESS: Final = ("Hosted Engine successfully deployed", "Hosted Engine successfully set up")
_FAILED: Final = "Hosted Engine deployment failed"
_STAGE: Final = re.compile(r"^Failed to execute stage '([^']{1,200})': (.*)$", re.DOTALL)
_LOG_FILE: Final = re.compile(r"^(?:Log file|Log file is located at):? (/\S{1,1000})")
_VERSION: Final = re.compile(r"^Version: otopi-(\S{1,100})")
_KEPT: Final = 10

TIMED_OUT: Final = "Timed out while waiting for host to start"
"""The engine did not take the host in within ten minutes: expected in the guide's restore."""
_NOT_ADDED: Final = re.compile(r"^Unable to add (.{1,200}) to the manager")


@dataclass(slots=True)
class Ending:
    """Fed with every event; tells at the end what happened.

    `failed_early` and `failed_late` are the tool's two endings: the first says that nothing was
    changed. Versions before 2.1 have but one, or none, and then the stage tells.
    """

    succeeded: bool = False
    failed_early: bool = False
    failed_late: bool = False
    failed_stage: str = ""
    reason: str = ""
    log_file: str = ""
    otopi: str = ""
    timed_out: bool = False
    not_added: str = ""
    task: str = ""
    """The ansible task it is in: its errors alone seldom tell what was tried."""
    troubles: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """The last warnings and errors, unwrapped."""

    def feed(self, event: Event) -> None:
        """Take an event in."""
        if isinstance(event, Log | Note):
            self._line(event.text)
        if isinstance(event, Log) and event.level is not Level.INFO:
            unwrapped = unwrap(event.text)
            where = f"Task {self.task!r}: " if unwrapped and self.task else ""
            told = where + (unwrapped.message if unwrapped else event.text)
            self.troubles.append(told[:2000])

    def changed(self, *, changing: bool) -> bool:
        """Whether the host was changed: by the tool's own words, else by the stage reached."""
        if self.failed_late:
            return True
        return False if self.failed_early else changing

    @property
    def summary(self) -> str:
        """What failed, in one line."""
        if self.failed_stage:
            return f"It failed in the stage {self.failed_stage!r}: {self.reason}"
        return self.troubles[-1] if self.troubles else "It did not say why."

    def _line(self, text: str) -> None:
        self.task = task_in(text) or self.task
        if text.startswith(SUCCESS):
            self.succeeded = True
        elif text.strip() == _FAILED:
            self.failed_early = True
        elif text.startswith(_FAILED) and "re-deploy from scratch" in text:
            self.failed_late = True
        elif text.startswith(TIMED_OUT):
            self.timed_out = True
        elif stage := _STAGE.match(text):
            self.failed_stage, self.reason = stage[1], stage[2][:2000]
        elif log_file := _LOG_FILE.match(text):
            self.log_file = log_file[1]
        elif version := _VERSION.match(text):
            self.otopi = version[1]
        elif not_added := _NOT_ADDED.match(text):
            self.not_added = not_added[1]
