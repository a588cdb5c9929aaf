"""The first line of every screen: place on the left, state and time on the right."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.widgets.place import Place
from tui.wording import minutes


class TitleLine(Widget):
    """Procedure and object, where you are, what the screen reports, site, DRILL, elapsed time.

    `status` is the screen's own word ("2 open  0 blocked"). The time is in minutes, so that an idle
    screen sends nothing over a slow line; a screen that must show seconds puts them in `status`
    and sets `shows_elapsed` to False.
    """

    DEFAULT_CSS = """
    TitleLine { height: 1; padding: 0 1; text-style: bold; }
    """

    place: reactive[Place] = reactive(Place(""), init=False)
    status: reactive[str] = reactive("")
    _elapsed: reactive[str] = reactive("")

    def __init__(self, place: Place, *, shows_elapsed: bool = True) -> None:
        super().__init__()
        self.set_reactive(TitleLine.place, place)
        self._shows_elapsed = shows_elapsed

    def on_mount(self) -> None:
        if self._shows_elapsed:
            self._tick()
            self.set_interval(5, self._tick)

    def _tick(self) -> None:
        self._elapsed = minutes(self.place.elapsed())

    def render(self) -> Content:
        return Content(title(self.place, self.status, self._elapsed, self.content_size.width))


def title(place: Place, status: str, elapsed: str, width: int) -> str:
    """The line; where it is narrow the site goes first, then the end of what this is about."""
    drill = "DRILL" if place.drill else ""
    for parts in ((status, place.badge, elapsed), (status, drill, elapsed)):
        right = "  ".join(part for part in parts if part)
        room = max(width - len(right) - 2, 0)
        if len(place.path) <= room:
            break
    left = place.path
    if len(left) > room:
        end = f".. > {place.where}" if place.where else ".."
        left = place.what[: max(room - len(end), 0)] + end
    return f"{left}{right:>{max(width - len(left), 0)}}"
