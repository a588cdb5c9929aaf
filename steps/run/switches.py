"""What operators ask of a running run: stop, pause, go on, abort, and answers to its questions.

The control socket and signals set these from their own threads; the runner looks at them between
steps, at checkpoints and while it waits.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from config.errors import InvalidInput, Refused
from steps.run.view import OpenQuestion

MAX_ANSWER = 64 << 10


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and who gave it."""

    value: str
    by: str


class Switches:
    """Thread-safe; `by` is always the operator's name as it goes into the journal."""

    def __init__(self) -> None:
        # Re-entrant, because a signal handler runs in the thread that may hold it.
        self._changed = threading.Condition(threading.RLock())
        self._stop = self._pause = self._abort = self._gone_on = ""
        self._question: OpenQuestion | None = None
        self._private = ""
        self._reply: Reply | None = None

    @property
    def stop_by(self) -> str:
        """Who asked to stop after the step in hand; empty: nobody."""
        return self._stop

    @property
    def pause_by(self) -> str:
        """Who asked to pause before the next step; empty: nobody."""
        return self._pause

    @property
    def abort_by(self) -> str:
        """Who asked to abort at the next checkpoint; empty: nobody."""
        return self._abort

    @property
    def question(self) -> OpenQuestion | None:
        """The question that waits, or None."""
        return self._question

    @property
    def private(self) -> str:
        """What is shown with the open question and must not be written down; mostly empty."""
        return self._private

    def stop(self, by: str) -> None:
        """Stop after the step in hand."""
        self._set("_stop", by)

    def pause(self, by: str) -> None:
        """Pause before the next step."""
        self._set("_pause", by)

    def go_on(self, by: str) -> None:
        """Take back a pause, and a stop that has not happened yet."""
        with self._changed:
            self._pause = self._stop = ""
            self._gone_on = by
            self._changed.notify_all()

    def abort(self, by: str) -> None:
        """Interrupt the step in hand at its next checkpoint."""
        self._set("_abort", by)

    def answer(self, question: int, value: str, by: str) -> None:
        """Answer the open question; raises Refused or InvalidInput, and then nothing changed."""
        with self._changed:
            current = self._question
            if current is None or current.id != question or self._reply is not None:
                raise Refused("That question is not open any more: it was answered or withdrawn.")
            check_answer(current, value)
            self._reply = Reply(value, by)
            self._changed.notify_all()

    def put(self, question: OpenQuestion | None, private: str = "") -> None:
        """Open a question, or close the one that was open."""
        with self._changed:
            self._question, self._reply, self._private = question, None, private

    def wait_reply(self, *, stoppable: bool) -> Reply | None:
        """The reply to the open question; None where it was aborted (or stopped) instead."""
        with self._changed:
            while self._reply is None:
                if self._abort or (stoppable and self._stop):
                    return None
                self._changed.wait()
            return self._reply

    def wait_while_paused(self) -> str:
        """Wait until nobody wants a pause any more; returns who ended it."""
        with self._changed:
            while self._pause and not self._stop and not self._abort:
                self._changed.wait()
            self._pause = ""
            return self._abort or self._stop or self._gone_on

    def _set(self, name: str, by: str) -> None:
        with self._changed:
            setattr(self, name, by)
            self._changed.notify_all()


def check_answer(question: OpenQuestion, value: str) -> None:
    """Raise InvalidInput or Refused for what is no answer to this question."""
    if len(value) > MAX_ANSWER or "\0" in value:
        raise InvalidInput("That answer is too long or holds a NUL.", "Type a shorter one.")
    if not question.choices:
        return
    for choice in question.choices:
        if choice.value == value:
            if choice.refused:
                raise Refused(f"{choice.label!r} is not possible: {choice.refused}")
            return
    allowed = ", ".join(choice.value for choice in question.choices if not choice.refused)
    raise InvalidInput(f"{value!r} is not one of the answers.", f"Answer one of: {allowed}.")
