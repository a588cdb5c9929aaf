"""What a step is given while it looks, works or takes back: the runner's StepContext."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from config.errors import Interrupted, InvalidInput, Refused
from config.questions import Given
from config.secrets import Secret
from steps.procedure import Prompt
from steps.run.events import Event
from steps.run.journal import MAX_TEXT
from steps.run.lanes import standing
from steps.run.session import RunSession
from steps.targets import Targets

PROGRESS_SECONDS: Final = 0.2
"""At most five progress events a second reach the journal."""


class RunContext:
    """One per step execution. With `deaf`, requests to abort do not interrupt it."""

    def __init__(self, session: RunSession, step: str, *, deaf: bool = False) -> None:
        self._session, self._step, self._deaf = session, step, deaf
        self._next_progress = 0.0
        self._reported = (-1, -1)

    @property
    def targets(self) -> Targets:
        """The targets of this run, opened when first used."""
        targets = self._session.targets(self._step)
        if targets is None:
            raise self._interrupted()
        return targets

    @property
    def given(self) -> Given:
        """The answers, with later changes."""
        return self._session.given

    @property
    def run_directory(self) -> Path:
        """The run's own folder."""
        return self._session.run.path

    def log(self, line: str) -> None:
        """One line for the step's log."""
        self._session.logs.write(self._step, line)

    def progress(self, done: int, total: int, unit: str = "B") -> None:
        """How far it is; at most five a second are written, and the last one."""
        now = time.monotonic()
        last = done == total and self._reported != (done, total)
        if now < self._next_progress and not last:
            return
        self._next_progress, self._reported = now + PROGRESS_SECONDS, (done, total)
        self._session.record(Event.PROGRESS, step=self._step, done=done, total=total, unit=unit)

    def ask(self, prompt: Prompt) -> str:
        """Ask the operator and wait."""
        reply = self._session.ask(self._step, prompt)
        if reply is None:
            raise self._interrupted()
        return reply.value

    def secret(self, name: str, title: str) -> Secret:
        """A secret of this run."""
        secret = self._session.secret(self._step, name, title)
        if secret is None:
            raise self._interrupted()
        return secret

    def remember(self, name: str, value: str) -> None:
        """Journal a fact, durably. Raises Refused for a secret, InvalidInput for a long text."""
        if self._session.redactor.holds_secret(value):
            raise Refused(f"The fact {name!r} holds a secret, and facts are written down.")
        if len(value) > MAX_TEXT:
            raise InvalidInput(f"The fact {name!r} is {len(value)} characters long.")
        if self._session.view.facts.get(name) != value:
            self._session.record(Event.FACT, name=name, value=value)

    def recall(self, name: str) -> str | None:
        """A fact remembered in this run."""
        return self._session.view.facts.get(name)

    def lanes(self) -> Mapping[str, str]:
        """How every lane of the plan stands: done, failed, left-out or waiting."""
        return standing(self._session.view.lanes)

    def conceal(self, text: str) -> None:
        """Scrub this text from everything this run writes."""
        self._session.redactor.register(text)

    def checkpoint(self) -> None:
        """Raise Interrupted where the operator asked to abort."""
        if self._session.switches.abort_by and not self._deaf:
            raise self._interrupted()

    def _interrupted(self) -> Interrupted:
        return Interrupted(f"Aborted by {self._session.switches.abort_by}.")
