"""The runs there are, as Home lists them: read from run directories, never changed here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import RekindleError
from steps.run.directory import RunDirectory, list_runs
from steps.run.events import Finish
from steps.run.view import RunView
from tui.lane_text import running_words
from tui.wording import day, seconds

if TYPE_CHECKING:
    from steps.drill.history import DrillResult

AT_MOST = 20
"""How many of the newest runs are read."""

NEEDS_ATTENTION = ("waiting", "paused", "cut off", "failed", "damaged")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run in a few words. `state` is one of: starting, running, waiting, paused, cut off (no
    runner, not finished), done, failed, stopped, undone, aborted, damaged."""

    path: Path
    procedure: str
    title: str
    state: str
    note: str
    practice: bool = False
    started: datetime | None = None
    took: float = 0.0
    left_undone: int = 0
    """How many steps could not be undone and were left as they are."""

    @property
    def mark(self) -> str:
        """`!` where an operator is needed."""
        return "!" if self.state in NEEDS_ATTENTION or self.left_undone else " "

    @property
    def finished(self) -> bool:
        """Whether it came to an end."""
        return self.state in [finish.value for finish in Finish]


def summaries(folder: Path | None = None) -> tuple[RunSummary, ...]:
    """The newest runs, newest first. Blocking: call it in the background."""
    return tuple(summary(run) for run in list_runs(folder)[:AT_MOST])


def summary(run: RunDirectory) -> RunSummary:
    """One run."""
    try:
        frozen, view = run.frozen(), run.view()
        practice = bool(frozen.site_data.get("practice", False))
    except RekindleError as error:
        return RunSummary(run.path, "", run.id, "damaged", error.message)
    state, note = _state(run, view)
    title = f"{view.verb} {view.object}".strip() or frozen.procedure
    return RunSummary(
        run.path, frozen.procedure, title, state, note, practice, view.started, view.elapsed(),
        len(view.left_undone),
    )  # fmt: skip


def _state(run: RunDirectory, view: RunView) -> tuple[str, str]:
    if view.outcome is not None:
        but = ", but not all of it" if view.left_undone else ""
        return view.outcome.value, f"{view.outcome.value} in {seconds(view.elapsed())}{but}"
    if run.holder() is None:
        return ("cut off", "no runner: resume it") if view.started else ("starting", "not started")
    if view.question is not None:
        return "waiting", "waiting for you: 1 question"
    if view.paused:
        return "paused", "paused"
    running = running_words(view)
    return "running", f"running: {running}" if running else "running"


def last_of(runs: Iterable[RunSummary], procedure: str) -> RunSummary | None:
    """The newest finished run of a procedure that was no drill."""
    finished = (run for run in runs if run.finished and not run.practice)
    return next((run for run in finished if run.procedure == procedure), None)


def last_drills() -> dict[str, str]:
    """When each procedure was last drilled, and how it went. Blocking."""
    from steps.drill.history import all_drills

    return {drill.procedure: _told(drill) for drill in all_drills()}


def _told(drill: DrillResult) -> str:
    word = "passed" if drill.passed else "failed"
    return f"{day(drill.date)}, {word} in {seconds(drill.seconds)}"
