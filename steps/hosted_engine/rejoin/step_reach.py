"""Before a host is taken out of the engine: it can be entered, and nothing runs on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import StepFailed
from config.questions import Choice
from steps.hosted_engine.archive.newcomer import other_hardware
from steps.hosted_engine.probes.names import hardware_there
from steps.hosted_engine.recovery.signs_of_life import running_machines
from steps.hosted_engine.rejoin.rejoin_step import RejoinStep
from steps.procedure import Prompt, StepContext, Verdict, done, not_done
from steps.targets.shell import Shell

IT_IS: Final = "it-is"
STOP: Final = "stop"


class ReachHost(RejoinStep):
    """It answers over SSH, and no machine runs there."""

    kind = "reach"
    titled = "{name} can be entered, and runs nothing"
    reason = (
        "A host that cannot be entered could not be added again, and one on which machines still"
        " run must not lose its place in the engine: they would be started a second time."
    )

    def commands(self) -> Sequence[str]:
        """The look."""
        return (f"ssh root@{self.host.address} virsh -r list --name",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is, or where it has been taken out already."""
        engine = self.engine(context)
        if all(host.id != self.host.old.id for host in engine.hosts()):
            return done("it has been taken out of the engine already")
        shell = self.shell(context)
        entered = running_machines(shell)
        if entered is None:
            return not_done("it cannot be entered, or tells nothing of its machines")
        other = self._other(context, shell)
        if other:
            return not_done(f"{shell.where} may be another host: {other}")
        return not_done(entered.seen) if entered.machines else done(entered.seen)

    def apply(self, context: StepContext) -> None:
        """Raises StepFailed with what stands in the way, Unreachable where it does not answer."""
        shell = self.shell(context)
        shell.run(["true"], timeout=30)
        other = self._other(context, shell)
        if other:
            self._ask(context, shell, other)
        entered = running_machines(shell)
        if entered is None:
            raise StepFailed(
                f"{shell.where} does not tell which machines run on it: neither virsh nor ps.",
                "Look at it by hand.",
            )
        if entered.machines:
            raise StepFailed(
                f"{', '.join(entered.machines)} still runs on {shell.where}.",
                "Shut it down there, or reboot the host, then retry. Nothing was changed.",
                seen=entered.seen, expected="no machine runs there",
            )  # fmt: skip

    def _other(self, context: StepContext, shell: Shell) -> str:
        """Why the host that is entered may not be the one of the engine; empty where it is.

        One that is entered by mistake would be looked at instead of the one on which machines may
        run, and would lose its configuration.
        """
        old, there = self.host.old.hardware_uuid, hardware_there(shell)
        if not other_hardware(old, there) or context.recall(self._fact) == there:
            return ""
        return f"its hardware UUID is {there}, the engine's {self.host.name} has {old}"

    def _ask(self, context: StepContext, shell: Shell, other: str) -> None:
        there = hardware_there(shell)
        prompt = Prompt(
            f"other-hardware.{self.host.name}",
            f"Is {shell.where} the host that the engine calls {self.host.name}?",
            (
                Choice(IT_IS, "It is: its hardware was replaced"),
                Choice(STOP, "Stop: it is another host"),
            ),
            STOP,
            f"By its address it is, but {other}. On a host that is not the one that is meant the"
            " configuration would be taken away, and nobody would see what runs on the other.",
            seen=there,
        )
        if context.ask(prompt) != IT_IS:
            raise StepFailed(
                f"{shell.where} is not {self.host.name}: {other}.",
                "Correct the address of this host in the site file, then start anew. Nothing was"
                " changed.",
            )
        context.remember(self._fact, there)

    @property
    def _fact(self) -> str:
        return f"rejoin.hardware.{self.host.name}"
