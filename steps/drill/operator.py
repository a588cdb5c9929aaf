"""A scripted operator: answers, decides, starts, mends what the fault broke, tries again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from config.errors import InvalidInput, Refused, RekindleError, StepFailed
from config.questions import Given, Value
from config.secrets import Secret
from config.site import Site
from config.site_file import load_site
from steps import catalogue
from steps.conflicts import Desk, Resolutions
from steps.drill.fault import Fault, Mendable, Scene
from steps.drill.scenario import Scenario
from steps.drill.systems import DrillSystem, Turn, system_of
from steps.probing import ask_survey
from steps.procedure import Procedure, Survey
from steps.run.control_client import ControlClient
from steps.run.directory import RunDirectory, create_run
from steps.run.events import FAILED_STEP, UNKNOWN_STEP, Finish
from steps.run.journal import Follower
from steps.run.launcher import launch
from steps.run.view import OpenQuestion, RunView

Say = Callable[[str], None]
LOOK = "look"
"""How a question that has become another one meanwhile is asked anew."""
LIMIT = 600.0
"""Seconds after which the scripted operator gives a run up."""


@dataclass(slots=True)
class Operator:
    """One scripted operator on one practice site."""

    scenario: Scenario
    scene: Scene
    fault: Fault | None
    say: Say
    refusal: str = ""
    """Why the tool refused or stopped, where it did."""
    _turn: Turn | None = None
    _answered: set[int] = field(default_factory=set)
    _mended: bool = False
    _struck: bool = False

    def work(self) -> RunDirectory | None:
        """Do the drill; returns the last run, or None where it was refused before there was one."""
        run = None
        for turn in self.system.turns(self.scenario, self.scene):
            self._turn, self._answered = turn, set()
            run = self._take_turn()
            if run is None or run.view().outcome is not Finish.DONE:
                break
        return run

    def _take_turn(self) -> RunDirectory | None:
        self._strike_if("before")
        try:
            run = self._start()
        except (Refused, InvalidInput, StepFailed) as error:
            self.refusal = str(error)
            self.say(f"refused: {error.message}")
            return self._take_turn() if self._mend() else None
        self.scene = replace(self.scene, run=run)
        self._follow(run)
        return run

    def prepare(self) -> RunDirectory:
        """Answer, look, decide; the run is ready to start. Raises Refused or InvalidInput."""
        site = load_site(self.scene.places.site_file)
        turn = self._turn or self.system.turns(self.scenario, self.scene)[0]
        procedure, given = catalogue.find(turn.procedure), self._given(turn)
        self.system.look(site, given)
        survey = ask_survey(procedure, site, given, self.secrets())
        self.say("looked at everything the answers name")
        decided = self._decided(procedure, site, given, survey)
        self._strike_if("launch")
        prompts = dict(self.scenario.prompts)
        return create_run(site, procedure.name, given, decided, survey, prompts)

    @property
    def system(self) -> DrillSystem:
        """Whose practice site it is."""
        return system_of(self.scenario)

    def _given(self, turn: Turn) -> dict[str, Value]:
        given = turn.given
        return given | dict(self.fault.answers) if self.fault is not None else given

    def _decided(
        self, procedure: Procedure, site: Site, given: Given, survey: Survey
    ) -> Resolutions:
        if procedure.conflicts is None:
            return {}
        desk = Desk(procedure.conflicts(site, given, survey))
        self._decide(desk)
        return desk.decided

    def _start(self) -> RunDirectory:
        run = self.prepare()
        launched = launch(run, self.secrets(), dict(self.scenario.prompts))
        self.say(f"run {run.id} started ({launched.how}, pid {launched.pid})")
        return run

    def secrets(self) -> dict[str, Secret]:
        """What the runner asks for."""
        return self.system.secrets(self.scene)

    def _decide(self, desk: Desk) -> None:
        for row, resolution in self.scenario.resolutions().items():
            if any(found.id == row for found in desk.conflicts.rows):
                desk.decide(row, resolution)
                self.say(f"decided {row}: {resolution}")
        still_open = desk.conflicts.still_open(desk.decided)
        if still_open:
            raise Refused(f"The script decides nothing for: {', '.join(still_open)}.")
        blocking = desk.conflicts.blocking(desk.decided)
        if blocking:
            raise Refused("; ".join(f"{block.message} {block.remedy}" for block in blocking))

    def _strike_if(self, moment: str) -> None:
        if self.fault is not None and not self._struck and self.fault.strikes == moment:
            self._struck = True
            self.fault.strike(self.scene)
            self.say(f"fault: {self.fault.title}")

    def _mend(self) -> bool:
        """Put the fault right, once; False where there is nothing to put right."""
        if self._mended or not isinstance(self.fault, Mendable):
            return False
        self._mended = True
        self.fault.mend(self.scene)
        self.say("mended, trying again")
        return True

    def _follow(self, run: RunDirectory) -> None:
        follower, view = Follower(run.journal_file), RunView()
        end = time.monotonic() + LIMIT
        while view.outcome is None:
            for event in follower.poll():
                view.apply(event)
                self._strike_at(event)
            if view.question is not None:
                self._answer(run, view)
            elif run.holder() is None and view.outcome is None:
                self._resume(run, view, follower)
            if time.monotonic() > end:
                raise StepFailed(f"Run {run.id} did not end in {LIMIT:.0f} s.")
            time.sleep(0.02)
        while run.holder() is not None and time.monotonic() < end:
            # It still writes its report, and holds the hypervisor.
            time.sleep(0.02)
        if view.outcome is not Finish.DONE:
            self.refusal = self.refusal or view.message

    def _strike_at(self, event: dict[str, object]) -> None:
        if event["event"] == "step-started":
            self._strike_if(str(event["step"]))

    def _answer(self, run: RunDirectory, view: RunView) -> None:
        question = view.question
        assert question is not None
        if question.id in self._answered or question.name in self.scenario.prompts:
            # The second kind was answered in advance: the runner takes it from there.
            return
        self._answered.add(question.id)
        value = self._reaction(question.name, view)
        self.say(f"{question.text.splitlines()[0]} -> {value}")
        with ControlClient(run) as client:
            client.answer(question.id, value)

    def _reaction(self, name: str, view: RunView) -> str:
        """What to do when a step failed or cannot be told: mend once and retry, else stop."""
        assert view.question is not None
        reply = self.scenario.replies.get(name, self.scenario.replies.get(first_name(name)))
        if reply is not None:
            mended = self._mend()
            refused = _refused(view.question, reply)
            if refused:
                self.refusal = f"{view.question.text}\n{refused}"
            return LOOK if refused and mended else reply
        if name not in (FAILED_STEP, UNKNOWN_STEP):
            raise StepFailed(f"The script has no answer to: {view.question.text}")
        self.refusal = f"{view.question.text}\n{view.question.detail}"
        if not self._mend():
            return "stop"
        return "retry" if name == FAILED_STEP else "verify"

    def _resume(self, run: RunDirectory, view: RunView, follower: Follower) -> None:
        """The runner is gone: look once more at the journal, then resume."""
        for event in follower.poll():
            view.apply(event)
        if view.outcome is not None:
            return
        self.say("the runner is gone, resuming")
        try:
            launch(run, self.secrets(), dict(self.scenario.prompts))
        except RekindleError as error:
            raise StepFailed(f"resume failed: {error.message}", error.remedy) from error


def first_name(name: str) -> str:
    """A question that is asked again has its first name and a number."""
    first, _, number = name.rpartition(".")
    return first if number.isdecimal() else name


def _refused(question: OpenQuestion, reply: str) -> str:
    """Why that answer is not possible; empty where it is."""
    return next((choice.refused for choice in question.choices if choice.value == reply), "")
