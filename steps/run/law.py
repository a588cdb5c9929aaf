"""The law of every step: verify; only if not done: record, apply, verify again. Never guess.

`Law.carry_out` and `Law.undo` end by raising Ended; JournalBroken passes through both, because
nothing may be done that could not be recorded.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from enum import Enum, auto

from config.errors import Interrupted, InvalidInput, Refused, RekindleError, StepFailed
from steps.procedure import Outcome, Prompt, PutOff, Step, Verdict
from steps.run import choices
from steps.run.changing import change_answer
from steps.run.context import RunContext
from steps.run.events import FAILED_STEP, FAILED_UNDO, SKIP_REASON, UNKNOWN_STEP, Event, Finish
from steps.run.journal import JournalBroken
from steps.run.session import RunSession
from steps.run.undo import back_to_safe_point
from steps.run.undo import covers as undo_covers


class Ended(Exception):
    """The run is over."""

    def __init__(self, finish: Finish, message: str) -> None:
        super().__init__(message)
        self.finish, self.message = finish, message


class Next(Enum):
    """What to do next about a step."""

    LOOK = auto()
    APPLY = auto()
    ASK_FAILED = auto()
    ASK_UNKNOWN = auto()
    THROUGH = auto()


class Law:
    """Carries out, or takes back, the steps of one session."""

    def __init__(self, session: RunSession, *, again: frozenset[str] = frozenset()) -> None:
        """`again` names steps that were put off and are offered once more."""
        self._session, self._again = session, again
        self._through: set[str] = set()
        self._began = 0.0
        self._remark = ""

    def carry_out(self) -> None:
        """Every step that is not through yet, in order. Raises Ended."""
        while (name := self._next_step()) is not None:
            self._between_steps()
            self._one(name)
            self._through.add(name)
        raise Ended(Finish.DONE, "Every step is done.")

    def undo(self, steps: Sequence[str], *, whole: bool, by: str) -> None:
        """Take these steps back, in this order. Raises Ended."""
        covered = undo_covers(self._session.view, steps, whole=whole)
        self._session.record(
            Event.UNDO_STARTED, steps=list(steps), covers=list(covered), whole=whole, by=by
        )
        self.go_on_undoing()

    def go_on_undoing(self) -> None:
        """Go on with the undo that the journal tells of. Raises Ended."""
        session = self._session
        undo = session.view.undo
        assert undo is not None
        for name in undo.steps:
            if session.view.steps[name].touched:
                self._between_steps()
                self._take_back(session.step(name))
        session.record(Event.UNDO_FINISHED, whole=undo.whole)
        raise Ended(Finish.UNDONE, f"Undone by {undo.by}.")

    # -- one step forward --------------------------------------------------------------------

    def _next_step(self) -> str | None:
        for step in self._session.plan.steps:
            finished = self._session.view.steps[step.name].finished
            if step.name not in self._through and (not finished or step.name in self._again):
                return step.name
        return None

    def _one(self, name: str) -> None:
        now = Next.LOOK
        acts = {
            Next.LOOK: self._look,
            Next.APPLY: self._apply,
            Next.ASK_FAILED: self._ask_failed,
            Next.ASK_UNKNOWN: self._ask_unknown,
        }
        while now is not Next.THROUGH:
            now = acts[now](self._session.step(name))

    def _look(self, step: Step) -> Next:
        self._session.record(Event.STEP_VERIFYING, step=step.name)
        self._began = time.monotonic()
        try:
            verdict = step.verify(RunContext(self._session, step.name))
        except (JournalBroken, Ended):
            raise
        except Interrupted as error:
            raise Ended(Finish.ABORTED, error.message) from error
        except Exception as error:  # noqa: BLE001  (the step boundary)
            return self._failed(step, error)
        if verdict.outcome is Outcome.NOT_DONE:
            self._log(step, f"Not done yet: {verdict.evidence}")
            return Next.APPLY
        return self._judged(step, verdict)

    def _apply(self, step: Step) -> Next:
        self._session.record(Event.STEP_STARTED, step=step.name)
        self._began = time.monotonic()
        context = RunContext(self._session, step.name)
        try:
            step.apply(context)
            return self._judged(step, step.verify(context))
        except (JournalBroken, Ended):
            raise
        except PutOff as put_off:
            return self._put_off(step, put_off)
        except Interrupted as error:
            return self._interrupted(step, error)
        except Exception as error:  # noqa: BLE001  (the step boundary)
            return self._failed(step, error)

    def _judged(self, step: Step, verdict: Verdict) -> Next:
        """Record what looking told, after apply or in place of it."""
        self._end_of_log()
        evidence = verdict.evidence
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
        return self._failed(step, StepFailed(message, "", seen=evidence))

    def _put_off(self, step: Step, put_off: PutOff) -> Next:
        if not step.optional:
            return self._failed(step, put_off)
        self._end_of_log()
        self._session.record(
            Event.STEP_SKIPPED, step=step.name, reason=put_off.reason, by="", put_off=True
        )
        return Next.THROUGH

    def _interrupted(self, step: Step, error: Interrupted) -> Next:
        """Aborted in the middle: look where the world stands, record it, end."""
        try:
            verdict = step.verify(RunContext(self._session, step.name, deaf=True))
        except JournalBroken:
            raise
        except Exception as trouble:  # noqa: BLE001  (the step boundary)
            self._failed(step, trouble)
        else:
            if verdict.outcome is Outcome.NOT_DONE:
                seen = verdict.evidence
                self._failed(step, StepFailed(error.message, "Resume the run.", seen=seen))
            else:
                self._judged(step, verdict)
        raise Ended(Finish.ABORTED, error.message) from error

    # -- questions ---------------------------------------------------------------------------

    def _ask_failed(self, step: Step) -> Next:
        view = self._session.view.steps[step.name]
        offered = choices.after_failure(step, self._session.view)
        detail = "\n".join(filter(None, (self._remark, choices.failure_detail(view))))
        answer, by = self._ask(step, Prompt(FAILED_STEP, view.message, offered, "retry", detail))
        self._remark = ""
        match answer:
            case "change":
                return self._change(step)
            case "skip":
                return self._skip(step, by, Next.ASK_FAILED)
            case "undo":
                self._undo_to_safe_point(step, by)
            case "stop":
                raise Ended(Finish.FAILED, f"{step.title}: {view.message}")
        return Next.LOOK

    def _change(self, step: Step) -> Next:
        try:
            change_answer(self._session, step)
        except Interrupted as error:
            raise Ended(Finish.ABORTED, error.message) from error
        except (InvalidInput, Refused) as error:
            self._remark = f"The new answer was not taken: {error.message}"
            return Next.ASK_FAILED
        return Next.LOOK

    def _ask_unknown(self, step: Step) -> Next:
        evidence = self._session.view.steps[step.name].evidence
        offered = choices.when_unknown(step, self._session.view)
        text = f"{step.title}: whether it is done cannot be told. {evidence}"
        answer, by = self._ask(step, Prompt(UNKNOWN_STEP, text, offered, "verify"))
        match answer:
            case "apply":
                return Next.APPLY
            case "done":
                return self._judged(step, Verdict(Outcome.DONE, f"{by} says that it is done."))
            case "undo":
                self._undo_to_safe_point(step, by)
            case "stop":
                raise Ended(Finish.FAILED, text)
        return Next.LOOK

    def _skip(self, step: Step, by: str, otherwise: Next) -> Next:
        prompt = Prompt(SKIP_REASON, f"Why is {step.title!r} skipped? It goes into the report.")
        reason, by = self._ask(step, prompt)
        if not reason.strip():
            return otherwise
        self._session.record(
            Event.STEP_SKIPPED, step=step.name, reason=reason, by=by, put_off=step.optional
        )
        return Next.THROUGH

    def _undo_to_safe_point(self, step: Step, by: str) -> None:
        self.undo(back_to_safe_point(self._session.view, step.name), whole=False, by=by)

    def _ask(self, step: Step, prompt: Prompt) -> tuple[str, str]:
        """Ask a question of the runner's own; an answer file may only end the matter."""
        unattended = self._session.prompts.get(prompt.name) in choices.UNATTENDED
        reply = self._session.ask(step.name, prompt, stoppable=True, prepared=unattended)
        if reply is not None:
            return reply.value, reply.by
        switches = self._session.switches
        if switches.abort_by:
            raise Ended(Finish.ABORTED, f"Aborted by {switches.abort_by}.")
        raise Ended(Finish.STOPPED, f"Stopped by {switches.stop_by}.")

    # -- one step back -----------------------------------------------------------------------

    def _take_back(self, step: Step) -> None:
        while not self._undone(step):
            view = self._session.view.steps[step.name]
            detail = choices.failure_detail(view)
            prompt = Prompt(FAILED_UNDO, view.message, choices.AFTER_FAILED_UNDO, "retry", detail)
            answer, by = self._ask(step, prompt)
            if answer == "stop":
                raise Ended(Finish.FAILED, f"Undo of {step.title!r}: {view.message}")
            if answer == "skip" and self._leave_undone(step, by):
                return

    def _undone(self, step: Step) -> bool:
        self._session.record(Event.STEP_UNDOING, step=step.name)
        context = RunContext(self._session, step.name)
        try:
            step.undo(context)
            verdict = step.verify(context)
        except (JournalBroken, Ended):
            raise
        except Interrupted as error:
            self._failed(step, error, undoing=True)
            raise Ended(Finish.ABORTED, error.message) from error
        except Exception as error:  # noqa: BLE001  (the step boundary)
            self._failed(step, error, undoing=True)
            return False
        if verdict.outcome is Outcome.DONE:
            message = f"{step.title}: it was undone, but the world still shows its effect."
            self._failed(step, StepFailed(message, seen=verdict.evidence), undoing=True)
            return False
        self._end_of_log()
        self._session.record(Event.STEP_UNDONE, step=step.name, evidence=verdict.evidence)
        return True

    def _leave_undone(self, step: Step, by: str) -> bool:
        prompt = Prompt(SKIP_REASON, f"Why is the undo of {step.title!r} left out?")
        reason, by = self._ask(step, prompt)
        if reason.strip():
            self._session.record(Event.UNDO_SKIPPED, step=step.name, reason=reason, by=by)
        return bool(reason.strip())

    # -- around steps ------------------------------------------------------------------------

    def _between_steps(self) -> None:
        switches = self._session.switches
        if switches.pause_by and not switches.stop_by and not switches.abort_by:
            self._session.record(Event.PAUSED, by=switches.pause_by)
            self._session.record(Event.RESUMED, by=switches.wait_while_paused())
        if switches.abort_by:
            raise Ended(Finish.ABORTED, f"Aborted by {switches.abort_by}.")
        if switches.stop_by:
            raise Ended(Finish.STOPPED, f"Stopped by {switches.stop_by}.")

    def _failed(self, step: Step, error: Exception, *, undoing: bool = False) -> Next:
        self._log(step, "".join(traceback.format_exception(error)).rstrip())
        self._end_of_log()
        self._session.record(
            Event.STEP_FAILED, step=step.name, undoing=undoing, **_described(self._session, error)
        )
        return Next.ASK_FAILED

    def _log(self, step: Step, text: str) -> None:
        self._session.logs.write(step.name, text)

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
