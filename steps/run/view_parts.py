"""The parts of a run's view: steps, phases, questions, sessions, as folded from the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from steps.run.events import Doing, StepState


@dataclass(slots=True)
class Progress:
    """How far a running step is; `rate` is units a second since its first report."""

    done: int
    total: int
    unit: str
    since: datetime
    first: int
    at: datetime

    @property
    def rate(self) -> float | None:
        """Units a second, or None while that cannot be told."""
        seconds = (self.at - self.since).total_seconds()
        return (
            (self.done - self.first) / seconds if seconds > 0 and self.done > self.first else None
        )

    @property
    def seconds_left(self) -> float | None:
        """Estimate, or None while that cannot be told."""
        rate = self.rate
        return (self.total - self.done) / rate if rate else None


@dataclass(slots=True)
class StepView:
    """One step as the journal tells it."""

    name: str
    title: str
    phase: str
    irreversible: bool = False
    optional: bool = False
    can_undo: bool = False
    lane: str = ""
    state: StepState = StepState.WAITING
    doing: Doing = Doing.NOTHING
    evidence: str = ""
    message: str = ""
    remedy: str = ""
    seen: str = ""
    expected: str = ""
    reason: str = ""
    put_off: bool = False
    left_out: bool = False
    """Whether it is skipped because its lane was left out."""
    left_undone: bool = False
    """Whether its undo failed and it was left as it is."""
    touched: bool = False
    """Whether this run began to apply it (and it was not undone since): undo covers these."""
    started: datetime | None = None
    ended: datetime | None = None
    seconds: float | None = None
    progress: Progress | None = None
    changed_seq: int = 0
    """Number of the event that last settled where it, or its lane, stands."""
    state_before: StepState = field(default=StepState.WAITING, repr=False)
    """What it was before the look that is going on."""

    @property
    def finished(self) -> bool:
        """Whether the run is through with it."""
        return self.state in (StepState.DONE, StepState.ALREADY, StepState.SKIPPED)

    @property
    def troubled(self) -> bool:
        """Whether it failed, or nobody can tell whether it is done."""
        return self.state in (StepState.FAILED, StepState.UNKNOWN)

    @property
    def succeeded(self) -> bool:
        """Whether it is through, and not because its lane was left out."""
        return self.finished and not self.left_out

    def elapsed(self, now: datetime) -> float | None:
        """Seconds it took, or takes so far."""
        if self.seconds is not None:
            return self.seconds
        if self.started is None:
            return None
        return ((self.ended or now) - self.started).total_seconds()


@dataclass(slots=True)
class PhaseView:
    """One phase; its steps in order."""

    name: str
    title: str
    safe_point: bool
    steps: list[StepView]
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class OfferedChoice:
    """One answer to a question; `refused` says why it cannot be given."""

    value: str
    label: str
    note: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that waits for an operator. Without choices any text answers it."""

    id: int
    step: str
    name: str
    text: str
    detail: str
    choices: tuple[OfferedChoice, ...]
    default: str
    secret: bool
    asked: datetime


@dataclass(slots=True)
class AskedQuestion:
    """A question of this run and how it was answered (never the value of a secret)."""

    question: OpenQuestion
    answer: str | None = None
    by: str = ""
    answered: datetime | None = None


@dataclass(slots=True)
class UndoView:
    """An undo that is going on, or was when the run was cut off, failed or was stopped."""

    steps: tuple[str, ...]
    covers: tuple[str, ...]
    whole: bool
    by: str
    lane: str = ""
    """The lane whose own undo it is; empty: the run's."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a lane was left out, and by whom."""

    reason: str
    by: str


@dataclass(slots=True)
class Session:
    """One life of a runner in this run."""

    pid: int
    host: str
    user: str
    terminal: str
    launcher: str
    boot_id: str
    resumed: bool
    started: datetime
