"""Before a host is taken out of the engine: it can be entered, and nothing runs on it."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import StepFailed
from steps.hosted_engine.recovery.signs_of_life import running_machines
from steps.hosted_engine.rejoin.rejoin_step import RejoinStep
from steps.procedure import StepContext, Verdict, done, not_done


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
        entered = running_machines(self.shell(context))
        if entered is None:
            return not_done("it cannot be entered, or tells nothing of its machines")
        return not_done(entered.seen) if entered.machines else done(entered.seen)

    def apply(self, context: StepContext) -> None:
        """Raises StepFailed with what stands in the way, Unreachable where it does not answer."""
        shell = self.shell(context)
        shell.run(["true"], timeout=30)
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
