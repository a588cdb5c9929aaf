"""A run that a later one of the same object stands on: its way back is no longer its own."""

from __future__ import annotations

from pathlib import Path

from config.errors import Refused, RekindleError
from config.questions import Value
from steps.run.directory import FrozenPlan, RunDirectory, list_runs
from steps.run.events import Finish
from steps.run.resume import put_off

Acted = tuple[str, str, tuple[Value | None, ...]]
"""What a run acts on: procedure, site, and the answers that name its object."""


def check_newest(run: RunDirectory, folder: Path | None = None, *, undo: bool = False) -> None:
    """Raise Refused where a later run has changed the same object and was not undone since.

    A finished run may still clean up once the later one has cleaned up as well.
    """
    tidy = not undo and run.view().outcome is Finish.DONE
    for later in _later_runs(run, folder):
        view = later.view()
        changed = [step for step in view.steps.values() if step.touched]
        if not any(step.can_undo or step.irreversible for step in changed):
            continue
        if tidy and view.outcome is Finish.DONE and not put_off(view):
            continue
        raise Refused(
            f"Run {later.id} came later and changed the same: {view.object}.",
            f"Undo that one first: rekindle resume {later.id} --undo; or make a new plan.",
        )


def _later_runs(run: RunDirectory, folder: Path | None) -> list[RunDirectory]:
    """Later runs on the same object; one that cannot be read is nobody's reason to stop here."""
    runs = list_runs(folder)
    newer = runs[: next((n for n, found in enumerate(runs) if found.id == run.id), 0)]
    wanted = _object(run.frozen())
    return [found for found in newer if _readable_object(found) == wanted]


def _readable_object(run: RunDirectory) -> Acted | None:
    try:
        return _object(run.frozen())
    except RekindleError:
        return None


def _object(frozen: FrozenPlan) -> Acted:
    """Procedure, site and the answers that say what it is about."""
    from steps import catalogue

    subject = catalogue.find(frozen.procedure).subject(frozen.given)
    about = tuple(frozen.given.get(question.name) for question in subject)
    return frozen.procedure, str(frozen.site_data.get("name", "")), about
