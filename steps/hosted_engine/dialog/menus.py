"""What a menu's option does, told by its words and never by its number.

Between 1.3.0 and 1.3.1 "2" and "3" of both waiting menus swapped their meaning.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from steps.hosted_engine.dialog.events import Asked
from steps.hosted_engine.dialog.prompt_text import Option, options_in


class Action(StrEnum):
    """What an option of a waiting menu does."""

    CONTINUE = "continue"
    RESTART = "restart"
    ABORT = "abort"
    DESTROY = "destroy"


_WORDS: Final = (
    # The order decides: "Destroy VM and abort setup" aborts as well.
    (Action.DESTROY, ("destroy",)),
    (Action.ABORT, ("abort",)),
    (Action.RESTART, ("reboot", "power off", "restart")),
    (Action.CONTINUE, ("continue",)),
)


def action_of(option: Option) -> Action | None:
    """What this option does, or None where its words tell nothing known."""
    words = option.text.casefold()
    return next((action for action, signs in _WORDS if any(sign in words for sign in signs)), None)


def menu_of(asked: Asked) -> dict[Action, Option]:
    """The actions of a waiting menu; empty where this is no such menu.

    A menu in which two options seem to do the same, or one nothing known, is not taken for one.
    """
    options = options_in(asked.text)
    found = {action: option for option in options if (action := action_of(option)) is not None}
    is_menu = len(options) >= 2 and len(found) == len(options)
    return found if is_menu and Action.CONTINUE in found and Action.ABORT in found else {}
