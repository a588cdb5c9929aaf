"""The entry of the engine's old machine, where it stays behind as a dead one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from config.questions import Choice
from steps.hosted_engine.leftovers import CONFIGURATION
from steps.hosted_engine.recovery.engine_step import API, RecoveryStep, named
from steps.procedure import Prompt, PutOff, StepContext, Verdict, done, not_done
from steps.targets.engine import Engine
from steps.targets.engine_facts import Machine

REMOVE: Final = "remove"
LEAVE: Final = "leave"
_VMID: Final = re.compile(r"^vmid=(\S+)\s*$", re.MULTILINE)


class RemoveDeadEngine(RecoveryStep):
    """Never the machine that the engine runs in: that one is up, or has the id of the host's
    own configuration.
    """

    name = "engine-machine.dead"
    title = "Remove the entry of the engine's old machine, if it is dead"
    reason = (
        "A restored engine may show its old machine as Down beside, or instead of, the new one. The"
        " guide has that entry removed once the new one runs."
    )
    irreversible = True

    @property
    def optional(self) -> bool:
        """The engine works with a dead entry."""
        return True

    def commands(self) -> Sequence[str]:
        """The look, and the engine's call; disks stay."""
        return (f"GET {API}/vms?search=origin", f"DELETE {API}/vms/ID;detach_only=true")

    def verify(self, context: StepContext) -> Verdict:
        """Done where no engine machine is down that is not the one in use."""
        dead = self._dead(context, self.engine(context))
        return not_done(f"dead: {named(dead)}") if dead else done("there is no dead entry")

    def apply(self, context: StepContext) -> None:
        """Ask about each, and remove it."""
        engine = self.engine(context)
        for machine in self._dead(context, engine):
            if context.ask(self._prompt(machine)) != REMOVE:
                raise PutOff(f"{machine.name} ({machine.id}) was left in the engine.")
            engine.remove_machine(machine.id)
        self.tell_events(context)

    def _prompt(self, machine: Machine) -> Prompt:
        return Prompt(
            f"dead-engine.{machine.id}",
            f"Remove the dead entry {machine.name} from the engine?",
            (
                Choice(REMOVE, "Remove it", "its disks are detached, not deleted"),
                Choice(LEAVE, "Leave it"),
            ),
            LEAVE,
            f"{machine.id} is {machine.status}. The engine runs in another machine.",
        )

    def _dead(self, context: StepContext, engine: Engine) -> list[Machine]:
        machines = [machine for machine in engine.machines() if machine.is_engine]
        down = [machine for machine in machines if machine.status == "down"]
        in_use = self._in_use(context) if down else ""
        another_runs = any(machine.status == "up" for machine in machines)
        return [
            machine
            for machine in down
            if (machine.id.lower() != in_use if in_use else another_runs)
        ]

    def _in_use(self, context: StepContext) -> str:
        """The id in the host's own configuration; empty where it does not tell."""
        look = self.shell(context).run(["cat", CONFIGURATION[0]], check=False)
        found = _VMID.search(look.out)
        return found[1].lower() if found else ""
