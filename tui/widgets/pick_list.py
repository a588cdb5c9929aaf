"""A list to pick from, readable without colour: `>` marks the row in hand, `(*)` what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.hanging import hang

GUTTER = 2


class PickList(OptionList):
    """An OptionList that shows its cursor as a mark, and that ignores the mouse hovering."""

    DEFAULT_CSS = """
    PickList { border: none; padding: 0; height: auto; max-height: 100%; }
    PickList:focus { border: none; }
    PickList > .option-list--option { padding: 0; }
    """

    def __init__(self, *options: Option, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(*options, id=id, classes=classes, markup=False, compact=True)

    def _get_left_gutter_width(self) -> int:
        return GUTTER

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The cursor's column takes its room from the rows: they may need a line more for it."""
        return super().get_content_height(container, viewport, width - GUTTER)

    def render_line(self, y: int) -> Strip:
        line = super().render_line(y)
        mark = "> " if self._first_line_of_cursor(y) and self.has_focus else "  "
        style = next((segment.style for segment in line), None)
        return Strip([Segment(mark, style), *line], line.cell_length + GUTTER)

    def _first_line_of_cursor(self, y: int) -> bool:
        line = self.scroll_offset.y + y
        return self.highlighted is not None and self._index_to_line.get(self.highlighted) == line

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A list that is seen whole leaves the page keys to the page it stands on."""
        if action in ("page_up", "page_down") and self.max_scroll_y == 0:
            return False
        return super().check_action(action, parameters)

    def pick(self, option_id: str) -> None:
        """Put the cursor on an option; nothing happens where it is not there."""
        if any(option.id == option_id for option in self.options):
            self.highlighted = self.get_option_index(option_id)

    @property
    def picked(self) -> str | None:
        """Id of the option under the cursor."""
        option = self.highlighted_option
        return option.id if option else None


class ChoiceList(PickList):
    """One of several answers: `(*)` is the chosen one. Space chooses, Enter chooses and goes on.

    With `several`, `[*]` marks each chosen one; Space chooses or takes back, Enter goes on with
    what is chosen (with the row in hand where nothing is).
    """

    BINDINGS = [Binding("space", "choose", "choose", show=False)]

    @dataclass
    class Picked(Message):
        """An answer was chosen; with `onward` (Enter) the operator wants the next question.

        Several values are separated by commas.
        """

        choices: ChoiceList
        value: str
        onward: bool

    @dataclass
    class Passed(Message):
        """Enter while a default is still looked for: nothing is chosen, the next one is wanted."""

        choices: ChoiceList

    def __init__(self, *, several: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.awaits_default = False
        self._several = several
        self._choices: dict[str, tuple[str, str]] = {}
        self._chosen: tuple[str, ...] = ()

    @property
    def chosen(self) -> str:
        """What is chosen, separated by commas; empty for nothing."""
        return ", ".join(self._chosen)

    def show(self, choices: Sequence[tuple[str, str, str]], chosen: str | None) -> None:
        """Show `(value, label, refused)` rows; a refused one says why and cannot be chosen."""
        found = {value: (label, refused) for value, label, refused in choices}
        if found == self._choices and (chosen or "") == self.chosen:
            return
        untouched = self.highlighted in (None, 0) or self.picked in self._chosen
        self._choices, self._chosen = found, self._split(chosen or "")
        self._fill()
        if untouched and self._chosen:
            # A default that comes late: Enter must take it, not the row that was in hand.
            self.pick(self._chosen[0])

    def _split(self, chosen: str) -> tuple[str, ...]:
        parts = chosen.split(",") if self._several else [chosen]
        return tuple(part.strip() for part in parts if part.strip())

    def _fill(self) -> None:
        cursor = self.picked
        self.set_options(
            Option(self._prompt(value), id=value, disabled=bool(refused))
            for value, (_, refused) in self._choices.items()
        )
        self.pick(cursor or (self._chosen or ("",))[0])
        if self.highlighted is None:
            self.action_first()

    def on_resize(self) -> None:
        self._fill()

    def watch_show_vertical_scrollbar(self) -> None:
        """The bar takes room from the rows, which were wrapped without it."""
        self.call_after_refresh(self._fill)

    def _prompt(self, value: str) -> Content:
        label, refused = self._choices[value]
        marks = ("[*] ", "[ ] ") if self._several else ("(*) ", "( ) ")
        mark = " -  " if refused else marks[0] if value in self._chosen else marks[1]
        text = f"{label}  no: {refused}" if refused else label
        width = self.scrollable_content_region.width - GUTTER
        return Content("\n".join(_in_columns(mark, text, width)))

    def choose(self, value: str) -> None:
        """Mark one as chosen; of several, one that is chosen already is taken back."""
        before = self._chosen
        if not self._several:
            self._chosen = (value,)
        elif value in before:
            self._chosen = tuple(other for other in before if other != value)
        else:
            self._chosen = (*before, value)
        for changed in {*before, value}:
            if changed in self._choices:
                self.replace_option_prompt(changed, self._prompt(changed))

    def action_choose(self) -> None:
        """Choose the row in hand and stay."""
        self._pick(onward=False)

    def action_select(self) -> None:
        """Choose the row in hand and go on; several that are chosen stay as they are.

        A row that nobody moved to is not chosen in place of a default that is on its way.
        """
        if self.awaits_default and not self._chosen and self.highlighted in (None, 0):
            self.post_message(self.Passed(self))
        elif self._several and self._chosen:
            self.post_message(self.Picked(self, self.chosen, onward=True))
        else:
            self._pick(onward=True)

    def _pick(self, *, onward: bool) -> None:
        option = self.highlighted_option
        if option is not None and option.id is not None and not option.disabled:
            self.choose(option.id)
            self.post_message(self.Picked(self, self.chosen, onward))


def _in_columns(mark: str, text: str, width: int) -> list[str]:
    """A label and its note in one line; where there is no room for it, the note gets its own."""
    lines = hang(mark, text, width)
    label, gap, note = text.rpartition("  ")
    if len(lines) == 1 or not gap:
        return lines
    return _in_columns(mark, label.rstrip(), width) + hang(" " * len(mark), note, width)
