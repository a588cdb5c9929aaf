"""One order from claim to report. Several workers work at once, each with targets of its own."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from config.errors import Interrupted, Refused, RekindleError, Unreachable
from config.secrets import Secret
from steps.run.redact import Redactor
from steps.targets import Targets
from steps.virtual_machine.heartbeat import Busy
from steps.virtual_machine.job_leaf import CLAIMED, job_leaf
from steps.virtual_machine.job_words import DELETE, SNAPSHOT, UNRETAIN_SMALL
from steps.virtual_machine.node.beating import Pulse
from steps.virtual_machine.node.carry_out import NodeContext, carry_out
from steps.virtual_machine.node.keeping import Diary, Recall, StateFolder
from steps.virtual_machine.node.orders import Order
from steps.virtual_machine.node.reports import claim, report_done, report_failure
from steps.virtual_machine.node.work import Work
from steps.virtual_machine.server_clock import ServerClock

_FIRST = (SNAPSHOT, DELETE, UNRETAIN_SMALL)
"""A job begins with one of these: facts of an earlier job of the same leaf are not its own."""
_ATTEMPT = "attempt"
_ENDED = "ended"


class Ending(StrEnum):
    """How an order ended for this daemon."""

    DONE = "done"
    FAILED = "failed"
    LEFT = "left"  # the daemon is being stopped; it goes on after its next start
    LOST = "lost"  # somebody else has the order
    UNSAID = "unsaid"  # the directory does not answer; it is looked at again


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an order."""

    order: Order
    ending: Ending
    seconds: float = 0.0
    return_value: int = 0
    message: str = ""


class Worker:
    """Carries out orders. One for all threads of a daemon: it keeps nothing between two calls."""

    def __init__(
        self,
        work: Work,
        folder: StateFolder,
        owner: str,
        clock: ServerClock,
        pulse: Pulse,
        *,
        open_targets: Callable[[], Targets],
        secrets: Callable[[str], Secret | None],
        redactor: Redactor,
        leaving: Callable[[], bool],
    ) -> None:
        self._work, self._folder, self._owner = work, folder, owner
        self._clock, self._pulse = clock, pulse
        self._open_targets, self._secrets = open_targets, secrets
        self._redactor, self._leaving = redactor, leaving

    def carry_out(self, order: Order) -> Result:
        """From claim to report; every error ends in the result."""
        targets = self._open_targets()
        began = time.monotonic()
        try:
            result = self._claimed(order, targets)
        except Unreachable as error:
            result = Result(order, Ending.UNSAID, message=error.message)
        except Refused as error:
            result = Result(order, Ending.LOST, message=error.message)
        finally:
            targets.close()
            self._pulse.clear(order.leaf.dn)
        return replace(result, seconds=result.seconds or time.monotonic() - began)

    def _claimed(self, order: Order, targets: Targets) -> Result:
        directory = targets.directory()
        leaf = order.leaf
        self._pulse.set(Busy(leaf.dn, order.task.order))
        if not order.resumed:
            claim(directory, leaf, order.task, self._owner, self._clock.now())
        now = directory.get(leaf.dn)
        held = job_leaf(now) if now is not None else None
        if held is None or held.owner != self._owner or held.mode != order.task.doing:
            raise Refused(f"The leaf {leaf.dn} is not ours any more.")
        order = replace(order, leaf=held)
        try:
            diary = self._folder.diary(
                leaf, self._redactor, keep=lambda recall: _goes_on(order, recall)
            )
        except RekindleError as error:
            return self._report(order, targets, error, "")
        try:
            return self._work_on(order, targets, diary)
        finally:
            diary.close()

    def _work_on(self, order: Order, targets: Targets, diary: Diary) -> Result:
        context = NodeContext(order, targets, diary, self._pulse, self._secrets, self._leaving)
        try:
            if diary.recall(_ATTEMPT) != _attempt(order):
                diary.remember("began", f"{time.time():.3f}")
                diary.remember(_ATTEMPT, _attempt(order))
            diary.log(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ} {order.title}"
                      + (", taken up again" if order.resumed else ""))  # fmt: skip
            carry_out(self._work.steps(order, context), context, diary)
            # Before the report: an order of the same task after it is another job.
            diary.remember(_ENDED, _attempt(order))
        except Interrupted as error:
            return Result(order, Ending.LEFT, message=error.message)
        except Exception as error:  # noqa: BLE001  (the step boundary)
            return self._failed(order, targets, diary, error)
        seconds = max(time.time() - float(diary.recall("began") or time.time()), 0.0)
        return self._done(order, context, seconds)

    def _done(self, order: Order, context: NodeContext, seconds: float) -> Result:
        directory, now = context.targets.directory(), self._clock.now()
        times = {order.task.order: seconds, **self._work.measured(order, context)}
        moment = self._work.moment(order, context)
        # How long ago is the same by any clock; the server's is the one that all nodes share.
        ago = 0.0 if moment is None else max(time.time() - moment, 0.0)
        taken = now - timedelta(seconds=ago)
        report_done(directory, order.leaf, order.task, now, times, taken)
        return Result(order, Ending.DONE, seconds)

    def _failed(self, order: Order, targets: Targets, diary: Diary, error: Exception) -> Result:
        more = ""
        try:
            diary.log("".join(traceback.format_exception(error)).rstrip())
        except OSError as trouble:
            more = f" (the log in {diary.folder} cannot be written: {trouble.strerror})"
        return self._report(order, targets, error, more)

    def _report(self, order: Order, targets: Targets, error: Exception, more: str) -> Result:
        code = self._work.return_code(error, order.task) or 1
        message = self._redactor.clean(_said(error)) + more
        report_failure(targets.directory(), order.leaf, code, message)
        return Result(order, Ending.FAILED, return_value=code, message=message)


def _attempt(order: Order) -> str:
    """What tells one claim of a task from every other: its word, and the claim's own mark."""
    return f"{order.task.order} {order.leaf.mark(CLAIMED).partition(' ')[2]}"


def _goes_on(order: Order, recall: Recall) -> bool:
    """Whether what is known of a leaf belongs to this order.

    The first task of a job begins with nothing, but for an order given again: after a failure it
    goes on where that ended, for only what is known tells what was done to the machine by then.
    """
    if order.task not in _FIRST:
        return True
    known = recall(_ATTEMPT) or ""
    same_task = known.partition(" ")[0] == order.task.order
    return known == _attempt(order) or (same_task and recall(_ENDED) != known)


def _said(error: Exception) -> str:
    if not isinstance(error, RekindleError):
        return f"something unexpected happened: {type(error).__name__}: {error}"
    seen = getattr(error, "seen", "")
    return f"{error.message} {seen}".strip()
