"""Watching and steering one run from a front end: the journal, the lock, the control socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from config.errors import Refused, Unreachable
from config.secrets import Secret
from steps.run.control_client import ControlClient, ControlStatus
from steps.run.directory import RunDirectory
from steps.run.journal import Follower, read_everything
from steps.run.view import OpenQuestion, RunView


@dataclass(slots=True)
class RunWatch:
    """What a front end knows of a run. Every method blocks a little: call them in the background.

    The view is only changed by `update`, so that one thread at a time folds the journal.
    """

    run: RunDirectory
    view: RunView = field(default_factory=RunView)
    status: ControlStatus | None = None
    alive: bool = False
    _follower: Follower = field(init=False, repr=False)
    _client: ControlClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._follower = Follower(self.run.journal_file)
        self._client = ControlClient(self.run)

    def update(self) -> bool:
        """Fold in what the journal has more; True where there was something."""
        before = self.view.last_seq
        for event in read_everything(self._follower):
            self.view.apply(event)
        return self.view.last_seq != before

    def look_around(self) -> None:
        """See whether a runner holds the run, and what is asked of it."""
        self.alive = self.run.holder() is not None
        self.status = None
        if self.alive:
            try:
                self.status = self._client.status()
            except Unreachable:
                # It is starting or ending: the next look tells.
                self.status = None

    @property
    def cut_off(self) -> bool:
        """Whether the run began, did not end, and nobody runs it."""
        return not self.alive and self.view.started is not None and self.view.outcome is None

    @property
    def private(self) -> str:
        """What belongs to the open question and stands in no journal."""
        question, status = self.view.question, self.status
        if question is None or status is None or status.question != question.id:
            return ""
        return status.private

    def steer(self, *, take: bool = False) -> str:
        """Take the wheel; returns who has it instead, or an empty text."""
        try:
            self._client.steer(take=take)
        except Refused as refused:
            return refused.message
        return ""

    def answer(self, question: OpenQuestion, value: str | Secret) -> None:
        """Answer a question; raises RekindleError where it is not taken."""
        self._client.answer(question.id, value)

    def toggle_pause(self) -> None:
        """Pause after the step in hand, or take a pause back."""
        wanted = self.status.pause_by if self.status else ""
        if self.view.paused or wanted:
            self._client.go_on()
        else:
            self._client.pause()

    def stop(self) -> None:
        """Stop after the step in hand."""
        self._client.stop()

    def abort(self) -> None:
        """End the step in hand at its next checkpoint."""
        self._client.abort()

    def close(self) -> None:
        """Let go of the wheel."""
        self._client.close()

    def standing(self) -> str:
        """What is asked of the run and who steers it, in a few words."""
        if self.view.outcome is not None:
            return f"finished: {self.view.outcome.value}"
        if self.cut_off:
            return "cut off: nobody runs it"
        words = [_asked(self.status, self.view)] if self.status else []
        if self.status and self.status.steered_by and not self.status.steering:
            words.append(f"watching; steered by {self.status.steered_by}")
        return "  ".join(word for word in words if word)


def _asked(status: ControlStatus, view: RunView) -> str:
    if status.abort_by:
        return f"abort asked by {status.abort_by}"
    if status.stop_by:
        return f"stops after this step (asked by {status.stop_by})"
    if view.paused:
        return "paused: space goes on"
    return f"pauses after this step (asked by {status.pause_by})" if status.pause_by else ""


Launch = Callable[[RunDirectory], None]
"""Starts a runner on a run that is there (again); raises RekindleError."""
