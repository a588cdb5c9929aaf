"""Targets and contexts that die before one of their effects: what crash tests enumerate with.

The effects are found by running once and counting; none is listed by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from steps.hosted_engine.detached_scripts import STATE
from tests.unit.restore_world import Killed

CHANGING = ("create", "commit", "rebase")
"""What qemu-img changes something with. Beside it `rm`, and what is started in a session of its
own, change something; everything else that is run only looks."""

EFFECTS = frozenset(
    {
        "write", "copy", "rename", "remove", "make_directory", "set_owner",
        "add", "modify", "transition", "delete",
        "shut_down", "destroy", "check_state_xml", "restore_paused", "start", "resume", "define",
        "undefine", "remember", "record",
        "save", "suspend", "snapshot", "pull", "commit", "pivot", "cancel_job", "begin_push",
        "cancel_push", "discard_copy", "stream", "run",
        "put", "maintain_host", "activate_host", "shut_down_machine", "start_machine",
    }
)  # fmt: skip


@dataclass
class Fate:
    """Counts effects, and kills before one of them."""

    kill_at: int = -1
    count: int = 0
    names: list[str] = field(default_factory=list)

    def strike(self, name: str, act: Callable[[], object]) -> object:
        number, self.count = self.count, self.count + 1
        self.names.append(name)
        if number == self.kill_at:
            raise Killed(name)
        return act()


class Deadly:
    """A target, or a context, each of whose effects may be the last."""

    def __init__(self, inner: object, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    def __getattr__(self, name: str):
        found = getattr(self._inner, name)
        if name == "marked":  # the same engine, with a mark
            return lambda mark: Deadly(found(mark), self._fate)
        if name not in EFFECTS:
            return found

        def act(*given, **named):
            if name == "run" and not _changes(given[0]):
                return found(*given, **named)
            return self._fate.strike(name, lambda: found(*given, **named))

        return act


def _changes(command) -> bool:
    script = " ".join(command[2:3])
    if script == STATE:  # a look at a tool: how many there are depends on how long it takes
        return False
    return command[1] in CHANGING or command[0] == "rm" or "setsid " in script or "mv -f " in script
