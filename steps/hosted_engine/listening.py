"""What is done with each thing the tool says: logged, counted, understood, acted upon."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from config.questions import Choice
from steps.hosted_engine.dialog.ansible_errors import unwrap
from steps.hosted_engine.dialog.attention import (
    LOCK_FILE,
    Console,
    console_password_in,
    engine_name_in,
    pause_in,
    wants_shut_down,
)
from steps.hosted_engine.dialog.endings import TIMED_OUT, Ending
from steps.hosted_engine.dialog.events import Asked, Display, Event, Level, Log, Note, Other
from steps.hosted_engine.dialog.phases import Phase, Progress
from steps.procedure import Prompt, StepContext
from steps.targets.shell import Shell

RESUME: Final = "resume"
LOOK: Final = "look"
ENGINE_NAME: Final = "engine.fqdn"
"""Fact: the engine's name, where only the backup knows it."""

_EXPECTED: Final = (
    "This time-out is expected when the engine is restored: the host that the backup knows holds"
    " the storage pool. What comes next: shut the engine machine down when the tool asks for it;"
    " it is then started as a highly available one. Afterwards activate the host in the"
    " Administration Portal."
)


@runtime_checkable
class Hearing(Protocol):
    """Who foresees answers from what the tool has said before it asks."""

    def hear(self, event: Event) -> None:
        """Take an event in."""


@dataclass(slots=True)
class Listener:
    """Hears every event of one attempt. `expect_time_out`: a classic deployment that restores."""

    context: StepContext
    shell: Shell
    progress: Progress
    expect_time_out: bool = False
    engine_page: str = ""
    kind: str = "deploy"
    also: Callable[[Event], None] | None = None
    """Who else hears everything, again too."""
    ending: Ending = field(default_factory=Ending)
    console: Console = field(default_factory=Console)
    password: str = ""
    since_answer: deque[str] = field(default_factory=lambda: deque(maxlen=10))

    def hear(self, event: Event, *, quiet: bool) -> None:
        """Take an event in. `quiet`: an earlier runner has told of it already."""
        self._look_for_console(event)
        if self.also is not None:
            self.also(event)
        self.ending.feed(event)
        phase = self.progress.feed(event)
        if isinstance(event, Log) and event.level is not Level.INFO:
            error = unwrap(event.text)
            self.since_answer.append((error.message if error else event.text)[:500])
        if not quiet:
            self._tell(event)
            if phase is not None:
                self._begin(phase)
            self.context.progress(*self.progress.done_and_total, "stages")
        name = engine_name_in(event)
        if name is not None:
            self.context.remember(ENGINE_NAME, name)
        lock = pause_in(event)
        if lock is not None:
            self._pause(lock)

    def answered(self) -> None:
        """An answer goes out: what is said from now on may be about it."""
        self.since_answer.clear()

    def _look_for_console(self, event: Event) -> None:
        text = event.text if isinstance(event, Log | Note | Other | Asked) else ""
        for line in text.splitlines():
            self.console.feed(line)
            password = console_password_in(line)
            if password is not None:
                # Before anything of it is logged.
                self.context.conceal(password)
                self.password = password

    def _tell(self, event: Event) -> None:
        match event:
            case Log(level, text):
                self._tell_log(level, text)
            case Note(text) | Other(text):
                if text.strip():
                    self.context.log(text)
            case Display(name, text):
                self.context.log(f"{name}: {text}")
            case Asked():
                self.context.log(f"asked {event.key}: {event.text}")
        if wants_shut_down(event):
            self.context.log("Shut the engine machine down now; the tool waits for that.")

    def _tell_log(self, level: Level, text: str) -> None:
        error = unwrap(text)
        if error is not None:
            self.context.log(f"{level}: {error.message} (on {error.host})")
            self.context.log(f"in full: {error.whole}")
            return
        self.context.log(f"{level}: {text}")
        if self.expect_time_out and text.startswith(TIMED_OUT):
            self.context.log(_EXPECTED)

    def _begin(self, phase: Phase) -> None:
        expected = f" (usually {phase.expected})" if phase.expected else ""
        self.context.log(f"-- {phase.title}{expected}")
        fact = f"{self.kind}.phases"
        times = json.loads(self.context.recall(fact) or "{}")
        times.setdefault(phase.name, round(time.time(), 1))
        self.context.remember(fact, json.dumps(times))

    def _pause(self, lock: str) -> None:
        """The role waits until its lock file is gone: ask, then remove it."""
        for round_number in range(1, 1000):
            found = self.shell.status(lock)
            if found is None:
                self.context.log(f"{lock} is gone: the deployment goes on.")
                return
            reply = self.context.ask(self._pause_prompt(lock, round_number))
            if reply == RESUME and LOCK_FILE.fullmatch(lock) and found.kind == "file":
                self.shell.remove(lock)

    def _pause_prompt(self, lock: str, round_number: int) -> Prompt:
        page = f"The engine is at {self.engine_page}\n" if self.engine_page else ""
        return Prompt(
            name="pause" if round_number == 1 else f"pause.{round_number}",
            text="The deployment pauses. Resume it?",
            choices=(
                Choice(RESUME, "Resume", f"removes {lock} on {self.shell.where}"),
                Choice(LOOK, "Look again", "somebody may have resumed it already"),
            ),
            default=RESUME,
            detail="".join(f"{line}\n" for line in list(self.since_answer)[-3:])
            + f"{page}Put right there what needs it: a host that is non operational, a restore"
            " that failed. The tool waits up to 24 hours, then it fails.",
        )
