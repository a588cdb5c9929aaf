"""Following a detached tool to its end: hearing it, answering it, telling how far it is.

What the tool has said lies in its folder on the host and is read again from the start by every
runner. The journal keeps, for each question, its number and the byte at which it stood complete:
with them a later runner hears the same questions, and the folder tells which were answered.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeVar

from config.errors import InvalidInput, StepFailed
from steps.hosted_engine.detached_tool import (
    Channel,
    DetachedTool,
    GivenAnswer,
    Standing,
    ToolState,
)
from steps.hosted_engine.dialog.answers import Answer, Fitted, KnownAnswers, fit
from steps.hosted_engine.dialog.attention import Console
from steps.hosted_engine.dialog.events import Asked, Event
from steps.hosted_engine.dialog.menus import Action, menu_of
from steps.hosted_engine.dialog.prompt_text import Option
from steps.hosted_engine.listening import Listener
from steps.hosted_engine.operator_questions import OperatorQuestions
from steps.hosted_engine.steady import steadily
from steps.procedure import StepContext

POLL_SECONDS: Final = (0.1, 1.0)
"""The shortest and the longest time between two looks at the tool."""
START_SECONDS: Final = 30.0
DELIVERY_SECONDS: Final = 20.0
_REFUSED: Final = (
    "The last answer was not sent: a password must be hidden while it is typed, anything else must"
    " not, and the tool's terminal did otherwise."
)

T = TypeVar("T")


class Dialog(Protocol):
    """A parser of one dialect."""

    recognised: bool

    @property
    def unsettled(self) -> bool:
        """Whether a question stands that only silence can complete."""

    @property
    def silence(self) -> float:
        """Seconds of silence that complete it."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""

    def settle(self) -> list[Event]:
        """The question that the tool waits at, if it does."""

    def sent(self, text: str) -> None:
        """What was sent as an answer."""


class Menus(Protocol):
    """Who chooses from a waiting menu."""

    def choose(
        self, asked: Asked, menu: dict[Action, Option], console: Console, password: str
    ) -> Option:
        """The option; the password is shown and never written down."""


Stop = Callable[[Event], bool]
"""Tells after each event whether the conversation has come far enough."""


def never(_event: Event) -> bool:
    """Go on to the tool's end."""
    return False


@dataclass(slots=True)
class Conversation:
    """One attempt's dialog, as far as this runner has heard it."""

    tool: DetachedTool
    dialog: Dialog
    known: KnownAnswers
    context: StepContext
    listener: Listener
    operator: OperatorQuestions
    menus: Menus
    attempt: str
    """What this attempt's facts are called after."""
    offset: int = 0
    number: int = 0
    """Questions heard so far."""
    _asked: Asked | None = None
    _last: Asked | None = None
    _remark: str = ""
    _answered: Counter[tuple[str, str]] = field(default_factory=Counter)
    _refused: int = 0
    _stopped: bool = False

    def follow(self, stop: Stop = never) -> ToolState:
        """Hear and answer until the tool is over, or until `stop` says so (nothing more is
        answered then). Returns where the tool stands.

        Raises Interrupted where the operator aborts: the tool goes on without us. Raises
        Unreachable where its host stays away.
        """
        self._hear_again()
        asked = self._asked
        # The question that an earlier runner stopped at is heard again, and stopped at again.
        self._stopped = asked is not None and not self._was_given() and stop(asked)
        quiet_since, wait, started = time.monotonic(), POLL_SECONDS[0], time.monotonic()
        while not self._stopped:
            self.context.checkpoint()
            state = self._steadily(self.tool.state)
            if state.size > self.offset:
                self._hear(state.size, stop)
                quiet_since, wait = time.monotonic(), POLL_SECONDS[0]
                continue
            if state.over:
                return state
            if state.refused > self._refused:
                self._refused = state.refused
                self._asked, self._remark = self._last, _REFUSED
            late = time.monotonic() - started > START_SECONDS
            if state.standing is Standing.STARTING and late and self.tool.give_up():
                return replace(state, standing=Standing.GONE)
            if self.dialog.unsettled and time.monotonic() - quiet_since > self.dialog.silence:
                self._take(self.dialog.settle(), stop)
            if self._asked is not None and not self._stopped:
                self._answer(self._asked)
                quiet_since, wait = time.monotonic(), POLL_SECONDS[0]
                continue
            time.sleep(wait)
            wait = min(wait * 1.3, POLL_SECONDS[1])
        return self._steadily(self.tool.state)

    # -- hearing -----------------------------------------------------------------------------

    def _hear_again(self) -> None:
        """What earlier runners heard, cut where they cut it, so that questions count alike."""
        while self.number < self._known_questions():
            facts = json.loads(self.context.recall(self._fact(self.number + 1)) or "{}")
            until, before = int(facts["offset"]), self.number
            while self.offset < until:
                self._note(self.dialog.feed(self._some(until)), quiet=True)
            self._note(self.dialog.settle(), quiet=True)
            if self.number == before:
                raise StepFailed(
                    f"What the tool said on {self.tool.shell.where} is not what was heard before.",
                    f"Look at {self.tool.folder}/output.",
                )
        self._refused = self._steadily(self.tool.state).refused

    def _known_questions(self) -> int:
        number = self.number
        while self.context.recall(self._fact(number + 1)) is not None:
            number += 1
        return number

    def _hear(self, size: int, stop: Stop) -> None:
        while self.offset < size and not self._stopped:
            self._take(self.dialog.feed(self._some(size)), stop)

    def _some(self, until: int) -> bytes:
        data = self._steadily(lambda: self.tool.said(self.offset, min(until - self.offset, 65536)))
        if not data:
            raise StepFailed(
                f"The end of {self.tool.folder}/output on {self.tool.shell.where} is gone.",
                "Somebody cut it: the dialog cannot be followed.",
            )
        self.offset += len(data)
        return data

    def _take(self, events: list[Event], stop: Stop) -> None:
        self._note(events, quiet=False)
        self._stopped = self._stopped or any(stop(event) for event in events)

    def _note(self, events: list[Event], *, quiet: bool) -> None:
        for event in events:
            self.listener.hear(event, quiet=quiet)
            if isinstance(event, Asked):
                self.number += 1
                self._asked = self._last = event
                if not quiet:
                    facts = {"asked": event.key, "offset": self.offset}
                    self.context.remember(self._fact(self.number), json.dumps(facts))
                elif self.number < self._known_questions():
                    self._count(event)

    def _fact(self, number: int) -> str:
        return f"dialog.{self.attempt}.question.{number}"

    # -- answering ---------------------------------------------------------------------------

    def _answer(self, asked: Asked) -> None:
        """Answer the question in hand, unless the folder says that it was answered already."""
        if not self._was_given():
            asked = self._with_echo(asked)
            fitted = self._find(asked, self._remark)
            self._deliver(fitted)
            self._count(asked)
        self._asked, self._remark = None, ""

    def _with_echo(self, asked: Asked) -> Asked:
        """In a terminal, whether the answer is hidden is seen and need not be guessed."""
        if asked.hidden is not None or self.tool.channel is not Channel.TERMINAL:
            return asked
        return replace(asked, hidden=self._steadily(self.tool.state).hidden)

    def _find(self, asked: Asked, remark: str) -> Fitted:
        menu = menu_of(asked)
        if menu:
            option = self.menus.choose(asked, menu, self.listener.console, self.listener.password)
            self.context.log(f"chosen: {option.text}")
            return fit(asked, Answer(option.number))
        if not remark and not self._asks_again(asked):
            known = _detached(asked) or self.known.answer(asked)
            if known is not None:
                try:
                    fitted = fit(asked, known)
                except InvalidInput as error:
                    remark = f"The prepared answer was not sent. {error.message} {error.remedy}"
                else:
                    self._say_answer(asked, fitted)
                    return fitted
        elif not remark:
            remark = "The tool asks this again: it did not take the answer."
            remark = "\n".join((remark, *self.listener.since_answer))
        fitted = self.operator.ask(asked, self.number, remark)
        self._say_answer(asked, fitted)
        return fitted

    def _say_answer(self, asked: Asked, fitted: Fitted) -> None:
        lines = fitted.text.splitlines() or [""]
        shown = "(hidden)" if fitted.secret else repr(lines[0]) + (" ..." if lines[1:] else "")
        self.context.log(f"answer to {asked.key}: {shown}")

    def _asks_again(self, asked: Asked) -> bool:
        """Whether this was answered and is asked once more.

        Without names two questions may end in the same words; only the whole text, or a complaint
        of the tool since the answer, tells that it is one.
        """
        if asked.name:
            return self._answered[asked.name, asked.last_line] > 0
        complained = bool(self.listener.since_answer)
        return self._answered["", asked.words] > 0 or (
            complained and self._answered["", asked.last_line] > 0
        )

    def _count(self, asked: Asked) -> None:
        words = {asked.last_line} if asked.name else {asked.last_line, asked.words}
        self._answered.update((asked.name, each) for each in words)

    def _was_given(self) -> bool:
        return self._steadily(lambda: self.tool.was_given(self.number))

    def _deliver(self, fitted: Fitted) -> None:
        """Give it, once, whatever becomes of the connection."""
        self.dialog.sent("" if fitted.secret else fitted.text)
        self.listener.answered()
        given = self._steadily(
            lambda: self.tool.give(self.number, fitted.text, secret=fitted.secret)
        )
        if given is GivenAnswer.UNSURE:
            self._resolve_unsure()

    def _resolve_unsure(self) -> None:
        """An answer was begun and nobody knows whether it arrived: what the tool says tells."""
        until = time.monotonic() + DELIVERY_SECONDS
        while time.monotonic() < until:
            state = self._steadily(self.tool.state)
            if state.size > self.offset or state.over:
                return
            self.context.checkpoint()
            time.sleep(POLL_SECONDS[1])
        raise StepFailed(
            f"Whether the answer to question {self.number} reached the tool on"
            f" {self.tool.shell.where} cannot be told; it is silent since.",
            "It may be at work: try again in a while. It is never answered twice.",
        )

    # -- a host that stays away --------------------------------------------------------------

    def _steadily(self, act: Callable[[], T]) -> T:
        """Do it, however often the connection is lost meanwhile."""
        return steadily(self.context, self.tool.shell.where, act)


def _detached(asked: Asked) -> Answer | None:
    """The tool's own advice to use screen or tmux: it runs detached already."""
    words = asked.words.casefold()
    if asked.name in ("SCREEN_PROCEED", "TMUX_PROCEED") or (
        not asked.name and "continue anyway" in words and ("tmux" in words or "screen" in words)
    ):
        return Answer("Yes")
    return None
