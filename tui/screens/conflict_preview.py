"""What will be written: every document, changed lines marked. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from steps.conflicts import Preview
from tui.screens.page import Page
from tui.widgets.conflict_document import ConflictDocument
from tui.widgets.conflict_words import visible
from tui.widgets.place import Place

NO_DOCUMENT = "No document is merged here. What will be done stands in the review: F2."


class ConflictPreview(Page[None]):
    """Dismisses with None."""

    HELP = """
The documents that would be written with the decisions made so far. A line that differs from what \
stands there today starts with *. Nothing is written yet, and passwords stand as numbered marks.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,enter", "change(1)", "next change", priority=True),
        Binding("N", "change(-1)", "previous change"),
        Binding("tab", "document(1)", "next document", priority=True),
        Binding("shift+tab", "document(-1)", "previous document", show=False, priority=True),
        Binding("p", "back", "back to the rows", show=False),
        Binding("question_mark", "help", "help", show=False),
    ]
    DEFAULT_CSS = """
    ConflictPreview #tabs { height: 1; text-style: bold; }
    """

    def __init__(self, place: Place, previews: Sequence[Preview]) -> None:
        super().__init__(place.at("Preview"))
        self._previews = previews
        self._index = 0

    def body(self) -> Iterable[Widget]:
        yield Static(id="tabs", markup=False)
        yield ConflictDocument()

    def on_mount(self) -> None:
        self._show(0)

    def on_resize(self) -> None:
        self._show_tabs()

    def action_document(self, step: int) -> None:
        """The next or previous document, around the end."""
        self._show((self._index + step) % max(len(self._previews), 1))

    def action_change(self, direction: int) -> None:
        """The next or previous changed line."""
        place = self.query_one(ConflictDocument).next_change(direction)
        count = self._changes()
        self.set_status(f"change {place} of {count}" if place else "nothing changed")

    def _show(self, index: int) -> None:
        if not self._previews:
            self.query_one("#tabs", Static).update(NO_DOCUMENT)
            return
        self._index = index
        self.query_one(ConflictDocument).show(self._previews[index])
        self._show_tabs()
        count = self._changes()
        self.set_status(f"{count} changed line{'' if count == 1 else 's'}")

    def _show_tabs(self) -> None:
        """All titles where they fit, else the one on show first and those that follow it."""
        if not self._previews:
            return
        titles = [visible(preview.title) for preview in self._previews]
        titles[self._index] = f"[{titles[self._index]}]"
        number = f"{self._index + 1}/{len(titles)}  "
        room = self.size.width - 2
        text = number + "  ".join(titles)
        if len(text) > room:
            text = number + "  ".join([*titles[self._index :], *titles[: self._index]])
        self.query_one("#tabs", Static).update(
            text if len(text) <= room else text[: room - 2] + ".."
        )

    def _changes(self) -> int:
        return len(self._previews[self._index].changed) if self._previews else 0
