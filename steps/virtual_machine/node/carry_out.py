"""The law of every step, without an operator: verify, apply what is not done, verify again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.errors import Interrupted, Refused, StepFailed
from config.questions import Given
from config.secrets import Secret
from steps.procedure import Outcome, Prompt, PutOff, Step
from steps.run.events import Event
from steps.targets import Targets
from steps.virtual_machine.heartbeat import Busy
from steps.virtual_machine.node.beating import Pulse
from steps.virtual_machine.node.keeping import Diary
from steps.virtual_machine.node.orders import Order


class NodeContext:
    """What a step of a daemon is given (see StepContext): nobody is there to be asked."""

    def __init__(
        self,
        order: Order,
        targets: Targets,
        diary: Diary,
        pulse: Pulse,
        secrets: Callable[[str], Secret | None],
        leaving: Callable[[], bool],
    ) -> None:
        self.targets = targets
        self.given: Given = {}
        self.step = ""
        self._order, self._diary, self._pulse = order, diary, pulse
        self._secrets, self._leaving = secrets, leaving

    @property
    def run_directory(self) -> Path:
        """The leaf's own folder in the daemon's state."""
        return self._diary.folder

    def log(self, line: str) -> None:
        """One line for the leaf's log."""
        self._diary.log(line)

    def progress(self, done: int, total: int, unit: str = "B") -> None:
        """How far it is: the next heartbeat tells it."""
        leaf, task = self._order.leaf.dn, self._order.task.order
        self._pulse.set(Busy(leaf, task, self.step, done, total, unit))

    def ask(self, prompt: Prompt) -> str:
        """Nobody can answer: the step fails, and whoever ordered it reads why."""
        raise Refused(
            f"It needs an answer, and a daemon has nobody to ask: {prompt.text}",
            "Do it with `rekindle run` on the node, where it can be answered.",
        )

    def secret(self, name: str, title: str) -> Secret:
        """A secret of the site."""
        found = self._secrets(name)
        if found is None:
            raise Refused(f"The secret {title!r} is not known to the daemon.")
        return found

    def remember(self, name: str, value: str) -> None:
        """Write a fact down, durably."""
        if self._diary.redactor.holds_secret(value):
            raise Refused(f"The fact {name!r} holds a secret, and facts are written down.")
        self._diary.remember(name, value)

    def recall(self, name: str) -> str | None:
        """A fact of this leaf, also from before a crash."""
        return self._diary.recall(name)

    def lanes(self) -> Mapping[str, str]:
        """A daemon's order has one machine, so no lanes."""
        return {}

    def conceal(self, text: str) -> None:
        """Scrub this text from everything that is written."""
        self._diary.redactor.register(text)

    def checkpoint(self) -> None:
        """Raise Interrupted where the daemon is being stopped and the task may be left."""
        if self._order.task.interruptible and self._leaving():
            raise Interrupted("The daemon is being stopped.")


def carry_out(steps: Sequence[Step], context: NodeContext, diary: Diary) -> None:
    """Every step by the law. Raises what a step raised, StepFailed, or Interrupted between two."""
    for step in steps:
        context.checkpoint()
        context.step = step.title
        context.progress(0, 0, "")
        _one(step, context, diary)


def _one(step: Step, context: NodeContext, diary: Diary) -> None:
    verdict = step.verify(context)
    if verdict.outcome is Outcome.DONE:
        diary.record(Event.STEP_ALREADY, step=step.name, evidence=verdict.evidence)
        return
    if verdict.outcome is Outcome.UNKNOWN:
        raise StepFailed(f"{step.title}: whether it is done cannot be told.", seen=verdict.evidence)
    diary.record(Event.STEP_STARTED, step=step.name)
    began = time.monotonic()
    try:
        step.apply(context)
    except PutOff as put_off:
        if not step.optional:
            raise StepFailed(f"{step.title}: {put_off.reason}") from put_off
        diary.record(Event.STEP_SKIPPED, step=step.name, reason=put_off.reason, by="", put_off=True)
        return
    verdict = step.verify(context)
    if verdict.outcome is not Outcome.DONE:
        raise StepFailed(
            f"{step.title}: it ran, but the world does not show its effect.", seen=verdict.evidence
        )
    seconds = round(time.monotonic() - began, 3)
    diary.record(Event.STEP_DONE, step=step.name, evidence=verdict.evidence, seconds=seconds)
