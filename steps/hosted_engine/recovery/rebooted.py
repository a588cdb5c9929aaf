"""The word that a host was rebooted: asked of the operator with what is seen, given to the engine.

It must be true. A host that still lives goes on writing to the disks of its machines, while they
are started elsewhere.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from config.errors import StepFailed
from config.questions import Choice
from steps.hosted_engine.recovery.engine_step import EngineStep, named
from steps.hosted_engine.recovery.recovery_job import BackupHost, Limits
from steps.hosted_engine.recovery.signs_of_life import SignsOfLife, signs_of_life
from steps.procedure import Prompt, StepContext
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host
from steps.targets.engine_waiting import host_seen
from steps.targets.shell import Shell

REBOOTED: Final = "rebooted"
LOOK: Final = "look"
LEAVE: Final = "leave"
OVERRIDE: Final = "override"
FRESH_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One host's. `shell` is of a host from which the other one is looked for; `inside` is its
    own, where it has one.
    """

    context: StepContext
    engine: Engine
    shell: Shell
    host: Host
    inside: Shell | None = None

    def give(self) -> bool:
        """Ask until there is an answer; True where the word was given to the engine.

        An answer file gives it only under this host's own name; never for a host that lives.
        """
        remark = ""
        for number in range(1, 1000):
            signs, looked_at = self._look(), time.monotonic()
            reply = self.context.ask(self._prompt(signs, number, remark))
            remark = ""
            if reply == LEAVE:
                return False
            if reply == OVERRIDE and not self._typed(signs, number):
                remark = "The name typed was another one: nothing was confirmed."
            elif reply == REBOOTED and self._lives_by_now(looked_at):
                remark = "It has come to life since it was asked: nothing was confirmed."
            elif reply != LOOK:
                self._confirm(signs, reply)
                return True
        raise StepFailed(f"{self.host.name}: asked a thousand times.", "Try again.")

    def _look(self) -> SignsOfLife:
        signs = signs_of_life(self.engine, self.shell, self.host, self.inside)
        self.context.log(f"{self.host.name}: {signs.seen}")
        return signs

    def _lives_by_now(self, looked_at: float) -> bool:
        """A question may stay open for hours: what was seen before it holds for a moment only."""
        return time.monotonic() - looked_at > FRESH_SECONDS and bool(self._look().doubts)

    def _confirm(self, signs: SignsOfLife, reply: str) -> None:
        if reply == OVERRIDE:
            self.context.log(
                f"The operator confirms against what is seen ({'; '.join(signs.doubts)}) that"
                f" {self.host.name} was rebooted."
            )
        self.engine.confirm_rebooted(self.host.id)

    def _typed(self, signs: SignsOfLife, number: int) -> bool:
        prompt = Prompt(
            _numbered(f"still-alive.{self.host.name}", number),
            f"Nothing shows that {self.host.name} was rebooted. Type its name to confirm all the"
            " same that it was, since the engine was lost.",
            detail="; ".join(signs.doubts),
            in_person=True,
        )
        return self.context.ask(prompt).strip() == self.host.name

    def _prompt(self, signs: SignsOfLife, number: int, remark: str) -> Prompt:
        name = self.host.name
        doubts = f"It does not look so: {'; '.join(signs.doubts)}." if signs.doubts else ""
        override = Choice(
            OVERRIDE, "It was rebooted all the same", "wants the host's name typed",
            refused="" if signs.doubts else "Nothing shows that it lives: the first answer is it.",
        )  # fmt: skip
        return Prompt(
            _numbered(f"rebooted.{name}", number),
            f"Confirm 'Host has been Rebooted' for {name}? It must be TRUE.",
            (
                Choice(REBOOTED, f"Yes: {name} is off, or was rebooted", refused=doubts),
                Choice(LOOK, "Look again"),
                Choice(LEAVE, "Leave it as it is for now"),
                override,
            ),
            LOOK if signs.doubts else LEAVE,
            self._detail(signs, remark),
        )

    def _detail(self, signs: SignsOfLife, remark: str) -> str:
        machines = self.engine.machines(self.host.id)
        held = f"The engine believes to run there: {named(machines)}." if machines else ""
        role = "It holds the role of Storage Pool Manager." if self.host.spm != "none" else ""
        lines = (
            remark,
            f"It does not look rebooted: {'; '.join(signs.doubts)}." if signs.doubts else "",
            "Its machines are then started elsewhere. If it still runs, both write to the same"
            " disks and destroy them: switch it off, or reboot it, before you say yes.",
            f"The engine says: {host_seen(self.host)}.",
            signs.seen,
            held,
            role,
        )
        return "\n".join(line for line in lines if line)


def _numbered(name: str, number: int) -> str:
    """The first may be answered in advance; whoever looks again is asked anew."""
    return name if number == 1 else f"{name}.{number}"


class LostHostStep(EngineStep):
    """A step about one host that the engine has lost, by its id.

    `kind` begins its name, `titled` is its title with the host's name left open.
    """

    kind: str
    titled: str

    def __init__(
        self,
        looked_from: str,
        host: BackupHost,
        limits: Limits,
        *,
        lane: str = "",
        inside: str = "",
    ) -> None:
        """`looked_from`: the host from which it is looked whether that one still lives.

        `inside`: its own name in the site, where it has a shell to look whether machines run.
        """
        self.looked_from, self.inside = looked_from, inside
        self.host, self.limits, self.lane = host, limits, lane
        self.name = f"{self.kind}.{host.name}"
        self.title = self.titled.format(name=host.name)

    def word_given(self, context: StepContext, engine: Engine, host: Host) -> bool:
        """Ask whether it was rebooted; True where that was confirmed to the engine."""
        shell = context.targets.shell(self.looked_from)
        inside = context.targets.shell(self.inside) if self.inside else None
        return Confirmation(context, engine, shell, host, inside).give()
