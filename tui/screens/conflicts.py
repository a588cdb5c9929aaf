"""The conflict screen: rows above, the one in hand below; one key decides and moves on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Input, Static

from config.errors import InvalidInput, Refused
from steps.conflicts import FIELD_DECISIONS, Decision, Desk, Resolution, Resolutions
from steps.run.text import counted
from tui.screens.conflict_preview import ConflictPreview
from tui.screens.conflicts_view import ConflictsView
from tui.widgets.conflict_group import SUGGESTED, GroupPlan, changed_titles, group_plan
from tui.widgets.conflict_menu import (
    ALL_OPEN,
    GO_TO,
    ConflictMenu,
    cold_menu,
    group_confirmation,
    group_menu,
    row_menu,
    unfinished_menu,
    warnings_menu,
)
from tui.widgets.conflict_words import known_values, may_go_cold, no_cold_words
from tui.widgets.place import Place


@dataclass(frozen=True, slots=True)
class SwitchToCold:
    """What the screen dismisses with when the operator gives the memory up.

    The caller changes the interview's mode answer, compares again, and opens the screen on
    `desk.carried_over(new conflicts)`: decisions that still exist are kept.
    """

    desk: Desk


Outcome = Desk | SwitchToCold


class ConflictsScreen(ConflictsView[Outcome]):
    """Dismisses with the desk when nothing is open or blocking, SwitchToCold, or None for back.

    The desk keeps its decisions and its undo history, so that the same desk on a new screen goes on
    where this one was left.
    """

    HELP = """
Every field on which the backup and today's world disagree. Nothing is decided for you: a row \
marked ! is open until you choose, a row marked x blocks whatever else you choose, and F2 goes on \
only when neither is left. A field with one possible answer is decided by itself.

b takes the backup's value, l today's value, x the backup's value now and today's value from the \
next cold start, e a value you type. Rows that are no field but a risk have keys of their own: a \
accepts it, s stops here, and what else there is stands in the lower half. A choice that cannot \
be made says "no:" and why. Rows that belong together move together. Enter lists everything that \
can be done, so that arrows, Enter and Esc are enough; Tab and the arrows scroll the lower half. \
Undo has no limit, and leaving the screen loses nothing.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "keep_backup", "choose", key_display="b l x e"),
        Binding("a", "accept", "choose", key_display="f v a s e"),
        Binding("l", "decide('take-live')", "today's value", show=False),
        Binding("x", "decide('next-boot')", "backup now, today's at next cold start", show=False),
        Binding("e", "type_value", "type a value", show=False),
        Binding("f", "decide('use-failover-host')", "use the failover host", show=False),
        Binding("v", "decide('prevent')", "do something against it", show=False),
        Binding("s", "decide('stop')", "stop, settle it first", show=False),
        Binding("d", "suggested", "decide as suggested", show=False),
        Binding("c", "cold", "switch the whole restore to a cold start", show=False),
        Binding("n", "next_open(1)", "next open"),
        Binding("N", "next_open(-1)", "previous open", show=False),
        Binding("u", "undo", "undo"),
        Binding("r,U", "redo", "redo", show=False),
        Binding("R", "reset", "open this row again", show=False),
        Binding("g", "group", "group"),
        Binding("p", "preview", "preview"),
        Binding("f2", "review", "review", priority=True),
        Binding("enter", "choices", "list all"),
        Binding("h", "hidden", "equal"),
        Binding("slash", "filter", "filter", show=False),
        Binding("w", "warnings", "warnings", show=False),
        Binding("question_mark", "help", "help", show=False),
    ]

    def __init__(self, desk: Desk, place: Place | str) -> None:
        super().__init__(desk, place)
        self._typed_for = ""

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.action_choices()

    # Deciding.

    def action_decide(self, word: str) -> None:
        """Decide the row in hand with one of the words."""
        self._decide(Resolution(Decision(word)))

    def action_keep_backup(self) -> None:
        """Take the backup's value for the row in hand."""
        self.action_decide(Decision.KEEP_BACKUP.value)

    def action_accept(self) -> None:
        """Accept the risk in hand."""
        self.action_decide(Decision.ACCEPT.value)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys for values where there are fields, those for risks where there are risks."""
        offered = {decision for row in self.desk.conflicts.rows for decision in row.offered}
        if action == "keep_backup":
            return not offered or Decision.KEEP_BACKUP in offered
        if action == "accept":
            return bool(offered - set(FIELD_DECISIONS))
        return super().check_action(action, parameters)

    def action_suggested(self) -> None:
        """Decide the row in hand as suggested."""
        if self._row and self._row.default:
            self.action_decide(self._row.default.value)
        else:
            self._say("This field has no suggestion.")

    def _decide(self, resolution: Resolution) -> None:
        row, before = self._row, self.desk.decided
        if row is None:
            return
        if resolution.decision in row.refused:
            self._say(f"no: {row.refused[resolution.decision]}")
            return
        try:
            self.desk.decide(row.id, resolution)
        except (InvalidInput, Refused) as error:
            self._say(f"no: {error.message} {error.remedy}")
            return
        self._update()
        moved = changed_titles(self.desk, before, {row.id})
        result = self._overview.rows[row.id].result
        self._advance(f"{row.title}: {result}." + _also(moved))

    def _advance(self, said: str) -> None:
        """Go on to the next row that needs the operator, and say where things stand."""
        following = next(self._unsettled(1), None)
        if following is not None:
            self._go_to(following)
        elif self._overview.finished:
            said += " Nothing is open: F2 goes on."
        elif self._overview.open:
            said += " Open rows are left outside the filter."
        else:
            said += " Nothing is open; F2 says what blocks."
        self._say(said)

    def action_next_open(self, direction: int) -> None:
        """Go to the next row that is open or blocked."""
        following = next(self._unsettled(direction), None)
        if following is not None:
            self._go_to(following)
            self._say("")
        else:
            self._advance("")

    def action_undo(self) -> None:
        """Take back the last change."""
        self._change(self.desk.undo, "undone", "Nothing to undo.")

    def action_redo(self) -> None:
        """Put back what was undone."""
        self._change(self.desk.redo, "done again", "Nothing to redo.")

    def action_reset(self) -> None:
        """Make the row in hand open again."""
        if row := self._row:
            self._change(lambda: self.desk.reset(row.id), "open again", "It is not decided.")

    def _change(self, change: Callable[[], object], word: str, nothing: str) -> None:
        """Change the desk, go to the first row that changed, and name them all."""
        before = self.desk.decided
        change()
        changed = [row_id for row_id in self._rows if self._differs(row_id, before)]
        if not changed:
            self._say(nothing)
            return
        self._update()
        self._go_to(next((row_id for row_id in self._table.row_ids if row_id in changed), None))
        self._say(f"{word}: " + ", ".join(self._rows[row_id].title for row_id in changed))

    def _differs(self, row_id: str, before: Resolutions) -> bool:
        return self.desk.decided.get(row_id) != before.get(row_id)

    # Typing: a value of one's own, or a filter.

    def action_type_value(self) -> None:
        """Ask for a value; it is checked while it is typed."""
        row = self._row
        if row is None:
            return
        if Decision.CUSTOM not in row.allowed:
            self._decide(Resolution(Decision.CUSTOM))
            return
        self._typed_for = row.id
        decided = self.desk.decided.get(row.id)
        self._entry.ask("value", row.title, decided.value if decided else "", known_values(row))
        self._say("Enter accepts, Esc drops it. Up fills in the backup's value, Down today's.")

    def action_filter(self) -> None:
        """Ask for words that rows must contain to stay on show."""
        self._entry.ask("filter", "show only rows with", self._filter)
        self._say("Enter keeps the filter, Esc shows all rows again.")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._entry.purpose == "filter":
            self._show_only(event.value)
        elif self._entry.purpose == "value" and event.value:
            self._say(self._fault(event.value) or "Enter accepts this value.")

    def _fault(self, value: str) -> str:
        """What is wrong with a typed value; empty where nothing is."""
        try:
            self.desk.conflicts.check(self._typed_for, Resolution(Decision.CUSTOM, value))
        except (InvalidInput, Refused) as error:
            return f"no: {error.message} {error.remedy}"
        return ""

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._entry.purpose == "filter":
            self._stop_typing()
        elif fault := self._fault(event.value):
            self._say(fault)
        else:
            self._stop_typing()
            self._show_row_of(self._typed_for)
            self._decide(Resolution(Decision.CUSTOM, event.value))

    def _stop_typing(self) -> None:
        self._entry.close()
        self._table.focus()
        self._say("")

    def action_back(self) -> None:
        """Drop what is being typed, else the filter, else go back with everything kept."""
        purpose = self._entry.purpose
        if purpose:
            self._stop_typing()
        if purpose == "filter" or (self._filter and not purpose):
            self._show_only("")
        elif not purpose:
            self.finish(None)

    # Lists.

    def action_choices(self) -> None:
        """Everything that can be done here, as a list."""
        if row := self._row:
            self._open(row_menu(self.desk, row), self.run_action)

    def _open(self, menu: ConflictMenu, then: Callable[[str], object]) -> None:
        """Open a menu; a line that leads to a row goes there, any other is handed to `then`."""

        async def closed(chosen: str | None) -> None:
            if chosen is None:
                return
            if chosen.startswith(GO_TO):
                self._show_row_of(chosen.removeprefix(GO_TO))
            elif isawaitable(awaited := then(chosen)):
                await awaited

        self.app.push_screen(menu, closed)

    def action_group(self) -> None:
        """Decide the whole group of the row in hand: first what, then the list of effects."""
        row = self._row
        if row is None:
            return
        rows = [other for other in self._rows.values() if other.group == row.group]
        all_open = [self._rows[row_id] for row_id in self._overview.open]

        def confirm(wish: str) -> None:
            chosen, word = (all_open, SUGGESTED) if wish == ALL_OPEN else (rows, wish)
            plan = group_plan(self.desk, chosen, word)
            self._open(group_confirmation(word, plan), lambda _: self._decide_group(plan))

        self._open(group_menu(self.desk, rows, all_open), confirm)

    def _decide_group(self, plan: GroupPlan) -> None:
        self.desk.decide_all(plan.decisions)
        self._update()
        decided = counted(len(plan.decisions), "row")
        self._advance(f"{decided} decided, {plan.refusals} refused." + _also(plan.moved))

    def action_cold(self) -> None:
        """Give the memory up, after a question."""
        if not may_go_cold(self.desk.conflicts):
            self._say(no_cold_words(self.desk.conflicts))
        else:
            self._open(cold_menu(), self._switch)

    def _switch(self, answer: str) -> None:
        if answer == "cold":
            self.finish(SwitchToCold(self.desk))

    def action_warnings(self) -> None:
        """Read the warnings."""
        if self.desk.conflicts.warnings:
            self._open(warnings_menu(self.desk), lambda _: None)
        else:
            self._say("There are no warnings.")

    def action_preview(self) -> None:
        """Show what would be written."""
        try:
            previews = self.desk.conflicts.previews(self.desk.decided)
        except (InvalidInput, Refused) as error:
            self._say(f"no: {error.message} {error.remedy}")
            return
        self.app.push_screen(ConflictPreview(self.place, previews))

    def action_hidden(self) -> None:
        """Show or hide how many fields need no decision."""
        hidden = self.query_one("#hidden", Static)
        hidden.display = not hidden.display

    def action_review(self) -> None:
        """Go on, or say what is in the way."""
        if self._entry.purpose == "value":
            self._say("A value is being typed: Enter accepts it, Esc drops it.")
        elif self._overview.finished:
            self.finish(self.desk)
        else:
            self._open(unfinished_menu(self.desk, self._overview), lambda _: None)


def _also(titles: Sequence[str]) -> str:
    return f" Also moved: {', '.join(titles)}." if titles else ""
