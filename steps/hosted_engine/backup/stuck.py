"""What an operator is asked where the failover host does not become empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.questions import Choice
from steps.procedure import Prompt, StepContext
from steps.targets.engine_facts import Machine

WAIT_ON: Final = "wait"
SHUT_DOWN: Final = "shut-down"
WITHOUT: Final = "without"
GIVE_UP: Final = "give-up"
FIRST_STUCK: Final = "failover.stuck.1"
"""The question of that name is the first of a run; each round has its own number."""
_MOST: Final = 8


def ask_about_stuck(
    context: StepContext, host: str, left: Sequence[Machine], round: int, refusal: str = ""
) -> tuple[str, Machine | None]:
    """The answer, and the machine that is to be shut down where it is that.

    The engine's own machine is never offered: shut down, it takes the engine away.
    """
    named = ", ".join(f"{machine.name} ({machine.status})" for machine in left) or "none"
    text = f"{host} does not become empty. Still on it: {named}."
    prompt = Prompt(
        f"{FIRST_STUCK[:-1]}{round}",
        f"{text} The engine says: {refusal}" if refusal else text,
        (
            Choice(WAIT_ON, "Wait on", "the engine tries again by itself"),
            *(
                Choice(
                    f"{SHUT_DOWN}:{machine.name}", f"Shut {machine.name} down",
                    "it is started again afterwards",
                )
                for machine in left[:_MOST]
                if not machine.is_engine
            ),
            Choice(
                WITHOUT, "Back up without maintenance",
                f"{host} goes into service again; a restore then needs new hardware",
            ),
            Choice(GIVE_UP, "Give up", f"{host} goes into service again, nothing is backed up"),
        ),
        WAIT_ON,
        "A machine that is pinned to its host, or that no other host has room for, never moves.",
    )  # fmt: skip
    answer, _, name = context.ask(prompt).partition(":")
    return answer, next((machine for machine in left if machine.name == name), None)
