"""The journal's vocabulary: one JSON object a line, written by the runner alone.

Every event has `event` (one of Event), `at` (UTC, ISO 8601 with milliseconds) and `seq` (from 1).
Transitions are fsynced before the runner goes on; PROGRESS and LOGGED are not. No event ever holds
a secret.
"""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """What a line of the journal says, with the fields it carries besides event, at and seq."""

    RUN_STARTED = "run-started"  # pid, boot_id, host, user, terminal, plan_hash, launcher, resumed
    PLAN = "plan"  # procedure, title, object, verb, phases: the outline (steps/run/outline.py)
    STEP_VERIFYING = "step-verifying"  # step
    STEP_ALREADY = "step-already"  # step, evidence
    STEP_STARTED = "step-started"  # step
    STEP_DONE = "step-done"  # step, evidence, seconds
    STEP_FAILED = "step-failed"  # step, message, remedy, seen, expected, undoing
    STEP_UNKNOWN = "step-unknown"  # step, evidence
    STEP_SKIPPED = "step-skipped"  # step, reason, by, put_off (an optional step, for later)
    UNDO_STARTED = "undo-started"  # steps (in the order of undoing), covers, whole, by, lane
    STEP_UNDOING = "step-undoing"  # step
    STEP_UNDONE = "step-undone"  # step, evidence
    UNDO_SKIPPED = "undo-skipped"  # step, reason, by: an undo that failed and was left as it is
    UNDO_FINISHED = "undo-finished"  # whole
    LANE_LEFT_OUT = "lane-left-out"  # lane, reason, by: the steps it still had are skipped
    LANE_TAKEN_UP = "lane-taken-up"  # lane: it was left out and goes on after all
    PROGRESS = "progress"  # step, done, total, unit
    FACT = "fact"  # name, value
    ASKED = "asked"  # question (id), step, name, text, detail, choices, default, secret
    ANSWERED = "answered"  # question, value (never for secrets), by
    ANSWER_CHANGED = "answer-changed"  # name, value, by: an answer the plan depends on
    PAUSED = "paused"  # by
    RESUMED = "resumed"  # by
    NOTE = "note"  # text: anything worth a line in the report
    RUN_FINISHED = "run-finished"  # outcome: Finish, message


class StepState(StrEnum):
    """Where a step is, folded from the journal."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ALREADY = "already"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    UNDONE = "undone"


class Doing(StrEnum):
    """What a running step is busy with."""

    NOTHING = ""
    CHECKING = "checking"
    APPLYING = "applying"
    UNDOING = "undoing"


class Finish(StrEnum):
    """How a run ended."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    UNDONE = "undone"
    ABORTED = "aborted"


PREPARED = "prepared answers"
"""Who answered, where an answer file did."""

# The names of questions that the runner itself asks; a step's own prompts have their own names.
FAILED_STEP = "step-failed"  # choices: retry, change, skip (or leave-out, its lane), undo, stop;
# retry-all and leave-out-all where the same step failed for several lanes
UNKNOWN_STEP = "step-unknown"  # choices: verify, apply (never for irreversible), done, ...
FAILED_UNDO = "undo-failed"  # choices: retry, skip, stop
SKIP_REASON = "skip-reason"  # text
CHANGE_WHICH = "change-which"  # choices: the answers the failed step depends on
CHANGE_VALUE = "change-value"  # text or choices: the new value
