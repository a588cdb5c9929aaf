"""Everything a report says, as plain data: gathered from plan.json, the plan and the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from config.questions import Given
from steps.conflicts import ConflictSet, Resolutions, Row
from steps.procedure import KEPT_BY_UNDO, Plan, Procedure
from steps.run.choices import left_undone
from steps.run.directory import FrozenPlan, RunDirectory
from steps.run.events import PREPARED, Finish
from steps.run.lanes import LaneState, LaneView
from steps.run.resume import put_off
from steps.run.tables import left_to_do_of, plain_facts, tables_of
from steps.run.values import given_from_data
from steps.run.view import AskedQuestion, RunView, StepView

RECOVERY_TARGET: Final = "recovery_target"
"""The answer, in seconds, that the time to recover is compared with."""

ReportData = dict[str, Any]


def gather(run: RunDirectory, procedure: Procedure) -> ReportData:
    """The report of a run as it stands now, as JSON data without secrets."""
    frozen, view = run.frozen(), run.view()
    given = {**frozen.given, **given_from_data(view.changes)}
    plan = procedure.plan(frozen.site, given, frozen.resolutions, frozen.survey)
    return {
        "run": run.id,
        "folder": str(run.path),
        "procedure": procedure.name,
        "title": procedure.title,
        "object": plan.object,
        "verb": plan.verb,
        "site": frozen.site.name,
        "practice": frozen.site.practice,
        "plan_sha256": frozen.sha256,
        **_outcome(view, given),
        "recovers": any(q.name == RECOVERY_TARGET for q in procedure.interview.asked(given)),
        "sessions": [_session(view, number) for number in range(len(view.sessions))],
        "settings": [{"title": title, "value": value} for title, value in plan.settings],
        "decisions": _decisions(frozen, procedure),
        "changed_answers": dict(view.changes),
        "phases": _phases(view),
        "lanes": [_lane(lane, view) for lane in view.lanes.values()],
        "questions": [_question(asked) for asked in view.questions],
        "tables": tables_of(view.facts),
        "facts": plain_facts(view.facts),
        "notes": [{"at": _iso(at), "text": text} for at, text in view.notes],
        "next": _what_next(run, view, plan),
        "files": {
            "plan": str(run.plan_file),
            "journal": str(run.journal_file),
            "logs": str(run.log_folder),
            "report": str(run.report_file("html")),
        },
    }


def _outcome(view: RunView, given: Given) -> ReportData:
    target = given.get(RECOVERY_TARGET)
    elapsed = round(view.elapsed(), 3)
    limit = target if isinstance(target, int) and target > 0 else None
    return {
        "outcome": view.outcome.value if view.outcome else "not finished",
        "message": view.message,
        "started": _iso(view.started),
        "finished": _iso(view.finished),
        "seconds": elapsed,
        "target_seconds": limit,
        "target_met": None if limit is None else view.outcome is Finish.DONE and elapsed <= limit,
    }


def _session(view: RunView, number: int) -> ReportData:
    session = view.sessions[number]
    return {
        "user": session.user,
        "terminal": session.terminal,
        "host": session.host,
        "launcher": session.launcher,
        "pid": session.pid,
        "started": _iso(session.started),
        "resumed": session.resumed,
    }


def _decisions(frozen: FrozenPlan, procedure: Procedure) -> list[ReportData]:
    if procedure.conflicts is None:
        return []
    conflicts = procedure.conflicts(frozen.site, frozen.given, frozen.survey)
    return [_decision(row, conflicts, frozen.resolutions) for row in conflicts.rows]


def _decision(row: Row, conflicts: ConflictSet, resolutions: Resolutions) -> ReportData:
    chosen = resolutions.get(row.id)
    alone = row.allowed[0].value if len(row.allowed) == 1 else ""
    return {
        "id": row.id,
        "title": row.title,
        "values": dict(row.values),
        "decision": str(chosen) if chosen else alone,
        "by": "operator" if chosen else "the only choice",
        "result": conflicts.result(row.id, resolutions),
        "allowed": [decision.value for decision in row.allowed],
        "refused": {decision.value: reason for decision, reason in row.refused.items()},
    }


def _phases(view: RunView) -> list[ReportData]:
    now = max(
        (step.ended or step.started for step in view.steps.values() if step.started), default=None
    )
    return [
        {
            "name": phase.name,
            "title": phase.title,
            "steps": [_step(step, view, now) for step in phase.steps],
        }
        for phase in view.phases
    ]


def _lane(lane: LaneView, view: RunView) -> ReportData:
    titles = {phase.name: phase.title for phase in view.phases}
    stuck = lane.state is not LaneState.DONE
    return {
        "name": lane.name,
        "state": lane.state.value,
        "at": titles[lane.phase] if stuck else "",
        "why": (lane.step.message or lane.step.evidence) if stuck else lane.step.evidence,
        "reason": lane.reason,
        "seconds": round(lane.seconds, 3),
    }


def _step(step: StepView, view: RunView, now: datetime | None) -> ReportData:
    seconds = step.elapsed(now) if now else None
    return {
        "name": step.name,
        "title": step.title,
        "state": step.state.value,
        "put_off": step.put_off,
        "irreversible": step.irreversible,
        "started": _iso(step.started),
        "seconds": None if seconds is None else round(seconds, 3),
        "evidence": step.evidence,
        "message": step.message,
        "remedy": step.remedy,
        "seen": step.seen,
        "expected": step.expected,
        "reason": step.reason,
        **_place_in_time(step, view, seconds),
    }


def _place_in_time(step: StepView, view: RunView, seconds: float | None) -> ReportData:
    """Where its bar begins and how long it is, in percent of the whole run."""
    whole = view.elapsed()
    if step.started is None or view.started is None or seconds is None or whole <= 0:
        return {"offset_percent": 0.0, "width_percent": 0.0}
    offset = (step.started - view.started).total_seconds() / whole * 100
    return {
        "offset_percent": round(min(max(offset, 0.0), 100.0), 2),
        "width_percent": round(min(max(seconds / whole * 100, 0.0), 100.0 - min(offset, 100.0)), 2),
    }


def _question(asked: AskedQuestion) -> ReportData:
    question = asked.question
    labels: Mapping[str, str] = {choice.value: choice.label for choice in question.choices}
    answer = asked.answer
    return {
        "step": question.step,
        "name": question.name,
        "text": question.text,
        "choices": [choice.value for choice in question.choices],
        "answer": "(secret)" if question.secret and asked.answered else answer,
        "label": labels.get(answer or "", ""),
        "by": asked.by,
        "prepared": asked.by == PREPARED,
        "asked": _iso(question.asked),
        "answered": _iso(asked.answered),
    }


def _what_next(run: RunDirectory, view: RunView, plan: Plan) -> list[str]:
    later = [view.steps[name].title for name in view.steps if name in put_off(view)]
    undoable = any(step.touched and step.can_undo for step in view.steps.values())
    undoable = undoable and not any(s.touched and s.irreversible for s in view.steps.values())
    lines = [f"Put off: {title}. To do it now: rekindle resume {run.id}" for title in later]
    lines += [f"{left_undone(step)} {step.remedy}".rstrip() for step in view.left_undone]
    lines += plan.left_to_do
    lines += left_to_do_of(view.facts)
    lines += _left_behind(run, view, plan)
    if view.outcome is None:
        lines.append(f"The run is not finished. Watch it: rekindle attach {run.id}")
        lines.append(f"If its runner is gone: rekindle resume {run.id}")
    elif view.outcome in (Finish.FAILED, Finish.STOPPED, Finish.ABORTED):
        remedies = (step.remedy for step in view.steps.values() if step.message)
        lines += dict.fromkeys(filter(None, remedies))
        lines.append(f"To go on where it stopped: rekindle resume {run.id}")
    elif view.outcome is Finish.UNDONE and not view.undone_whole:
        lines.append(f"To go on from the last safe point: rekindle resume {run.id}")
    if not lines:
        lines.append("Nothing is left to do.")
    if undoable:
        # Last, and as what it is: undoing a backup takes the backup away.
        lines.append(f"Only if this run was a mistake, undo it: rekindle resume {run.id} --undo")
    return lines


def _left_behind(run: RunDirectory, view: RunView, plan: Plan) -> Iterator[str]:
    """What steps have brought somewhere, as far as the step that removes it is not through."""
    for step in plan.steps:
        found, remover = view.steps[step.name], view.steps.get(step.removed_by)
        if found.touched and not (remover and remover.succeeded):
            yield from step.leaves(run.id, whole=found.succeeded)
    for name, text in view.facts.items():
        if name.startswith(KEPT_BY_UNDO) and text:
            yield f"Kept by the undo: {text}. Remove it once nobody misses what is in it."


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
