"""One step's way through the law: look; record, apply, look again; or take back. Asks nobody.

Each step has an attempt of its own, so that steps of several lanes may be in hand at once.
JournalBroken passes through, because nothing may be done that could not be recorded.
"""

from __future__ import annotations

import time
import traceback
from enum import Enum, auto

from config.errors import Interrupted, RekindleError, StepFailed
from steps.procedure import Outcome, PutOff, Step, Verdict
from steps.run.context import RunContext
from steps.run.ended import Ended
from steps.run.events import Event, Finish
from steps.run.journal import JournalBroken
from steps.run.session import RunSession


class Next(Enum):
    """What to do next about a step."""

    LOOK = auto()
    APPLY = auto()
    ASK_FAILED = auto()
    ASK_UNKNOWN = auto()
    THROUGH = auto()


class Attempt:
    """At one step. Every method raises Ended where the run was aborted meanwhile."""

    def __init__(self, session: RunSession, name: str) -> None:
        self._session, self._name = session, name
        self._began = time.monotonic()

    @property
    def step(self) -> Step:
        """The step in the plan as it is now."""
        return self._session.step(self._name)

    def look(self) -> Next:
        """See whether it is done already."""
        step = self.step
        self._session.record(Event.STEP_VERIFYING, step=step.name)
        self._began = time.monotonic()
        try:
            verdict = step.verify(RunContext(self._session, step.name))
        except (JournalBroken, Ended):
            raise
        except Interrupted as error:
            raise Ended(Finish.ABORTED, error.message) from error
        except Exception as error:  # noqa: BLE001  (the step boundary)
            return self._failed(error)
        if verdict.outcome is Outcome.NOT_DONE:
            self._log(f"Not done yet: {verdict.evidence}")
            return Next.APPLY
        return self.judged(verdict)

    def apply(self) -> Next:
        """Record the start, do it, and look whether it is done."""
        step = self.step
        self._session.record(Event.STEP_STARTED, step=step.name)
        self._began = time.monotonic()
        context = RunContext(self._session, step.name)
        try:
            step.apply(context)
            return self.judged(step.verify(context))
        except (JournalBroken, Ended):
            raise
        except PutOff as put_off:
            return self._put_off(put_off)
        except Interrupted as error:
            return self._interrupted(error)
        except Exception as error:  # noqa: BLE001  (the step boundary)
            return self._failed(error)

    def judged(self, verdict: Verdict) -> Next:
        """Record what looking told, after apply or in place of it."""
        step, evidence = self.step, verdict.evidence
        self._end_of_log()
        match verdict.outcome:
            case Outcome.DONE if self._session.view.steps[step.name].touched:
                seconds = round(time.monotonic() - self._began, 3)
                self._session.record(
                    Event.STEP_DONE, step=step.name, evidence=evidence, seconds=seconds
                )
                return Next.THROUGH
            case Outcome.DONE:
                self._session.record(Event.STEP_ALREADY, step=step.name, evidence=evidence)
                return Next.THROUGH
            case Outcome.UNKNOWN:
                self._session.record(Event.STEP_UNKNOWN, step=step.name, evidence=evidence)
                return Next.ASK_UNKNOWN
        message = f"{step.title}: it ran, but the world does not show its effect."
        return self._failed(StepFailed(message, "", seen=evidence))

    def take_back(self) -> bool:
        """Undo it, and look; False where that failed."""
        step = self.step
        self._session.record(Event.STEP_UNDOING, step=step.name)
        context = RunContext(self._session, step.name)
        try:
            step.undo(context)
            verdict = step.verify(context)
        except (JournalBroken, Ended):
            raise
        except Interrupted as error:
            self._failed(error, undoing=True)
            raise Ended(Finish.ABORTED, error.message) from error
        except Exception as error:  # noqa: BLE001  (the step boundary)
            self._failed(error, undoing=True)
            return False
        if verdict.outcome is Outcome.DONE:
            message = f"{step.title}: it was undone, but the world still shows its effect."
            self._failed(StepFailed(message, seen=verdict.evidence), undoing=True)
            return False
        self._end_of_log()
        self._session.record(Event.STEP_UNDONE, step=step.name, evidence=verdict.evidence)
        return True

    def _put_off(self, put_off: PutOff) -> Next:
        if not self.step.optional:
            return self._failed(put_off)
        self._end_of_log()
        self._session.record(
            Event.STEP_SKIPPED, step=self._name, reason=put_off.reason, by="", put_off=True
        )
        return Next.THROUGH

    def _interrupted(self, error: Interrupted) -> Next:
        """Aborted in the middle: look where the world stands, record it, end."""
        step = self.step
        try:
            verdict = step.verify(RunContext(self._session, step.name, deaf=True))
        except JournalBroken:
            raise
        except Exception as trouble:  # noqa: BLE001  (the step boundary)
            self._failed(trouble)
        else:
            if verdict.outcome is Outcome.NOT_DONE:
                seen = verdict.evidence
                self._failed(StepFailed(error.message, "Resume the run.", seen=seen))
            else:
                self.judged(verdict)
        raise Ended(Finish.ABORTED, error.message) from error

    def _failed(self, error: Exception, *, undoing: bool = False) -> Next:
        self._log("".join(traceback.format_exception(error)).rstrip())
        self._end_of_log()
        self._session.record(
            Event.STEP_FAILED, step=self._name, undoing=undoing, **_described(self._session, error)
        )
        return Next.ASK_FAILED

    def _log(self, text: str) -> None:
        self._session.logs.write(self._name, text)

    def _end_of_log(self) -> None:
        """What a step logged is in its log before its end is recorded."""
        self._session.logs.flush()
        losses = self._session.logs.take_losses()
        if losses:
            self._session.record(Event.NOTE, text=losses)


def _described(session: RunSession, error: Exception) -> dict[str, str]:
    """The fields of STEP_FAILED for an error: ours as it is, any other as our own mistake."""
    if isinstance(error, RekindleError):
        return {
            "message": error.message,
            "remedy": error.remedy,
            "seen": getattr(error, "seen", ""),
            "expected": getattr(error, "expected", ""),
        }
    return {
        "message": f"Something unexpected happened: {type(error).__name__}: {error}",
        "remedy": f"The step's log has the details: {session.run.log_folder}.",
        "seen": "",
        "expected": "",
    }
