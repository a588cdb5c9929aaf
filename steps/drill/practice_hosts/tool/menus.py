"""The two waiting menus of the guide's days: their numbers moved between builds, their words not.

Reference, sections 2 and 3.4.
"""

from __future__ import annotations

from typing import Final

from steps.drill.practice_hosts.first_world import GUIDE
from steps.drill.practice_hosts.tool.dialects import Query
from steps.drill.practice_hosts.tool.session import Session

CONTINUE, RESTART, ABORT, DESTROY = "continue", "restart", "abort", "destroy"
LATER_ORDER: Final = "menu-order-1.3.1"
_ABORT: Final = "Abort setup"
_DESTROY: Final = "Destroy VM and abort setup"
_OLD: Final = (CONTINUE, RESTART, ABORT, DESTROY)
_LATER: Final = (CONTINUE, ABORT, RESTART, DESTROY)
OS_INSTALLED: Final = "OVEHOSTED_INSTALLING_OS"
ENGINE_INSTALLED: Final = "OVEHOSTED_ENGINE_UP"
FURTHER_FIXES: Final = "OVEHOSTED_ENGINE_FA"
_HEADS: Final = {
    OS_INSTALLED: "The VM has been started.  Install the OS and shut down or reboot it.  To"
    " continue please make a selection:\n\n",
    ENGINE_INSTALLED: "\nTo continue make a selection from the options below:\n",
}


def choose(session: Session, name: str) -> str:
    """Put the menu as this build prints it; returns what was chosen."""
    order = _order(session)
    words = _words(session, name)
    numbers = tuple(str(number) for number in range(1, len(order) + 1))
    lines = "\n".join(f"  ({n}) {words[action]}" for n, action in zip(numbers, order, strict=True))
    note = f"{_HEADS[name]}{lines}\n\n  (@VALUES@)[@DEFAULT@]: "
    answer = session.ask(Query(name, note, "1", numbers))
    return order[int(answer) - 1]


def choose_after_failure(session: Session) -> str:
    """The menu after an engine that did not take the host: CONTINUE or ABORT."""
    note = (
        "\nTo continue make a selection from the options below:\n"
        f"  (1) Continue setup - further fixes were made\n  (2) {_ABORT}\n\n"
        "  (@VALUES@)[@DEFAULT@]: "
    )
    answer = session.ask(Query(FURTHER_FIXES, note, "1", ("1", "2")))
    return CONTINUE if answer == "1" else ABORT


def _order(session: Session) -> tuple[str, ...]:
    later = session.host["build"] not in (GUIDE, "1.3.0") or session.world.fault(LATER_ORDER)
    return _LATER if later else _OLD


def _words(session: Session, name: str) -> dict[str, str]:
    guide = session.host["build"] == GUIDE and name == OS_INSTALLED
    done = "VM installation" if name == OS_INSTALLED else "engine installation"
    return {
        CONTINUE: f"Continue setup - {done} is complete",
        RESTART: "Reboot the VM and restart installation" if guide
        else "Power off and restart the VM",
        ABORT: _ABORT,
        DESTROY: _DESTROY,
    }  # fmt: skip
