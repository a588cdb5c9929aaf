"""What a leaf tells of a job: who is at work, what waits, what is stuck and why. Pure.

The rules: "-ing" with a return value has failed; "-ing" of a daemon that does not beat is dead;
"-ing" much longer than usual is suspect; an order that nobody takes has no listener; half of a
write is a writer that was cut off, for an original daemon needs three writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Final

from steps.run.text import duration
from steps.virtual_machine.directory_modes import DAY_PAST
from steps.virtual_machine.heartbeat import (
    MISSED_BEATS,
    SLACK_SECONDS,
    Busy,
    Heartbeat,
    living,
)
from steps.virtual_machine.job_leaf import FAILED, JobLeaf
from steps.virtual_machine.job_words import (
    FINISHED,
    INITIALIZE,
    INITIALIZED,
    Task,
    being_done,
    ordered,
    reported,
)
from steps.virtual_machine.return_values import meaning

UNHEARD_SECONDS: Final = 60.0
"""Two cycles of the original: an order that waits longer has no listener."""
HALF_SECONDS: Final = 30.0
"""So long the second of several writes may take."""
SUSPECT_TIMES: Final = 5.0
"""So many times its usual duration makes a task suspect."""
SUSPECT_LEAST_SECONDS: Final = 300.0
REPAIR: Final = "Repair a stuck backup (virtual_machine.repair)"
"""What every text recommends."""
UNKNOWN_SECONDS: Final = 3600.0
"""What a task may usually take where nothing is known of earlier ones."""


class Kind(StrEnum):
    """How a job stands."""

    IDLE = "idle"
    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    SLOW = "suspect"
    UNHEARD = "not heard"
    DEAD = "dead"
    HALF = "half"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def stuck(self) -> bool:
        """Whether nothing goes on without somebody."""
        return self in (Kind.UNHEARD, Kind.DEAD, Kind.HALF, Kind.FAILED, Kind.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a job stands, why, what can be done about it, and how far the work is."""

    kind: Kind
    text: str
    remedy: str = ""
    busy: Busy | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What a leaf is judged by: its machine's node, the daemons, the server's time, the usual."""

    node: str
    beats: Sequence[Heartbeat]
    now: datetime
    usual: Mapping[str, float]


def usual_seconds(leaves: Iterable[JobLeaf]) -> dict[str, float]:
    """The median duration of each task, by its order's word."""
    found: dict[str, list[float]] = {}
    for leaf in leaves:
        for task, seconds in leaf.times:
            found.setdefault(task.lower(), []).append(seconds)
    return {task: median(seconds) for task, seconds in found.items()}


def standing(leaf: JobLeaf, around: Around) -> Standing:
    """How the job of a leaf stands."""
    doing, order, done = being_done(leaf.mode), ordered(leaf.mode), reported(leaf.mode)
    if doing is not None:
        return _being_done(leaf, doing, around)
    if order is not None:
        return _ordered(leaf, order, around)
    if done is not None:
        return _reported(leaf, done, around)
    if leaf.mode.lower() == FINISHED:
        return _finished(leaf)
    if leaf.mode.lower() in (INITIALIZE, INITIALIZED):
        return Standing(Kind.WAITING, f"{leaf.mode}: the first order is still to be given")
    return Standing(
        Kind.UNKNOWN, f"{leaf.mode!r} is a mode that nobody carries out", "Find out who wrote it."
    )


def has_failed(leaf: JobLeaf) -> bool:
    """Whether a daemon gave up on what the leaf says."""
    at_work = being_done(leaf.mode) or reported(leaf.mode)
    return at_work is not None and leaf.return_value != 0


def failure(leaf: JobLeaf) -> str:
    """Why, as far as the directory tells."""
    told = leaf.mark(FAILED).partition(" ")[2]
    reason = f": {told}" if told else ""
    return f"return value {leaf.return_value} ({meaning(leaf.return_value)}){reason}"


def _being_done(leaf: JobLeaf, task: Task, around: Around) -> Standing:
    if leaf.return_value:
        return Standing(
            Kind.FAILED, f"{task.order} failed, {failure(leaf)}",
            f"Mend the cause on {around.node}, then: {REPAIR}.",
        )  # fmt: skip
    age = _age(leaf, around)
    if leaf.owner:
        beat = next((b for b in around.beats if b.owner == leaf.owner), None)
        if beat is None or not beat.lives(around.now):
            return _dead(leaf, task, beat, around)
        busy = next((b for b in beat.busy if b.leaf.lower() == leaf.dn.lower()), None)
        if busy is not None and not _too_long(task, age, around):
            return Standing(Kind.WORKING, f"{leaf.mode} for {duration(age)}", busy=busy)
        if busy is None and age > MISSED_BEATS * beat.every + SLACK_SECONDS:
            return Standing(
                Kind.SLOW, f"{leaf.mode} for {duration(age)}, but the daemon that claimed it beats"
                " without saying that it works on it",
                f"Look at its log on {around.node}. If it does not take it up by itself, restart"
                " it: systemctl restart rekindle-node",
            )  # fmt: skip
    if _too_long(task, age, around):
        usual = around.usual.get(task.order.lower())
        known = f"usually {duration(usual)}" if usual else "nothing is known of earlier ones"
        return Standing(
            Kind.SLOW, f"{leaf.mode} for {duration(age)}, {known}",
            f"Look at the log of the daemon on {around.node}; nothing is ordered again by itself.",
        )  # fmt: skip
    return Standing(Kind.WORKING, f"{leaf.mode} for {duration(age)}")


def _dead(leaf: JobLeaf, task: Task, beat: Heartbeat | None, around: Around) -> Standing:
    last = "it has no heartbeat"
    if beat is not None and beat.beaten is not None:
        last = f"its last beat was {duration((around.now - beat.beaten).total_seconds())} ago"
    return Standing(
        Kind.DEAD, f"{task.order} was claimed by the daemon {leaf.owner}, which is gone: {last}",
        f"Start it on {around.node} (systemctl start rekindle-node): it goes on by itself. Where"
        f" its state folder is lost: {REPAIR}.",
    )  # fmt: skip


def _ordered(leaf: JobLeaf, task: Task, around: Around) -> Standing:
    age = _age(leaf, around)
    if not leaf.commanded:
        if age < HALF_SECONDS:
            return Standing(Kind.WAITING, f"{task.order} is being ordered")
        return Standing(
            Kind.HALF, f"{task.order} is ordered, but the state is {leaf.state}, not 0: its writer"
            " was cut off, and no daemon acts on it",
            f"{REPAIR}.",
        )  # fmt: skip
    if leaf.date == DAY_PAST:
        if age < HALF_SECONDS:
            return Standing(Kind.WAITING, f"{task.order} is being claimed by a run")
        return Standing(
            Kind.HALF, f"{task.order} was to be done by a run of Rekindle itself, which was cut"
            " off; no daemon acts on it", f"Resume that run (rekindle runs), or: {REPAIR}.",
        )  # fmt: skip
    alive = living(around.beats, around.node, around.now)
    others = sum(len(beat.busy) for beat in alive)
    if alive and (others or age < UNHEARD_SECONDS):
        return Standing(Kind.WAITING, f"{task.order} waits for {around.node}, busy with {others}")
    if age < UNHEARD_SECONDS:
        return Standing(Kind.WAITING, f"{task.order} waits for {around.node or 'no node'}")
    why = "its daemon beats but does not take it" if alive else "no daemon there has a heartbeat"
    return Standing(
        Kind.UNHEARD, f"{task.order} waits for {around.node or 'no node'} since {duration(age)}:"
        f" {why}",
        f"Start the daemon on {around.node} (systemctl start rekindle-node), or correct sstNode"
        " where the machine is elsewhere. The order stays.",
    )  # fmt: skip


def _reported(leaf: JobLeaf, task: Task, around: Around) -> Standing:
    if leaf.return_value:
        return Standing(Kind.FAILED, f"{task.order} ended with {failure(leaf)}",
                        f"Look at the log of the daemon on {around.node}.")  # fmt: skip
    if leaf.commanded and _age(leaf, around) >= HALF_SECONDS:
        return Standing(
            Kind.HALF, f"{leaf.mode}, but the state is still 0: the daemon was cut off between its"
            " writes", f"{REPAIR}.",
        )  # fmt: skip
    return Standing(Kind.DONE, f"{leaf.mode}, the next order is still to be given")


def _finished(leaf: JobLeaf) -> Standing:
    if leaf.commanded:
        return Standing(
            Kind.HALF, "finished with state 0, which makes an original daemon answer 18",
            f"{REPAIR}.",
        )  # fmt: skip
    if leaf.return_value:
        return Standing(Kind.FAILED, f"finished with {failure(leaf)}",
                        "The last backup is not good: take another one.")  # fmt: skip
    return Standing(Kind.IDLE, "finished")


def _too_long(task: Task, age: float, around: Around) -> bool:
    usual = around.usual.get(task.order.lower())
    limit = UNKNOWN_SECONDS if usual is None else SUSPECT_TIMES * usual
    return age > max(limit, SUSPECT_LEAST_SECONDS)


def _age(leaf: JobLeaf, around: Around) -> float:
    if leaf.changed is None:
        return 0.0
    return max((around.now - leaf.changed).total_seconds(), 0.0)
