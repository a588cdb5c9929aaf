"""Lists of things to do or to read, in the middle of the conflict screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from steps.conflicts import Decision, Desk, Row
from steps.run.text import counted
from tui.screens.dialog import Dialog
from tui.widgets.conflict_group import GROUP_WORDS, SUGGESTED, GroupPlan, group_plan
from tui.widgets.conflict_standing import Overview
from tui.widgets.conflict_words import KEYS, WORDS, choice_text, may_go_cold, visible
from tui.widgets.pick_list import PickList

ALL_OPEN = "all-open"
"""The entry of the group menu that is about every open row, as suggested."""

GO_TO = "row:"
"""Entries that lead to a row have this and the row's id as their id."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a menu. What cannot be chosen says why in its text."""

    id: str
    text: str
    allowed: bool = True


class ConflictMenu(Dialog):
    """Dismisses with the chosen entry's id, or None when the operator steps back."""

    DEFAULT_CSS = """
    ConflictMenu #text { max-height: 6; }
    ConflictMenu #choices { max-height: 13; }
    """

    def __init__(self, title: str, text: str, entries: Sequence[Entry]) -> None:
        super().__init__(title, text, ())
        self._entries = entries

    def control(self) -> ComposeResult:
        options = (Option(entry.text, disabled=not entry.allowed) for entry in self._entries)
        yield PickList(*options, id="choices")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Two entries may lead to one row, so ids are not the list's own."""
        event.stop()
        event.prevent_default()
        self.dismiss(self._entries[event.option_index].id)


def row_menu(desk: Desk, row: Row) -> ConflictMenu:
    """Everything that can be done on the screen; entry ids are the screen's actions."""
    entries = [_choice(desk, row, decision) for decision in row.offered]
    entries += [
        Entry("suggested", "d  decide as suggested", row.default is not None),
        Entry("reset", "R  open this row again", row.id in desk.decided),
        Entry("next_open(1)", "n  go to the next open row"),
        Entry("undo", "u  undo the last change", bool(desk.past)),
        Entry("redo", "r  redo what was undone", bool(desk.future)),
        Entry("group", f"g  decide the whole group: {visible(row.group)}"),
        Entry("preview", "p  preview what will be written"),
        Entry("hidden", "h  show how many fields are equal and hidden"),
        Entry("warnings", f"w  read the warnings ({len(desk.conflicts.warnings)})"),
        Entry("filter", "/  show only some rows"),
        Entry("cold", "c  switch the whole restore to a cold start", may_go_cold(desk.conflicts)),
        Entry("review", "F2 go on to the review"),
        Entry("help", "F1 help"),
        Entry("back", "go back to the questions; every decision is kept"),
    ]
    return ConflictMenu(visible(row.title), "", entries)


def _choice(desk: Desk, row: Row, decision: Decision) -> Entry:
    action = "type_value" if decision is Decision.CUSTOM else f"decide('{decision.value}')"
    text = choice_text(row, decision, desk.conflicts, desk.decided)
    return Entry(action, f"{KEYS[decision]}  {WORDS[decision]}: {text}", decision in row.allowed)


def cold_menu() -> ConflictMenu:
    """Asks before the memory is given up; the harmless answer stands first."""
    return ConflictMenu(
        "Switch the whole restore to a cold start?",
        "The machine starts from its disks; the saved memory is not used and what only it held is"
        " lost. Fields that were frozen may then be decided freely. Decisions that still exist are"
        " kept.",
        (
            Entry("stay", "no, restore with the memory state"),
            Entry("cold", "yes, switch to a cold start"),
        ),
    )


def group_menu(desk: Desk, rows: Sequence[Row], all_open: Sequence[Row]) -> ConflictMenu:
    """What may be wished for a group, and for every open row, with how many would follow."""
    offered = {decision for row in rows for decision in row.offered} | {SUGGESTED}
    wishes = [wish for wish in GROUP_WORDS if wish in offered]
    entries = [_wish(desk, rows, wish, wish, GROUP_WORDS[wish]) for wish in wishes]
    text = "every open row of all groups as suggested"
    entries.append(_wish(desk, all_open, SUGGESTED, ALL_OPEN, text))
    return ConflictMenu(f"Group {visible(rows[0].group)}: {counted(len(rows), 'row')}", "", entries)


def _wish(desk: Desk, rows: Sequence[Row], wish: str, id_: str, text: str) -> Entry:
    plan = group_plan(desk, rows, wish)
    count = len(plan.decisions)
    refuse = f", {plan.refusals} refused" if plan.refusals else ""
    return Entry(id_, f"{text} ({counted(count, 'row')}{refuse})", count > 0)


def group_confirmation(wish: str, plan: GroupPlan) -> ConflictMenu:
    """What each row would get and which refuse, before anything is decided."""
    text = "Rows that refuse stay as they are."
    if plan.moved:
        text += " Also moved: " + visible(", ".join(plan.moved))
    entries = [Entry("apply", f"decide {counted(len(plan.decisions), 'row')} so")]
    for proposal in plan.proposals:
        word = "no: " if proposal.resolution is None else ""
        line = f"   {visible(proposal.row.title)}: {word}{visible(proposal.text)}"
        entries.append(Entry(GO_TO + proposal.row.id, line))
    return ConflictMenu(GROUP_WORDS[wish].capitalize(), text, entries)


def unfinished_menu(desk: Desk, overview: Overview) -> ConflictMenu:
    """Why the review cannot begin yet; each line leads to its row."""
    titles = {row.id: visible(row.title) for row in desk.conflicts.rows}
    entries = [Entry(GO_TO + row_id, f"open: {titles[row_id]}") for row_id in overview.open]
    for block in overview.blocking:
        text = f"blocked: {visible(block.message)} {visible(block.remedy)}".strip()
        entries.append(Entry(GO_TO + (block.rows[0] if block.rows else ""), text))
    return ConflictMenu(
        "Not yet",
        f"{len(overview.open)} open, {len(overview.blocking)} blocked. Enter goes to the row.",
        entries,
    )


def warnings_menu(desk: Desk) -> ConflictMenu:
    """What the operator should know; it stops nothing."""
    entries = [
        Entry(f"warning:{number}", f"- {visible(warning.message)}")
        for number, warning in enumerate(desk.conflicts.warnings)
    ]
    return ConflictMenu(counted(len(entries), "warning"), "They stop nothing.", entries)
