"""The vocabulary of every procedure: verdicts, steps, phases, plans, and what a step is given.

The runner's law (steps/run/runner.py) is written for these types; a system's folder implements
them. Nothing here knows about a system, a screen or a process.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from config.errors import Refused
from config.questions import Choice, Finding, Given, Interview, Question, Value
from config.secrets import Secret
from config.site import Site
from steps.conflicts import ConflictSet, Resolutions
from steps.targets import Targets

KEPT_BY_UNDO = "kept by undo."
"""A fact whose name begins so: a file that an undo has left on purpose, where somebody must look
at it. The report names it."""


class Outcome(StrEnum):
    """What looking at the world can tell about a step."""

    DONE = "done"
    NOT_DONE = "not-done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and what was seen, in the operator's words. Evidence never holds a secret."""

    outcome: Outcome
    evidence: str


def done(evidence: str) -> Verdict:
    """The step's effect is there."""
    return Verdict(Outcome.DONE, evidence)


def not_done(evidence: str) -> Verdict:
    """The step's effect is not there; applying it is safe."""
    return Verdict(Outcome.NOT_DONE, evidence)


def unknown(evidence: str) -> Verdict:
    """The world is neither before nor after: an operator must look."""
    return Verdict(Outcome.UNKNOWN, evidence)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question a step asks while it runs. It stays until answered, also after a detach.

    `name` is stable: an answer file may answer it in advance under `answers`. `default` is only a
    suggestion; an unattended run without an answer waits. `private` is shown to whoever is attached
    and never written down: a password that the operator needs now. `in_person`: it goes against
    what is seen, so only somebody who has it before them answers it, never an answer file.
    `seen`: a fingerprint that is shown, and that the first choice takes for good. An answer file
    takes it by giving that very fingerprint: a word alone would take whatever is shown.
    """

    name: str
    text: str
    choices: tuple[Choice, ...] = ()
    default: str = ""
    detail: str = ""
    private: str = ""
    in_person: bool = False
    seen: str = ""


class PutOff(Exception):
    """Raised by an optional step's `apply`, before it has changed anything: do it another time.

    It is the step's word that nothing of it has been done, by an earlier runner neither: the steps
    before it can then still be undone. A step that may have begun must go on or fail.
    The run goes on and counts as done; resuming it offers the step again.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StepContext(Protocol):
    """What a step is given: targets, memory, a way to speak. One per step execution."""

    @property
    def targets(self) -> Targets:
        """The hypervisor, directory and shells of this run, opened when first used."""

    @property
    def given(self) -> Given:
        """The answers the plan was made from (with later changes)."""

    @property
    def run_directory(self) -> Path:
        """The run's own folder; a step may keep small secret-free files under `keep/` in it."""

    def log(self, line: str) -> None:
        """One line for the step's log; secrets are scrubbed."""

    def progress(self, done: int, total: int, unit: str = "B") -> None:
        """How far it is. Cheap: call it as often as you like."""

    def ask(self, prompt: Prompt) -> str:
        """Ask the operator and wait. Returns a choice's value, or text where there are none."""

    def secret(self, name: str, title: str) -> Secret:
        """A secret of this run: given at start, else asked for now and kept in memory only."""

    def remember(self, name: str, value: str) -> None:
        """Journal a fact (fsync) that verify, undo or a later step needs after a crash."""

    def recall(self, name: str) -> str | None:
        """A fact remembered in this run, also before a crash."""

    def lanes(self) -> Mapping[str, str]:
        """For every lane of the plan, how it stands now: done, failed, left-out or waiting.

        A lane that was left out after it failed counts as left-out. A step without a lane that is
        done is looked at again (`verify`) where an earlier step of a lane has changed since.
        """

    def conceal(self, text: str) -> None:
        """Scrub this text from everything this run writes: for a secret that a document holds."""

    def checkpoint(self) -> None:
        """Raise Interrupted where the operator asked to abort. Call it in loops."""


class Step(ABC):
    """One thing that is done, and how to tell that it is done.

    The law: verify, and only if not done: apply, then verify again. Exit codes are claims.
    """

    name: str
    title: str
    reason: str = ""
    irreversible: bool = False
    depends_on: tuple[str, ...] = ()
    """Answers that may be changed when this step fails."""
    removed_by: str = ""
    """The step that removes what `leaves` tells of."""
    lane: str = ""
    """What it belongs to where many go side by side (a machine's name); empty: it goes alone."""

    @abstractmethod
    def commands(self) -> Sequence[str]:
        """What it will do, as an operator would type it; no secrets."""

    @abstractmethod
    def verify(self, context: StepContext) -> Verdict:
        """Look at the world. Changes nothing."""

    @abstractmethod
    def apply(self, context: StepContext) -> None:
        """Do it. Raises RekindleError."""

    @property
    def can_undo(self) -> bool:
        """Whether `undo` puts the world back."""
        return type(self).undo is not Step.undo

    def undo(self, context: StepContext) -> None:
        """Put it back. Idempotent: undoing what is already undone does nothing."""
        raise Refused(f"{self.title!r} cannot be undone.")

    def leaves(self, run: str, *, whole: bool) -> Sequence[str]:
        """What of it stays somewhere where the run of that name ends before `removed_by`: where,
        and how it is removed by hand, a line of the report each. `whole`: the step was done.
        """
        return ()

    @property
    def optional(self) -> bool:
        """Whether the operator may put it off and the run still counts as done (clean-up)."""
        return False


@dataclass(frozen=True, slots=True)
class Phase:
    """Steps that belong together under one heading."""

    name: str
    title: str
    steps: tuple[Step, ...]
    safe_point: bool = True
    """Whether the world is sound at the end of this phase: undo stops here."""
    at_once: int = 1
    """How many lanes of this phase run at the same time.

    Steps of one lane go one after another; a step without a lane waits for all lanes before it and
    holds up all after it. A lane whose step fails is held; the others go on.
    """


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done. A pure function of site, answers, resolutions and survey."""

    procedure: str
    object: str
    verb: str
    phases: tuple[Phase, ...]
    settings: tuple[tuple[str, str], ...] = ()
    """What the operator decided, as (title, value), for Review."""
    estimate_seconds: float | None = None
    left_to_do: tuple[str, ...] = ()
    """What this plan leaves undone, and how it is done: a line each of the report."""
    confirm_by_typing: str = ""
    """A name the operator must type before it starts; empty for plans that destroy nothing."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step, in order."""
        return tuple(step for phase in self.phases for step in phase.steps)

    @property
    def point_of_no_return(self) -> str | None:
        """Name of the first step that cannot be undone, or None."""
        return next((step.name for step in self.steps if step.irreversible), None)


Survey = dict[str, object]
"""What was found out before planning, as plain JSON data, frozen in plan.json.

It never holds a secret: where a document has one (a console password), a numbered mark stands in
its place, equal secrets with equal numbers, so that everything can still be compared.
"""


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe brings back: findings about one answer, the choices of a question, defaults.

    `suggested` is what the question itself is answered with as long as the operator says nothing
    else; `values` are answers to other questions as they stand in the world, which count until the
    operator gives others. None of them is a secret.
    """

    findings: tuple[Finding, ...] = ()
    choices: tuple[Choice, ...] = ()
    suggested: str | int | bool | tuple[str, ...] | None = None
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProbeInput:
    """What a probe may look at."""

    site: Site
    given: Given
    targets: Targets


Probe = Callable[[ProbeInput], Probed]


@dataclass(frozen=True, slots=True)
class Procedure:
    """One job on one system: interview, then conflicts, then plan.

    `survey` looks at the world once, in a probe process. `conflicts` and `plan` are pure functions
    of what it brought back. A procedure without conflicts leaves `conflicts` None.
    """

    name: str
    system: str
    title: str
    description: str
    needs: str
    undo: str
    interview: Interview
    probes: Mapping[str, Probe]
    survey: Callable[[ProbeInput], Survey]
    plan: Callable[[Site, Given, Resolutions, Survey], Plan]
    conflicts: Callable[[Site, Given, Survey], ConflictSet] | None = None
    drills: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Names and titles of secrets a run needs, beyond those of the site."""
    about: tuple[str, ...] = ()
    """The questions that say what a run acts on; none named: the first one."""

    def subject(self, given: Given) -> tuple[Question, ...]:
        """The questions, as far as they are asked, whose answers say what this acts on."""
        asked = self.interview.asked(given)
        named = tuple(question for question in asked if question.name in self.about)
        return named or asked[:1]
