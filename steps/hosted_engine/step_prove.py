"""Looking: at the host before the deployment, at the engine after it, and tidying up."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

from config.errors import StepFailed
from steps.hosted_engine.attempts import all_attempts, current_attempt
from steps.hosted_engine.deploy_job import DeployJob
from steps.hosted_engine.detached_tool import Channel, DetachedTool, Standing
from steps.hosted_engine.engine_health import health_page, look_at_engine
from steps.hosted_engine.ha_view import look_at_agents
from steps.hosted_engine.leftovers import CONFIGURATION, is_deployed
from steps.hosted_engine.listening import ENGINE_NAME
from steps.procedure import Step, StepContext, Verdict, done, not_done, unknown
from steps.targets.quoting import command_line
from steps.targets.shell import Shell

UP_SECONDS: Final = 900.0
"""How long the engine may take to come up: the tool's own limit of 180 times 5 seconds."""
POLL_SECONDS: Final = 5.0


class JobStep(Step):
    """A step of one deployment."""

    def __init__(self, job: DeployJob) -> None:
        self.job = job

    def shell(self, context: StepContext) -> Shell:
        """The shell on the host."""
        return context.targets.shell(self.job.host.name)


class CheckHost(JobStep):
    """The host can be deployed on, and nobody else is at it."""

    name = "host.check"
    title = "Check the host"
    reason = "What stands in the way is said before anything is started."

    def commands(self) -> Sequence[str]:
        """The looks."""
        program = command_line(self.job.host.command[:1])
        return (f"command -v {program}", f"grep ^vmid= {CONFIGURATION[0]}")

    def verify(self, context: StepContext) -> Verdict:
        """Done where nothing stands in the way, or this run has begun already."""
        if current_attempt(self.job, context) is not None:
            return done("this run has started its tool already")
        problem, _remedy = self._problem(context)
        return not_done(problem) if problem else done(self._seen(context))

    def apply(self, context: StepContext) -> None:
        """Raises StepFailed with what stands in the way."""
        problem, remedy = self._problem(context)
        if problem:
            raise StepFailed(problem, remedy, seen=problem, expected="a host that is free")

    def _problem(self, context: StepContext) -> tuple[str, str]:
        shell, program = self.shell(context), self.job.host.command[0]
        found = shell.run(["/bin/sh", "-c", 'command -v "$1"', "sh", program], check=False)
        if found.code != 0:
            return (
                f"{program} is not installed on {shell.where}.",
                "Install ovirt-hosted-engine-setup, or set `command` of this host in the site.",
            )
        if is_deployed(shell):
            return (
                f"{shell.where} carries a hosted engine already: {CONFIGURATION[0]} names one.",
                "Clean it up first (ovirt-hosted-engine-cleanup), or take another host.",
            )
        running = self._running(shell)
        if running:
            return (
                f"Another run deploys on {shell.where}: {running}.",
                "Go on with that run: rekindle runs.",
            )
        return "", ""

    def _running(self, shell: Shell) -> str:
        base = self.job.host.work_folder.rstrip("/")
        if shell.status(base) is None:
            return ""
        for name in shell.list(base):
            if name.startswith("deploy-") and not name.endswith(".conf"):
                tool = DetachedTool(shell, f"{base}/{name}", Channel.PIPES)
                if tool.state().standing is Standing.RUNNING:
                    return f"{base}/{name}"
        return ""

    def _seen(self, context: StepContext) -> str:
        return f"{self.job.host.command[0]} is there, and no engine is deployed"


class EngineStep(JobStep):
    """Waits until the engine shows up in one view of it."""

    def apply(self, context: StepContext) -> None:
        """Look again and again; raises StepFailed where it does not come up in time."""
        until = time.monotonic() + UP_SECONDS
        while time.monotonic() < until:
            context.checkpoint()
            verdict = self.verify(context)
            if verdict.outcome == done("").outcome:
                return
            context.log(verdict.evidence)
            time.sleep(POLL_SECONDS)
        raise StepFailed(
            f"{self.title}: not so after {UP_SECONDS / 60:g} minutes.",
            "Look at the engine machine's console; hosted-engine --vm-status says where it runs.",
            seen=self.verify(context).evidence,
        )

    @abstractmethod
    def verify(self, context: StepContext) -> Verdict:
        """Look once."""


class EngineStatusGood(EngineStep):
    """The hosts' own agents call the engine up and well."""

    name = "engine.status"
    title = "The engine machine is up and well"
    reason = "The tool's own success is a claim; the agents on the hosts see the machine itself."

    def commands(self) -> Sequence[str]:
        """The look."""
        return (command_line([*self.job.host.command, "--vm-status", "--json"]),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where a live host says up and good."""
        view = look_at_agents(self.shell(context), self.job.host.command)
        if view is None:
            return unknown("hosted-engine --vm-status does not say anything that is understood")
        up = [status for status in view.rows if status.is_up]
        if up:
            return done(f"{up[0].host or self.job.host.name}: machine up, health good")
        told = "; ".join(
            f"{s.host}: machine {s.machine}, health {s.health}{'' if s.live else ' (stale)'}"
            for s in view.rows
        )
        return not_done(told or "no host tells of the engine machine yet")


class EngineAnswers(EngineStep):
    """The engine's health page says that its database is up."""

    name = "engine.health"
    title = "The engine answers"
    reason = "Asked from the host, by the engine's own name: that is how hosts and users reach it."

    def commands(self) -> Sequence[str]:
        """The look."""
        name = self.job.fqdn or "ENGINE"
        return (command_line(["curl", "-sS", health_page(name)]),)

    def verify(self, context: StepContext) -> Verdict:
        """Done where it says DB Up."""
        name = self.job.fqdn or context.recall(ENGINE_NAME) or ""
        health = look_at_engine(self.shell(context), name)
        if health.up is None:
            return unknown(health.seen)
        return done(health.seen) if health.up else not_done(health.seen)


class TidyUp(JobStep):
    """Remove what the deployment needed on the host."""

    name = "host.tidy"
    title = "Remove the answer file and the tool's folders"
    reason = "What the tool said is in this run's log; on the host nobody needs it any more."

    def commands(self) -> Sequence[str]:
        """rm of both."""
        return (f"rm -rf {self.job.host.work_folder}/deploy-RUN-*",)

    @property
    def optional(self) -> bool:
        """The engine is deployed without it."""
        return True

    def verify(self, context: StepContext) -> Verdict:
        """Done where nothing of this run is left."""
        left = self._left(context)
        return not_done(f"still there: {', '.join(left)}") if left else done("nothing is left")

    def apply(self, context: StepContext) -> None:
        """Remove them; raises InvalidInput where a tool still runs."""
        shell = self.shell(context)
        for attempt in all_attempts(self.job, context):
            attempt.tool.remove()
            shell.remove(attempt.answer_file)

    def _left(self, context: StepContext) -> list[str]:
        shell = self.shell(context)
        paths = [
            path
            for attempt in all_attempts(self.job, context)
            for path in (attempt.folder, attempt.answer_file)
        ]
        return [path for path in paths if shell.status(path) is not None]
