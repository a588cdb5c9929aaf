"""Following the classic tool in three parts, with other work between them.

It waits at a menu until the engine is installed in its machine, and once more until that machine is
shut down. Both waits last as long as they must; the tool is left waiting and found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.attempts import Attempt, current_attempt
from steps.hosted_engine.conversation import Conversation
from steps.hosted_engine.detached_tool import Standing, ToolState
from steps.hosted_engine.dialog.attention import Console, wants_shut_down
from steps.hosted_engine.dialog.events import Asked, Event
from steps.hosted_engine.dialog.menus import Action, menu_of
from steps.hosted_engine.dialog.prompt_text import Option
from steps.hosted_engine.step_tool import FollowTool, judge
from steps.hosted_engine.waiting_menus import WaitingMenus, is_engine_menu
from steps.procedure import StepContext, Verdict, done, not_done

MENU: Final = "engine-menu"
SHUT_DOWN: Final = "shut-down"
ENGINE_SECONDS: Final = 1800.0
"""How long the restored engine may take to come up once more before the operator is asked."""

_ANEW: Final = (
    "It cannot be started again in the middle. Stop this run, clean the host up, and restore anew:"
    " the archive is where it was."
)


@dataclass(slots=True)
class _At:
    """Stops at one place of the dialog."""

    place: str
    reached: bool = False

    def __call__(self, event: Event) -> bool:
        """Whether this is it."""
        if self.place == MENU:
            found = isinstance(event, Asked) and is_engine_menu(menu_of(event))
        else:
            found = wants_shut_down(event)
        self.reached = self.reached or found
        return found


class HoldAtMenu(FollowTool):
    """Up to the menu at which the tool waits for an engine; it is left waiting there."""

    name = "tool.hold"
    title = "Deploy up to the point where the engine is installed"
    reason = (
        "From its first answer on the tool changes host and storage. Then it waits: the engine is"
        " restored in the meantime, and the tool is continued afterwards."
    )

    def commands(self) -> Sequence[str]:
        """What an operator would do."""
        return (
            "answer its questions; install the machine's system and the engine's packages",
            "leave it at: (1) Continue setup - engine installation is complete",
        )

    def verify(self, context: StepContext) -> Verdict:
        """Done where it has come to that menu and is still there, or is over well."""
        attempt = current_attempt(self.job, context)
        if attempt is None or not attempt.held(MENU):
            return super().verify(context)
        ended = attempt.end()
        if ended is not None and not ended.succeeded:
            return not_done(f"it ended at its menu: {ended.summary}")
        if _has_died(attempt):
            return not_done("the tool that waited at its menu was killed, or its host went down")
        return done(f"the tool waits at its menu, in {attempt.folder}")

    def apply(self, context: StepContext) -> None:
        """Follow it there; raises StepFailed where it ends before."""
        attempt, conversation = self.attach(context)
        at = _At(MENU)
        state = self.follow(attempt, conversation, at)
        if at.reached and state.standing is Standing.RUNNING:
            attempt.hold(MENU)
            context.log("It waits at its menu; the engine is restored now.")
            return
        judge(attempt, conversation, state)
        raise StepFailed(
            "The tool ended without waiting for an engine.",
            "Nothing was restored. Look at its log.",
            seen="the tool's end",
            expected="its menu: engine installation is complete",
        )


class ContinueTool(FollowTool):
    """From that menu to the point where the tool waits for the engine's machine to shut down."""

    name = "tool.continue"
    title = "Continue the tool: the engine is installed"
    reason = (
        "The tool waits for this host to become operational, in vain, and says that it timed out:"
        " when an engine is restored that is expected and no failure."
    )

    def commands(self) -> Sequence[str]:
        """What an operator would type."""
        return ("1   (Continue setup - engine installation is complete)",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it waits for the shutdown, or is over well."""
        attempt = current_attempt(self.job, context)
        if attempt is not None and attempt.held(SHUT_DOWN) and not _has_died(attempt):
            return done("the tool waits until the engine's machine is shut down")
        return super().verify(context)

    def apply(self, context: StepContext) -> None:
        """Continue it once the engine is up; raises StepFailed where it is gone."""
        attempt, conversation = _still_there(self, context)
        if isinstance(conversation.menus, WaitingMenus):
            conversation.menus = _ContinueOnce(conversation.menus, attempt, conversation)
        at = _At(SHUT_DOWN)
        state = self.follow(attempt, conversation, at)
        if at.reached:
            attempt.hold(SHUT_DOWN)
            return
        _judge(attempt, conversation, state)


class FollowToEnd(FollowTool):
    """From the shutdown of the engine's machine to the tool's end."""

    title = "The tool sees the machine down and ends its work"
    reason = "It starts the high availability services, which start the engine's machine anew."

    def commands(self) -> Sequence[str]:
        """What an operator would do."""
        return ("watch it to its end",)

    def apply(self, context: StepContext) -> None:
        """Follow it; raises StepFailed where it is gone or does not end well."""
        attempt, conversation = _still_there(self, context)
        _judge(attempt, conversation, self.follow(attempt, conversation))


@dataclass(frozen=True, slots=True)
class _ContinueOnce:
    """Continues by itself the first time that the engine is waited for; then the operator says.

    Which time that was is remembered: a later runner is not to take the second for the first.
    """

    menus: WaitingMenus
    attempt: Attempt
    conversation: Conversation

    def choose(
        self, asked: Asked, menu: dict[Action, Option], console: Console, password: str
    ) -> Option:
        """To continue as soon as the engine is up, else what the operator says."""
        if is_engine_menu(menu) and self._is_first():
            option = self.menus.continue_when_up(menu, ENGINE_SECONDS)
            if option is not None:
                return option
        return self.menus.choose(asked, menu, console, password)

    def _is_first(self) -> bool:
        return self.attempt.first_menu(self.conversation.number) == self.conversation.number


def _has_died(attempt: Attempt) -> bool:
    """Whether it is over and nobody has heard of it: what was remembered of it holds no more."""
    if attempt.end() is not None:
        return False
    state = attempt.tool.state()
    return state.over and state.code != 0


def _judge(attempt: Attempt, conversation: Conversation, state: ToolState) -> None:
    """As at the end of any deployment; but here it cannot be tried once more."""
    try:
        judge(attempt, conversation, state)
    except StepFailed as failed:
        raise StepFailed(
            failed.message, _ANEW, seen=failed.seen, expected=failed.expected
        ) from failed


def _still_there(step: FollowTool, context: StepContext) -> tuple[Attempt, Conversation]:
    """The tool that was left waiting. Another start of it would want another machine restored."""
    attempt = current_attempt(step.job, context)
    ended = attempt.end() if attempt is not None else None
    if attempt is None or ended is not None:
        raise StepFailed(
            f"The tool is not there any more. {ended.summary if ended else ''}".strip(),
            _ANEW,
            seen="no tool that waits",
            expected="the tool of this run, waiting",
        )
    return step.attach(context)
