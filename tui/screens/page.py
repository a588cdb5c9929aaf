"""What every full screen of the wizard has: title line, rule, body, rule, keys, help, leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget

from config.errors import Interrupted, RekindleError
from tui.screens.too_small import ask_for_room
from tui.widgets.key_line import KeyLine
from tui.widgets.place import Place
from tui.widgets.rule_line import RuleLine
from tui.widgets.title_line import TitleLine

if TYPE_CHECKING:
    from tui.keep import Keep

Result = TypeVar("Result")


class Page(Screen[Result], Generic[Result]):
    """A full screen. A subclass gives `body()`, HELP, and its own BINDINGS."""

    HELP: ClassVar[str] = ""
    """What this screen is and what can be done on it; F1 shows it."""

    SHOWS_ELAPSED: ClassVar[bool] = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("ctrl+d", "leave", "leave", priority=True),
        Binding("f1", "help", "help", priority=True),
        Binding("ctrl+s", "save", "save answers", priority=True, show=False),
        Binding("f6", "copy", "copy what is wrong, also to a file", show=False),
    ]

    DEFAULT_CSS = """
    Page > #body { height: 1fr; padding: 0 1; }
    """

    keep: Keep | None = None
    """How the answers are saved from this screen, where there are any."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self._waiting_result: list[Result | None] = []
        self._left = False

    def compose(self) -> ComposeResult:
        yield TitleLine(self.place, shows_elapsed=self.SHOWS_ELAPSED)
        yield RuleLine()
        with Vertical(id="body"):
            yield from self.body()
        yield RuleLine()
        yield KeyLine()

    def body(self) -> Iterable[Widget]:
        """The widgets between the two rules."""
        return ()

    def set_place(self, where: str) -> None:
        """Say in the title line that the operator is elsewhere on the same screen."""
        self.place = self.place.at(where)
        self.query_one(TitleLine).place = self.place

    def set_what(self, what: str) -> None:
        """Say in the title line what this is about, once that is known."""
        self.place = replace(self.place, what=what)
        self.query_one(TitleLine).place = self.place

    def show_site(self, name: str, *, drill: bool) -> None:
        """Say in the title line which site this is about, once that is known."""
        self.place = replace(self.place, site=name, drill=drill)
        self.query_one(TitleLine).place = self.place

    def set_status(self, status: str) -> None:
        """The screen's own word in the title line."""
        self.query_one(TitleLine).status = status

    @property
    def gone(self) -> bool:
        """Whether the page is done with; what then comes in the background is nobody's concern."""
        return self._left or not self.query(TitleLine)

    def finish(self, result: Result | None) -> None:
        """Leave the screen with a result; where a dialog stands above it, when that has closed."""
        # Not `is_current`: a page counts as current under a dialog that lets it shine through.
        if self.app.screen is self:
            self._left = True
            self.dismiss(result)
        else:
            self._waiting_result = [result]

    def on_screen_resume(self) -> None:
        ask_for_room(self.app)
        if self._waiting_result:
            self.call_later(self.finish, self._waiting_result.pop())

    def focused_help(self) -> str:
        """Help for the thing that has the focus; empty where there is nothing to add."""
        return ""

    def action_back(self) -> None:
        """Go back; every answer is kept."""
        self.finish(None)

    def action_help(self) -> None:
        """Explain the screen and the focused thing."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen.about(self))

    def action_leave(self) -> None:
        """Ask how to leave; nothing has been started yet."""
        from tui.screens.leave import LeaveWizard

        self.commit()
        self.app.push_screen(LeaveWizard(answers=self.keep is not None), self._leave_as_chosen)

    def _leave_as_chosen(self, choice: str | None) -> None:
        from tui.screens.leave import DISCARD, SAVE

        if choice == DISCARD:
            self.app.exit(Interrupted.exit_code)
        elif choice == SAVE:
            path = self._saved()
            if path is not None:
                self.app.exit(Interrupted.exit_code, message=f"The answers are saved: {path}")

    def commit(self) -> None:
        """Keep what is being typed: whatever comes next, it is not lost."""

    def action_save(self) -> None:
        """Write the answers to a file and say where."""
        self.commit()
        path = self._saved()
        if path is not None and self.keep is not None:
            self.show_notice("The answers are saved", self.keep.how_to_use(path))

    def _saved(self) -> Path | None:
        if self.keep is None:
            return None
        try:
            return self.keep.save()
        except RekindleError as error:
            self.show_notice("The answers were not saved", str(error))
            return None

    def wrong_text(self) -> str:
        """What is wrong here, as text that can be sent to somebody; empty where nothing is."""
        return ""

    def action_copy(self) -> None:
        """Copy what is wrong, and keep it in a file: no terminal says whether it copied."""
        from tui.screens.dialog import copy_and_tell

        copy_and_tell(self.app, self.wrong_text())

    def show_notice(self, title: str, text: str) -> None:
        """Something to read, in the middle of the screen."""
        from tui.screens.dialog import Notice

        self.app.push_screen(Notice(title, text))
