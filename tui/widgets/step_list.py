"""The steps of a run, a line each: state in words, title, time or progress bar."""

from __future__ import annotations

from datetime import UTC, datetime

from textual.widgets.option_list import Option

from steps.run.view import RunView
from tui.step_text import step_in_hand, step_line
from tui.widgets.pick_list import GUTTER, PickList


class StepList(PickList):
    """Follows the step in hand until the operator moves the cursor."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: dict[str, str] = {}
        self._followed: str | None = None

    def show(self, view: RunView) -> None:
        """Bring the list in line with the run, painting only the rows that changed."""
        width = max(self.scrollable_content_region.width - GUTTER, 20)
        now = datetime.now(UTC)
        lines = {name: step_line(step, width, now) for name, step in view.steps.items()}
        if lines.keys() != self._shown.keys():
            self.set_options(Option(line, id=name) for name, line in lines.items())
        else:
            for name, line in lines.items():
                if line != self._shown[name]:
                    self.replace_option_prompt(name, line)
        self._shown = lines
        self._follow(view)

    def _follow(self, view: RunView) -> None:
        step = step_in_hand(view)
        if step is None or step.name == self._followed:
            return
        if self.picked in (None, self._followed):
            self.pick(step.name)
        self._followed = step.name
