"""The steps of a run, a line each; where there are lanes, a line each phase and each lane."""

from __future__ import annotations

from datetime import UTC, datetime

from textual.widgets.option_list import Option

from steps.run.view import RunView, StepView
from tui.lane_text import PHASE, row_of, rows, step_of
from tui.step_text import step_in_hand
from tui.widgets.pick_list import GUTTER, PickList


class StepList(PickList):
    """Follows the step in hand until the operator moves the cursor."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: dict[str, str] = {}
        self._followed: str | None = None
        self._view: RunView | None = None

    def on_resize(self) -> None:
        """A scroll bar that comes takes its room: the lines are made anew, not wrapped."""
        if self._view is not None:
            self.show(self._view)

    def show(self, view: RunView) -> None:
        """Bring the list in line with the run, painting only the rows that changed."""
        self._view = view
        width = max(self.scrollable_content_region.width - GUTTER, 20)
        now = datetime.now(UTC)
        lines = rows(view, width, now)
        if list(lines) != list(self._shown):
            self._arrange(lines)
        else:
            for name, line in lines.items():
                if line != self._shown[name]:
                    self.replace_option_prompt(name, line)
        self._shown = lines
        self._follow(view)

    def step(self, view: RunView) -> StepView | None:
        """The step that the row under the cursor is about; on a phase, the one in hand."""
        picked = self.picked or ""
        return step_in_hand(view) if picked.startswith(PHASE) else step_of(view, picked)

    def _arrange(self, lines: dict[str, str]) -> None:
        """Set all rows anew; the cursor stays on its row, wherever that is now."""
        picked = self.picked
        self.set_options(Option(line, id=name) for name, line in lines.items())
        if picked is not None:
            self.pick(picked)

    def _follow(self, view: RunView) -> None:
        step = step_in_hand(view)
        row = row_of(step) if step else None
        if row is None or row == self._followed:
            return
        if self.picked in (None, self._followed):
            self.pick(row)
        self._followed = row
