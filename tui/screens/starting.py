"""While a run is being started: the plan is frozen, its runner begins."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from tui.screens.page import Page
from tui.widgets.place import Place


class StartingScreen(Page[None]):
    """Says so, and takes no key back: from here on the run is left from its own screen."""

    HELP = """
The plan is written down and the runner is started, in a session of its own. Then the screen of the
run follows.
"""

    def __init__(self, place: Place) -> None:
        super().__init__(place.at("Start"))

    def body(self) -> Iterable[Widget]:
        yield Static("\nStarting the run ...", markup=False)

    def action_back(self) -> None:
        """There is no way back from a run that is being started."""

    def action_leave(self) -> None:
        """The run is left from its own screen."""
