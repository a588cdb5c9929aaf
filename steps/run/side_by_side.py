"""Several lanes at once: each goes on for itself, a failed one is held, an abort reaches all."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from steps.run.attempt import Attempt, Next
from steps.run.batches import Batch
from steps.run.ended import Ended
from steps.run.events import Event, Finish
from steps.run.session import RunSession


class Gate:
    """Stands before every step: where a pause holds, and a stop or an abort ends the run."""

    def __init__(self, session: RunSession) -> None:
        self._session = session
        self._one_pauses = threading.Lock()

    def pass_through(self) -> None:
        """Wait out a pause. Raises Ended where a stop or an abort was asked for."""
        switches = self._session.switches
        # Every lane waits here, but the pause is written down once.
        with self._one_pauses:
            if switches.pause_by and not switches.stop_by and not switches.abort_by:
                self._session.record(Event.PAUSED, by=switches.pause_by)
                self._session.record(Event.RESUMED, by=switches.wait_while_paused())
        if switches.abort_by or switches.stop_by:
            raise self.ended()

    def ended(self) -> Ended:
        """The end that was asked for; an abort goes before a stop."""
        switches = self._session.switches
        if switches.abort_by:
            return Ended(Finish.ABORTED, f"Aborted by {switches.abort_by}.")
        return Ended(Finish.STOPPED, f"Stopped by {switches.stop_by}.")


def side_by_side(session: RunSession, batch: Batch, gate: Gate) -> dict[str, str]:
    """Carry out a batch of lanes; returns the held ones with the step that holds each.

    Returns, or raises Ended or JournalBroken, when no lane runs any more.
    """
    with ThreadPoolExecutor(batch.at_once, thread_name_prefix="lane") as pool:
        lanes = {
            lane: pool.submit(_lane, session, names, gate) for lane, names in batch.lanes.items()
        }
    _raise_worst(list(lanes.values()))
    held = {lane: future.result() for lane, future in lanes.items()}
    return {lane: name for lane, name in held.items() if name}


def _lane(session: RunSession, names: Sequence[str], gate: Gate) -> str:
    """The steps of one lane in their order; returns the name of the one it is held at."""
    try:
        for name in names:
            gate.pass_through()
            if not _through(session, name):
                return name
    except Ended:
        raise
    except BaseException:
        # The journal is broken, or we are: the others must not go on for hours.
        session.switches.abort("the runner itself")
        raise
    return ""


def _through(session: RunSession, name: str) -> bool:
    attempt = Attempt(session, name)
    now = attempt.look()
    if now is Next.APPLY:
        now = attempt.apply()
    return now is Next.THROUGH


def _raise_worst(futures: Sequence[Future[str]]) -> None:
    """What went wrong with the runner itself goes before an end that was asked for."""
    errors = [error for future in futures if (error := future.exception()) is not None]
    errors.sort(key=lambda e: isinstance(e, Ended) and 1 + (e.finish is not Finish.ABORTED))
    if errors:
        raise errors[0]
