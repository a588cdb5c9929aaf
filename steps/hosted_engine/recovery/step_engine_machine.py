"""The engine's machine: shut down, started again by the hosts' own agents, well again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import RekindleError
from steps.hosted_engine.recovery.engine_step import RecoveryStep
from steps.hosted_engine.recovery.recovery_job import RecoveryJob
from steps.hosted_engine.recovery.services import AGENT, SERVICES, is_active
from steps.hosted_engine.step_prove import EngineAnswers, EngineStatusGood
from steps.procedure import StepContext, Verdict, done, not_done
from steps.targets.engine_waiting import Sight
from steps.targets.quoting import command_line
from steps.targets.shell import Shell

DOWN: Final = "recovery.machine-down"
_SHUT_DOWN: Final = ("shutdown", "-h", "now")
LOOK: Final = r"""
name=$1
if command -v virsh >/dev/null 2>&1 && listed=$(virsh -r list --name 2>/dev/null); then
  if printf '%s\n' "$listed" | grep -qx HostedEngine; then echo "libvirt up"
  else echo "libvirt down"; fi
  exit 0
fi
if [ -z "$name" ] || ! command -v ping >/dev/null 2>&1 || ! getent hosts "$name" >/dev/null
then echo "ping unseen"
elif ping -c1 -W2 "$name" >/dev/null 2>&1; then echo "ping up"
else echo "ping down"; fi
"""


class ShutDownEngineMachine(RecoveryStep):
    """Down, so that the agents can start it as a machine of their own."""

    name = "engine-machine.down"
    title = "Shut the engine's machine down"
    reason = (
        "The tool waits for that: the machine that it started by hand is then started, and watched,"
        " by the high availability services."
    )

    def commands(self) -> Sequence[str]:
        """In the machine, or from its host."""
        if self.job.machine:
            return (f"ssh root@{self.job.machine} {command_line(_SHUT_DOWN)}",)
        return (command_line([*self.job.deploy.host.command, "--vm-shutdown"]),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it was seen down in this run, or the agents have it already."""
        seen_down = context.recall(DOWN)
        if seen_down:
            return done(f"seen down in this run: {seen_down}")
        shell = self.shell(context)
        if is_active(shell, AGENT):
            return done("the high availability agent runs: it has been handed over already")
        sight = self._look(shell)
        if not sight.reached:
            return not_done(sight.seen)
        context.remember(DOWN, sight.seen)
        return done(sight.seen)

    def apply(self, context: StepContext) -> None:
        """Ask it to power off and wait; raises StepFailed where it does not."""
        shell = self.shell(context)
        if not self._in_the_machine(context):
            said = shell.run([*self.job.deploy.host.command, "--vm-shutdown"], timeout=180)
            context.log(f"{said.command}: exit code {said.code} {said.out.strip()[:200]}")
        seen = self.wait(
            context, "the engine's machine is down", lambda: self._gone(shell),
            self.limits.machine_down,
        )  # fmt: skip
        context.remember(DOWN, seen)

    def _in_the_machine(self, context: StepContext) -> bool:
        """Whether its own shell took the word; a connection that it cuts is no failure."""
        if not self.job.machine:
            return False
        try:
            context.targets.shell(self.job.machine).run(_SHUT_DOWN, timeout=60, check=False)
        except RekindleError as error:
            context.log(f"In the machine itself: {error.message} So its host is asked.")
            return False
        return True

    def _gone(self, shell: Shell) -> Sight:
        """Down now, or down before: the tool starts the agents once it has seen it down itself."""
        sight = self._look(shell)
        if not sight.reached and is_active(shell, AGENT):
            return Sight(True, "the high availability agent runs: the tool has seen it down")
        return sight

    def _look(self, shell: Shell) -> Sight:
        said = shell.run(["/bin/sh", "-c", LOOK, "sh", self.job.deploy.fqdn], timeout=30).out
        how, _, state = said.strip().partition(" ")
        if state not in ("up", "down"):
            told = f"neither virsh nor ping on {shell.where} tells of the engine's machine"
            return Sight(False, told)
        source = "libvirt" if how == "libvirt" else "a ping"
        return Sight(state == "down", f"the engine's machine is {state}, says {source}")


class HighAvailability(RecoveryStep):
    """Agent and broker run on the host."""

    name = "host.high-availability"
    title = "The high availability services run"
    reason = "They start the engine's machine, and start it again wherever it is lost."

    def commands(self) -> Sequence[str]:
        """How they are started."""
        return tuple(f"systemctl enable --now {service}" for service in SERVICES)

    def verify(self, context: StepContext) -> Verdict:
        """Done where systemd calls both active."""
        shell = self.shell(context)
        still = [service for service in SERVICES if not is_active(shell, service)]
        if still:
            return not_done(f"not active on {shell.where}: {', '.join(still)}")
        return done(f"active on {shell.where}: {', '.join(SERVICES)}")

    def apply(self, context: StepContext) -> None:
        """Start them, as the tool does at its end, and wait until they are active."""
        shell = self.shell(context)
        for service in SERVICES:
            if not is_active(shell, service):
                shell.run(["systemctl", "enable", "--now", service], timeout=180)
        self.wait(context, self.title, lambda: self._sight(context), self.limits.services)

    def _sight(self, context: StepContext) -> Sight:
        verdict = self.verify(context)
        return Sight(verdict.outcome == done("").outcome, verdict.evidence)


class EngineGoodAgain(EngineStatusGood):
    """The agents call it up and well, after they have started it themselves."""

    name = "engine-machine.status"

    def __init__(self, job: RecoveryJob) -> None:
        super().__init__(job.deploy)


class EngineAnswersAgain(EngineAnswers):
    """Its health page, after it was started by the agents."""

    name = "engine-machine.health"
    title = "The engine answers again"

    def __init__(self, job: RecoveryJob) -> None:
        super().__init__(job.deploy)
