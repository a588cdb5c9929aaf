"""The law of every step: verify; only if not done: record, apply, verify again. Never guess.

`Law.carry_out` and `Law.undo` end by raising Ended; JournalBroken passes through both, because
nothing may be done that could not be recorded. Lanes go side by side (side_by_side.py); a lane
whose step fails is held, and asked about when everything else that can go on is through.
"""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import Interrupted, InvalidInput, Refused
from steps.procedure import Outcome, Prompt, Step, Verdict
from steps.run import choices, lanes
from steps.run.attempt import Attempt, Next
from steps.run.batches import Batch, next_batch
from steps.run.changing import change_answer
from steps.run.ended import Ended
from steps.run.events import (
    FAILED_STEP,
    FAILED_UNDO,
    PREPARED,
    SKIP_REASON,
    UNKNOWN_STEP,
    Event,
    Finish,
    StepState,
)
from steps.run.session import RunSession
from steps.run.side_by_side import Gate, side_by_side
from steps.run.undo import back_to_safe_point
from steps.run.undo import covers as undo_covers


class Law:
    """Carries out, or takes back, the steps of one session."""

    def __init__(self, session: RunSession, *, again: frozenset[str] = frozenset()) -> None:
        """`again` names steps that were put off, or left out with their lane, and are offered once
        more."""
        self._session, self._again = session, again
        self._through: set[str] = set()
        self._held: dict[str, str] = {}
        self._gate = Gate(session)
        self._remark = ""

    def carry_out(self) -> None:
        """Every step that is not through yet, in order. Raises Ended."""
        self._take_up_again()
        while True:
            while (batch := self._next_batch()) is not None:
                self._carry(batch)
            if not self._held:
                raise self._end()
            for lane in list(self._held):
                if lane in self._held:  # an answer about another one may have been for it too
                    self._settle(lane)

    def undo(self, steps: Sequence[str], *, whole: bool, by: str) -> None:
        """Take these steps back, in this order. Raises Ended."""
        covered = undo_covers(self._session.view, steps, whole=whole)
        self._session.record(
            Event.UNDO_STARTED, steps=list(steps), covers=list(covered), whole=whole, by=by
        )
        self.go_on_undoing()

    def go_on_undoing(self) -> None:
        """Go on with the undo that the journal tells of. Raises Ended."""
        undo = self._session.view.undo
        assert undo is not None
        self._take_all_back(undo.steps)
        self._session.record(Event.UNDO_FINISHED, whole=undo.whole)
        if undo.lane:
            self.carry_out()
        left = "".join(f" {choices.left_undone(step)}" for step in self._session.view.left_undone)
        raise Ended(
            Finish.UNDONE, f"Undone by {undo.by}{', but not all of it' * bool(left)}.{left}"
        )

    # -- forward -----------------------------------------------------------------------------

    def _take_up_again(self) -> None:
        view = self._session.view
        left = {view.steps[name].lane for name in self._again if name in view.steps}
        for lane in [lane for lane in view.left_out if lane in left]:
            self._session.record(Event.LANE_TAKEN_UP, lane=lane)

    def _next_batch(self) -> Batch | None:
        offered = self._again - self._through
        return next_batch(self._session.plan, self._session.view, offered=offered, held=self._held)

    def _carry(self, batch: Batch) -> None:
        alone = batch.lanes.get("")
        if alone is None:
            held = side_by_side(self._session, batch, self._gate)
            self._held.update(held)
            self._through.update(batch.before(held))
            return
        for name in alone:
            self._gate.pass_through()
            self._one(name)
            self._through.add(name)

    def _end(self) -> Ended:
        view = self._session.view
        if view.left_out:
            return Ended(Finish.FAILED, lanes.told(view.lanes, view.phases))
        return Ended(Finish.DONE, "Every step is done.")

    def _one(self, name: str) -> None:
        attempt, now = Attempt(self._session, name), Next.LOOK
        while now is not Next.THROUGH:
            now = attempt.look() if now is Next.LOOK else self._act(attempt, now)

    def _settle(self, lane: str) -> None:
        """Ask about a held lane, until it may go on (with a look, beside the others) or is out."""
        name = self._held[lane]
        known = any(step.name == name for step in self._session.plan.steps)
        unsure = known and self._session.view.steps[name].state is StepState.UNKNOWN
        attempt, now = Attempt(self._session, name), Next.ASK_FAILED
        if unsure:
            now = Next.ASK_UNKNOWN
        while known and now not in (Next.LOOK, Next.THROUGH):
            now = self._act(attempt, now)
        del self._held[lane]

    def _act(self, attempt: Attempt, now: Next) -> Next:
        if now is Next.APPLY:
            return attempt.apply()
        return self._ask_unknown(attempt) if now is Next.ASK_UNKNOWN else self._ask_failed(attempt)

    # -- questions ---------------------------------------------------------------------------

    def _ask_failed(self, attempt: Attempt) -> Next:
        step = attempt.step
        view = self._session.view.steps[step.name]
        alike = self._alike(step)
        offered = choices.after_failure(step, self._session.view, len(alike))
        told = (self._remark, choices.failure_detail(view), choices.held_too(alike))
        detail = "\n".join(filter(None, told))
        text = choices.of_lane(step, view.message)
        answer, by = self._ask(step, Prompt(FAILED_STEP, text, offered, "retry", detail))
        self._remark = ""
        match answer:
            case "change":
                return self._change(step)
            case "skip":
                return self._skip(step, by, Next.ASK_FAILED)
            case choices.LEAVE_OUT:
                return self._leave_out((step.lane,), by, Next.ASK_FAILED, step)
            case choices.LEAVE_OUT_ALL:
                return self._leave_out((step.lane, *alike), by, Next.ASK_FAILED, step)
            case choices.RETRY_ALL:
                self._let_go(alike)
            case "undo":
                return self._undo_to_safe_point(step, by)
            case "stop":
                raise Ended(Finish.FAILED, self._why_stopped(step, view.message))
        return Next.LOOK

    def _alike(self, step: Step) -> tuple[str, ...]:
        """The other lanes that are held because the same step failed."""
        steps = {each.name: each for each in self._session.plan.steps}
        held = {lane: steps.get(name) for lane, name in self._held.items() if lane != step.lane}
        return tuple(
            lane
            for lane, other in held.items()
            if other is not None
            and choices.kind_of(other) == choices.kind_of(step)
            and self._session.view.steps[other.name].state is StepState.FAILED
        )

    def _let_go(self, lanes: Sequence[str]) -> None:
        for lane in lanes:
            self._held.pop(lane, None)

    def _change(self, step: Step) -> Next:
        try:
            change_answer(self._session, step)
        except Interrupted as error:
            raise Ended(Finish.ABORTED, error.message) from error
        except (InvalidInput, Refused) as error:
            self._remark = f"The new answer was not taken: {error.message}"
            return Next.ASK_FAILED
        return Next.LOOK

    def _ask_unknown(self, attempt: Attempt) -> Next:
        step = attempt.step
        evidence = self._session.view.steps[step.name].evidence
        offered = choices.when_unknown(step, self._session.view)
        text = f"{step.title}: whether it is done cannot be told. {evidence}"
        told = choices.of_lane(step, text)
        answer, by = self._ask(step, Prompt(UNKNOWN_STEP, told, offered, "verify"))
        match answer:
            case "apply":
                return Next.APPLY
            case "done":
                return attempt.judged(Verdict(Outcome.DONE, f"{by} says that it is done."))
            case choices.LEAVE_OUT:
                return self._leave_out((step.lane,), by, Next.ASK_UNKNOWN, step)
            case "undo":
                return self._undo_to_safe_point(step, by)
            case "stop":
                raise Ended(Finish.FAILED, self._why_stopped(step, text, titled=True))
        return Next.LOOK

    def _why_stopped(self, step: Step, why: str, *, titled: bool = False) -> str:
        view = self._session.view
        if step.lane:
            return lanes.told(view.lanes, view.phases)
        return why if titled else f"{step.title}: {why}"

    def _skip(self, step: Step, by: str, otherwise: Next) -> Next:
        prompt = Prompt(SKIP_REASON, f"Why is {step.title!r} skipped? It goes into the report.")
        reason, by = self._ask(step, prompt)
        if not reason.strip():
            return otherwise
        self._session.record(
            Event.STEP_SKIPPED, step=step.name, reason=reason, by=by, put_off=step.optional
        )
        return Next.THROUGH

    def _leave_out(self, out: Sequence[str], by: str, otherwise: Next, step: Step) -> Next:
        """Leave the lane of this step out, and others with it; the first of `out` is its own."""
        reason = choices.AS_PREPARED
        if by != PREPARED:
            who = f"{step.lane!r} is" if len(out) == 1 else f"these {len(out)} are"
            prompt = Prompt(SKIP_REASON, f"Why {who} left out? It goes into the report.")
            reason, by = self._ask(step, prompt)
        if not reason.strip():
            return otherwise
        for lane in out:
            self._session.record(Event.LANE_LEFT_OUT, lane=lane, reason=reason, by=by)
        self._let_go(out[1:])
        return Next.THROUGH

    def _undo_to_safe_point(self, step: Step, by: str) -> Next:
        """Raises Ended where that was the whole run's undo; a lane's own leaves the lane out."""
        steps = back_to_safe_point(self._session.view, step.name)
        if not step.lane:
            self.undo(steps, whole=False, by=by)
        covered = undo_covers(self._session.view, steps, whole=False)
        self._session.record(
            Event.UNDO_STARTED,
            steps=list(steps),
            covers=list(covered),
            whole=False,
            by=by,
            lane=step.lane,
        )
        self._take_all_back(steps)
        self._session.record(Event.UNDO_FINISHED, whole=False)
        return Next.THROUGH

    def _ask(self, step: Step, prompt: Prompt) -> tuple[str, str]:
        """Ask a question of the runner's own; an answer file may only end the matter."""
        prepared = choices.unattended(self._session.prompts, prompt)
        reply = self._session.ask(step.name, prompt, stoppable=True, prepared=prepared)
        if reply is not None:
            return reply.value, reply.by
        raise self._gate.ended()

    # -- back --------------------------------------------------------------------------------

    def _take_all_back(self, steps: Sequence[str]) -> None:
        for name in steps:
            if self._session.view.steps[name].touched:
                self._gate.pass_through()
                self._take_back(self._session.step(name))

    def _take_back(self, step: Step) -> None:
        while not Attempt(self._session, step.name).take_back():
            view = self._session.view.steps[step.name]
            detail = choices.failure_detail(view)
            prompt = Prompt(FAILED_UNDO, view.message, choices.AFTER_FAILED_UNDO, "retry", detail)
            answer, by = self._ask(step, prompt)
            if answer == "stop":
                raise Ended(Finish.FAILED, f"Undo of {step.title!r}: {view.message}")
            if answer == "skip" and self._leave_undone(step, by):
                return

    def _leave_undone(self, step: Step, by: str) -> bool:
        reason = choices.LEFT_AS_PREPARED
        if by != PREPARED:
            prompt = Prompt(SKIP_REASON, f"Why is the undo of {step.title!r} left out?")
            reason, by = self._ask(step, prompt)
        if reason.strip():
            self._session.record(Event.UNDO_SKIPPED, step=step.name, reason=reason, by=by)
        return bool(reason.strip())
