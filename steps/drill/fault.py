"""What a fault of a drill is, whatever the system: it strikes for real, and may be mended."""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import InvalidInput, Refused
from config.questions import Value
from steps.drill.places import Places
from steps.drill.truth import Truth
from steps.run.directory import RunDirectory


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault strikes at; `run` once there is one. `truth` is of a practice machine."""

    places: Places
    truth: Truth | None = None
    run: RunDirectory | None = None

    @property
    def machine(self) -> Truth:
        """The practice machine's history; raises InvalidInput where the site has none."""
        if self.truth is None:
            raise InvalidInput(f"{self.places.folder} has no practice machine.")
        return self.truth


class Fault(ABC):
    """One thing that goes wrong. `strikes` is `before` the interview, at `launch`, or a step.

    `brought_back`: the sound outcome is that of a drill without a fault. `told_while_asked`: it is
    seen while the answers are checked, so that no run begins before it is put right. `answers` are
    what the scripted operator answers otherwise with this fault.
    """

    name: str
    title: str
    sound_outcome: str
    strikes: str
    needs_root: bool = False
    brought_back: bool = False
    told_while_asked: bool = False
    answers: Mapping[str, Value] = {}

    def before_build(self, places: Places) -> None:  # noqa: B027 - most faults need nothing
        """What must be there before the practice site is built."""

    @abstractmethod
    def strike(self, scene: Scene) -> None:
        """Make it go wrong."""


class Mendable(Fault):
    """A fault that the operator can put right; trying again then comes to the good end."""

    brought_back = True

    @abstractmethod
    def mend(self, scene: Scene) -> None:
        """Put it right, as the operator would after reading the message."""


class RunnerKilled(Fault):
    """The runner is killed while it carries out a step."""

    name = "runner-killed"
    title = "the runner is killed (SIGKILL)"
    sound_outcome = "resume finds out where it was and brings it to its end"
    brought_back = True

    def __init__(self, step: str) -> None:
        self.strikes = step

    def strike(self, scene: Scene) -> None:
        """Kill whoever holds the run."""
        holder = scene.run.holder() if scene.run else None
        if holder is not None:
            os.kill(holder.pid, signal.SIGKILL)


def check_account(fault: Fault) -> None:
    """Raise Refused where this account cannot play that fault."""
    if fault.needs_root and os.geteuid() != 0:
        raise Refused(
            f"The fault {fault.name} needs root.",
            "Run it as root, or choose another fault: rekindle drill --list.",
        )


def find_fault(name: str, faults: tuple[type[Fault], ...]) -> Fault:
    """The fault of that name (`runner-killed` may name a step: `runner-killed:STEP`)."""
    word, colon, argument = name.partition(":")
    for kind in faults:
        if word == kind.name and not colon:
            return kind()
        if word == kind.name and argument and _takes_argument(kind):
            return kind(argument)  # type: ignore[call-arg]
    known = ", ".join(kind.name for kind in faults)
    raise InvalidInput(f"There is no fault {name!r}.", f"There are: {known}.")


def _takes_argument(kind: type[Fault]) -> bool:
    return kind.__init__ is not object.__init__ and kind.__init__.__code__.co_argcount > 1
