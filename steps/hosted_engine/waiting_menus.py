"""The classic flow's waiting menus as questions of ours: by action, with the engine's health."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from config.questions import Choice
from steps.hosted_engine.dialog.attention import Console
from steps.hosted_engine.dialog.events import Asked
from steps.hosted_engine.dialog.menus import Action
from steps.hosted_engine.dialog.prompt_text import Option
from steps.hosted_engine.engine_health import Health, look_at_engine
from steps.hosted_engine.operator_questions import prompt_name
from steps.procedure import Prompt, StepContext
from steps.targets.shell import Shell

LOOK: Final = "look"
WAIT: Final = "wait"
POLL_SECONDS: Final = 10.0
_NOTES: Final = {
    Action.RESTART: "the engine machine is started anew, and this is asked again",
    Action.ABORT: "the deployment ends here; the engine machine is left as it is",
    Action.DESTROY: "the engine machine is destroyed and the deployment ends",
}


@dataclass(frozen=True, slots=True)
class WaitingMenus:
    """Puts a waiting menu to the operator and returns the option that was chosen."""

    context: StepContext
    shell: Shell
    fqdn: str

    def choose(
        self, asked: Asked, menu: dict[Action, Option], console: Console, password: str
    ) -> Option:
        """Ask until an action is chosen. The password is shown and never written down."""
        needs_engine = is_engine_menu(menu)
        reply = ""
        for round_number in range(1, 100_000):
            health = look_at_engine(self.shell, self.fqdn) if needs_engine else None
            if reply == WAIT and health is not None and health.up is not False:
                return menu[Action.CONTINUE]
            if reply != WAIT:
                reply = self._ask(asked, menu, console, password, health, round_number)
            if reply not in (LOOK, WAIT):
                return menu[Action(reply)]
            if reply == WAIT:
                self._pause(health)
        return menu[Action.ABORT]

    def continue_when_up(self, menu: dict[Action, Option], seconds: float) -> Option | None:
        """To continue, once the engine is up; None where it is not within `seconds`, or where that
        cannot be looked at."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            health = look_at_engine(self.shell, self.fqdn)
            if health.up is not False:
                return menu[Action.CONTINUE] if health.up else None
            self._pause(health)
        return None

    def _ask(
        self,
        asked: Asked,
        menu: dict[Action, Option],
        console: Console,
        password: str,
        health: Health | None,
        round_number: int,
    ) -> str:
        name = prompt_name(asked).replace("tool.", "menu.", 1)
        return self.context.ask(
            Prompt(
                name=name if round_number == 1 else f"{name}.{round_number}",
                text=_heading(asked, menu[Action.CONTINUE]),
                choices=tuple(_choices(menu, health)),
                default=_default(health),
                detail=_detail(console, health),
                private=f"Temporary console password: {password}" if password else "",
            )
        )

    def _pause(self, health: Health | None) -> None:
        if health is not None:
            self.context.log(f"waiting for the engine: {health.seen}")
        until = time.monotonic() + POLL_SECONDS
        while time.monotonic() < until:
            self.context.checkpoint()
            time.sleep(min(0.2, POLL_SECONDS))


def is_engine_menu(menu: dict[Action, Option]) -> bool:
    """Whether to continue means that the engine is installed and up."""
    return bool(menu) and "engine" in menu[Action.CONTINUE].text.casefold()


def _heading(asked: Asked, first: Option) -> str:
    lines = [line.strip() for line in asked.text.splitlines() if line.strip()]
    head = [line for line in lines if not line.startswith(("(", "["))]
    return head[0] if head else first.text


def _choices(menu: dict[Action, Option], health: Health | None) -> list[Choice]:
    choices = []
    for action in (Action.CONTINUE, Action.RESTART, Action.ABORT, Action.DESTROY):
        if action in menu:
            refused = ""
            note = _NOTES.get(action, "")
            if action is Action.CONTINUE and health is not None:
                refused = f"not yet: {health.seen}" if health.up is False else ""
                note = f"ready: {health.seen}" if health.up else health.seen
            choices.append(Choice(action.value, menu[action].text, note, refused))
    if health is not None:
        choices.append(Choice(WAIT, "Wait until the engine is up, then continue"))
        choices.append(Choice(LOOK, "Look at the engine again now"))
    return choices


def _default(health: Health | None) -> str:
    return WAIT if health is not None and health.up is False else Action.CONTINUE.value


def _detail(console: Console, health: Health | None) -> str:
    lines = [f"Console: {command}" for command in console.commands]
    if console.commands:
        lines.append("A new console password: hosted-engine --add-console-password")
    if health is not None:
        lines.append(f"Engine: {health.seen}")
    return "\n".join(lines)
