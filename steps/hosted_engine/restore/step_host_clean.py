"""Cleaning up what the old engine's deployment left on the host."""

from __future__ import annotations

from collections.abc import Sequence

from steps.hosted_engine.attempts import current_attempt
from steps.hosted_engine.leftovers import CLEANUP, CleanUp, is_deployed
from steps.hosted_engine.step_prove import JobStep
from steps.procedure import StepContext, Verdict, done, not_done


class HostCleaned(JobStep):
    """The host's configuration of the old engine is gone."""

    name = "host.clean-up"
    title = "Clean up what the old engine left on the host"
    reason = (
        "The tool refuses a host that was deployed. Services are stopped and the configuration"
        " goes; shared storage is never touched."
    )
    irreversible = True

    def commands(self) -> Sequence[str]:
        """The program, where the host has it."""
        return (f"{CLEANUP} -q",)

    def verify(self, context: StepContext) -> Verdict:
        """Done where nothing names an old engine, or this run has begun to deploy."""
        if current_attempt(self.job, context) is not None:
            return done("this run has started its tool already")
        shell = self.shell(context)
        if is_deployed(shell):
            return not_done(f"{shell.where} carries the configuration of an engine")
        return done(f"no engine is configured on {shell.where}")

    def apply(self, context: StepContext) -> None:
        """Clean it up; raises StepFailed where the configuration stays."""
        clean_up = CleanUp(context, self.shell(context), self.job.host.command)
        context.log(f"The clean-up {clean_up.how()}.")
        clean_up.carry_out()
