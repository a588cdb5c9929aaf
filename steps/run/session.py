"""What a runner works with: the run, its plan, journal and fold, secrets, questions, targets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from config.errors import InvalidInput, Refused
from config.questions import Value
from config.secrets import Secret
from config.site import Site
from config.site_secrets import site_references
from steps.procedure import Plan, Procedure, Prompt, Step
from steps.run.choices import prepared_value
from steps.run.directory import FrozenPlan, RunDirectory
from steps.run.events import PREPARED, Event, StepState
from steps.run.journal import Journal, read_journal
from steps.run.outline import outline
from steps.run.redact import Redactor
from steps.run.step_log import StepLogs
from steps.run.switches import Reply, Switches, check_answer
from steps.run.turns import Turns
from steps.run.values import given_from_data, value_to_data
from steps.run.view import OfferedChoice, OpenQuestion, RunView
from steps.targets import Targets

OpenTargets = Callable[[Site, Mapping[str, Secret]], Targets]


class RunSession:
    """One life of a runner in a run. Everything it learns goes through `record`."""

    def __init__(
        self,
        run: RunDirectory,
        procedure: Procedure,
        switches: Switches,
        redactor: Redactor,
        *,
        open_targets: OpenTargets,
        journal: Callable[[RunDirectory, Redactor], Journal],
    ) -> None:
        self.run, self.procedure = run, procedure
        self.switches, self.redactor = switches, redactor
        self.frozen: FrozenPlan = run.frozen()
        self.site = self.frozen.site
        self.journal = journal(run, redactor)
        self._recording = threading.Lock()
        self.view = RunView.of(read_journal(run.journal_file))
        self.logs = StepLogs(run, redactor)
        self.given: dict[str, Value] = {
            **self.frozen.given,
            **given_from_data(self.view.changes),
        }
        self.plan = self._make_plan(self.given)
        self.prompts = dict(self.frozen.prompts)
        self._secrets: dict[str, Secret] = {}
        self._open_targets = open_targets
        self._targets: Targets | None = None
        self._opening = threading.Lock()
        self._numbering = threading.Lock()
        self._asked = len(self.view.questions)
        self._turns = Turns()

    def record(self, event: Event, **fields: object) -> None:
        """Write it down, durably for a transition, and fold it in. Raises JournalBroken.

        Thread-safe: a step may report progress from threads of its own.
        """
        with self._recording:
            self.view.apply(self.journal.record(event, **fields))

    def record_plan(self) -> None:
        """Write down the plan's outline, for readers."""
        self.record(Event.PLAN, **outline(self.procedure, self.plan))

    def step(self, name: str) -> Step:
        """The step of that name in the plan as it is now."""
        return next(step for step in self.plan.steps if step.name == name)

    def add_secret(self, name: str, secret: Secret) -> None:
        """Keep a secret for this life, and scrub it from everything that is written."""
        self.redactor.register(secret.reveal())
        self._secrets[name] = secret

    def secret(self, step: str, name: str, title: str) -> Secret | None:
        """A secret of this run, asked for where it is missing; None where that was aborted."""
        if name not in self._secrets:
            with self._turns.mine():
                return self._secrets.get(name) or self._ask_secret(step, name, title)
        return self._secrets[name]

    def _ask_secret(self, step: str, name: str, title: str) -> Secret | None:
        reply = self._put_question(step, Prompt(name, title), secret=True, stoppable=False)
        if reply is not None:
            self.add_secret(name, Secret(reply.value))
        return self._secrets.get(name)

    def targets(self, step: str) -> Targets | None:
        """The targets, opened now if need be; None where a secret was refused by an abort."""
        with self._opening:
            if self._targets is None:
                for name in site_references(self.site):
                    if self.secret(step, name, name.capitalize()) is None:
                        return None
                self._targets = self._open_targets(self.site, self._secrets)
            return self._targets

    def ask(
        self,
        step: str,
        prompt: Prompt,
        *,
        stoppable: bool = False,
        prepared: Mapping[str, str] | None = None,
    ) -> Reply | None:
        """Ask and wait. None where it was aborted (or stopped, where that may end it) instead.

        `prepared` answers are those of the run, unless others (or none) are given. Questions of
        several lanes are asked one after another.
        """
        known = self.prompts if prepared is None else prepared
        if prompt.name in known:
            question = self._question(step, prompt, secret=False)
            value = known[prompt.name]
            try:
                taken = prepared_value(prompt, value, practice=self.site.practice)
                check_answer(question, taken)
            except (InvalidInput, Refused) as error:
                text = f"The prepared answer {value!r} to {prompt.name!r} was not taken: "
                self.record(Event.NOTE, text=text + error.message)
            else:
                self._record_asked(question)
                self.record(Event.ANSWERED, question=question.id, value=taken, by=PREPARED)
                return Reply(taken, PREPARED)
        with self._turns.mine():
            return self._put_question(step, prompt, secret=False, stoppable=stoppable)

    def change_answer(self, name: str, value: Value, by: str) -> None:
        """Take another answer and rebuild the plan.

        Raises InvalidInput or Refused, and then nothing changed, where the answer is wrong or the
        new plan would have done differently what is done already.
        """
        given = {**self.given, name: value}
        plan = self._make_plan(given)
        self._check_same_past(plan)
        self.record(Event.ANSWER_CHANGED, name=name, value=value_to_data(value), by=by)
        self.given, self.plan = given, plan
        self.record_plan()

    def close(self) -> None:
        """Close targets, logs and journal."""
        if self._targets is not None:
            self._targets.close()
        self.logs.close()
        self.journal.close()

    def _make_plan(self, given: Mapping[str, Value]) -> Plan:
        frozen = self.frozen
        return self.procedure.plan(self.site, given, frozen.resolutions, frozen.survey)

    def _check_same_past(self, plan: Plan) -> None:
        new = {step.name: tuple(step.commands()) for step in plan.steps}
        for step in self.plan.steps:
            past = self.view.steps[step.name].state in (StepState.DONE, StepState.ALREADY)
            if past and new.get(step.name) != tuple(step.commands()):
                raise Refused(
                    f"{step.title!r} is done, and was done with the old answer.",
                    "Undo first, or stop and make a new plan.",
                )

    def _put_question(
        self, step: str, prompt: Prompt, *, secret: bool, stoppable: bool
    ) -> Reply | None:
        if self.switches.abort_by:
            return None  # while others were asked first
        question = self._question(step, prompt, secret=secret)
        # First: whoever reads of it in the journal may answer it.
        self.switches.put(question, prompt.private)
        try:
            self._record_asked(question)
            reply = self.switches.wait_reply(stoppable=stoppable)
        finally:
            self.switches.put(None)
        if reply is None:
            return None
        shown = {} if secret else {"value": reply.value}
        if secret:
            self.redactor.register(reply.value)
        self.record(Event.ANSWERED, question=question.id, by=reply.by, **shown)
        return reply

    def _question(self, step: str, prompt: Prompt, *, secret: bool) -> OpenQuestion:
        choices = tuple(
            OfferedChoice(choice.value, choice.label, choice.note, choice.refused)
            for choice in prompt.choices
        )
        return OpenQuestion(
            id=self._next_number(),
            step=step,
            name=prompt.name,
            text=self.redactor.clean(prompt.text),
            detail=self.redactor.clean(prompt.detail),
            choices=choices,
            default=prompt.default,
            secret=secret,
            asked=datetime.now(UTC),
        )

    def _next_number(self) -> int:
        with self._numbering:
            self._asked += 1
            return self._asked

    def _record_asked(self, question: OpenQuestion) -> None:
        self.record(
            Event.ASKED,
            question=question.id,
            step=question.step,
            name=question.name,
            text=question.text,
            detail=question.detail,
            choices=[
                {"value": c.value, "label": c.label, "note": c.note, "refused": c.refused}
                for c in question.choices
            ],
            default=question.default,
            secret=question.secret,
        )
