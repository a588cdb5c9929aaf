"""The engine must not power-fence hosts five minutes after it started with old knowledge.

DisableFenceAtStartupInSec is raised before engine-setup starts the engine, and put back at the end.
Fact: the reference, section 1, item 10.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.machine_restore.facts import FENCE_DELAY_BEFORE
from steps.hosted_engine.machine_restore.job import FENCE_DELAY
from steps.hosted_engine.machine_restore.machine_step import MachineStep
from steps.procedure import StepContext, Verdict, done, not_done, unknown
from steps.targets.shell import Shell

OPTION: Final = "DisableFenceAtStartupInSec"
_VALUE: Final = re.compile(rf"^{OPTION}: *(\d{{1,9}})\b", re.MULTILINE)
_SECONDS: Final = 180.0
"""engine-config starts a Java machine for each call."""


class FenceHeldOff(MachineStep):
    """Raise the delay, and remember what it was."""

    name = "setup.fence-delay"
    title = "Hold off the power fencing of hosts"
    reason = (
        "Five minutes after its start a restored engine may power off hosts that it only believes"
        " to be dead, with the machines that run on them. Raised before the engine starts; put"
        " back at the end."
    )

    @property
    def wanted(self) -> int:
        """Seconds."""
        return self.job.fence_delay or FENCE_DELAY

    def commands(self) -> Sequence[str]:
        """The look and the change."""
        return (f"engine-config -g {OPTION}", f"engine-config -s {OPTION}={self.wanted}")

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is raised."""
        now = delay_there(self.shell(context))
        if now is None:
            return unknown(f"engine-config does not say what {OPTION} is")
        told = f"{OPTION} is {now} s"
        return done(told) if now >= self.wanted else not_done(told)

    def apply(self, context: StepContext) -> None:
        """Raise it."""
        shell = self.shell(context)
        now = delay_there(shell)
        if now is None:
            raise StepFailed(
                f"engine-config on {shell.where} does not say what {OPTION} is.",
                f"Look there: engine-config -g {OPTION}. Without this step hosts may be fenced"
                " five minutes after the engine's start.",
            )
        if context.recall(FENCE_DELAY_BEFORE) is None:
            context.remember(FENCE_DELAY_BEFORE, str(now))
        set_delay(shell, self.wanted)

    def undo(self, context: StepContext) -> None:
        """Put it back."""
        before = context.recall(FENCE_DELAY_BEFORE)
        if before is not None:
            set_delay(self.shell(context), int(before))


class FencePutBack(MachineStep):
    """Put the delay back to what it was in the backup."""

    name = "setup.fence-delay-back"
    title = "Let the engine fence hosts as before"
    reason = (
        "With the raised delay a host that dies is not fenced for a day. By now the engine knows"
        " which hosts are there."
    )

    def commands(self) -> Sequence[str]:
        """The change; the engine reads it when it starts the next time."""
        return (f"engine-config -s {OPTION}=AS-BEFORE",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it is as it was."""
        before = context.recall(FENCE_DELAY_BEFORE)
        if before is None:
            return done(f"this run has not changed {OPTION}")
        now = delay_there(self.shell(context))
        if now is None:
            return unknown(f"engine-config does not say what {OPTION} is")
        told = f"{OPTION} is {now} s"
        return done(told) if now == int(before) else not_done(f"{told}; it was {before} s")

    def apply(self, context: StepContext) -> None:
        """Put it back."""
        before = context.recall(FENCE_DELAY_BEFORE)
        if before is not None:
            set_delay(self.shell(context), int(before))


def delay_there(shell: Shell) -> int | None:
    """Seconds, as engine-config says; None where it does not."""
    looked = shell.run(["engine-config", "-g", OPTION], timeout=_SECONDS, check=False)
    found = _VALUE.search(looked.out)
    return int(found[1]) if looked.code == 0 and found else None


def set_delay(shell: Shell, seconds: int) -> None:
    """Raises StepFailed where engine-config does not take it."""
    shell.run(["engine-config", "-s", f"{OPTION}={seconds}"], timeout=_SECONDS)
    now = delay_there(shell)
    if now != seconds:
        raise StepFailed(
            f"engine-config was told {OPTION}={seconds} and says {now}.",
            f"Look on {shell.where}: engine-config -g {OPTION}",
            seen=str(now),
            expected=str(seconds),
        )
