"""One question of an interview: its title, what is answered with, and what was found."""

from __future__ import annotations

import time
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.widget import Widget

from config.answers import show_value
from config.questions import Kind, Question
from tui.hanging import Row
from tui.session import LISTED, Check, Session
from tui.widgets.hanging_text import HangingText
from tui.widgets.line_input import LineInput
from tui.widgets.pick_list import ChoiceList

INDENT = "    "


class Field(Vertical):
    """Shows one question. The answer itself lives in the session."""

    DEFAULT_CSS = """
    Field { height: auto; margin-bottom: 1; }
    Field #title { height: auto; }
    Field ChoiceList { max-height: 10; }
    """

    @dataclass
    class Answered(Message):
        """The operator settled on an answer; with `onward` the next question is wanted."""

        field: Field
        onward: bool
        changed: bool

    @dataclass
    class Edited(Message):
        """The answer changes while it is typed."""

        field: Field

    def __init__(self, question: Question, session: Session) -> None:
        super().__init__(id=f"field-{question.name.replace('.', '-')}")
        self.question, self._session = question, session
        self._fault = ""
        self._stored: str | None = None

    @property
    def is_list(self) -> bool:
        """Whether it is answered by picking."""
        return not self._session.is_typed(self.question)

    def compose(self) -> ComposeResult:
        yield HangingText(id="title")
        yield from self._control()
        yield HangingText(id="found")

    def _control(self) -> ComposeResult:
        if self.question.kind in LISTED:
            yield ChoiceList(several=self.question.kind is Kind.CHOICES, id="control")
            if not self.question.may_type:
                return
        secret = self.question.kind is Kind.SECRET
        value = self._session.value(self.question)
        text = "" if value is None or secret else show_value(value)
        if secret:
            kept = self._session.secrets.get(self.question.name)
            text = kept.reveal() if kept else ""
        self._stored = text
        yield LineInput(text, password=secret, id="typed")

    @property
    def control(self) -> Widget:
        """What has the focus when this question is in hand."""
        return self.query_one("#control" if self.is_list else "#typed")

    def on_mount(self) -> None:
        self._show_title(focused=False)
        self.refresh_state()

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        self._show_title(focused=True)

    def on_descendant_blur(self, _event: DescendantBlur) -> None:
        self._show_title(focused=False)
        self._keep_typed(onward=False)

    def _show_title(self, *, focused: bool) -> None:
        optional = "" if self.question.required else " (may be empty)"
        mark = "> " if focused else "  "
        title = f"{self.question.title}{optional}"
        self.query_one("#title", HangingText).rows = ((mark, title),)

    def refresh_state(self) -> None:
        """Show choices and findings as the session has them now."""
        if self._fault and not self._session.fault(self.question):
            self._fault = ""  # an answer was missing, and was found or follows from another one
        if self.question.kind in LISTED:
            self._show_choices()
        if self.question.may_type:
            self._show_one_control()
        if not self.is_list and self.question.kind is not Kind.SECRET:
            self._show_default()
        found = self.query_one("#found", HangingText)
        found.rows = self._found_rows()
        found.display = bool(found.rows)

    def refresh_if_running(self) -> None:
        """Count the seconds of a look that has not come back."""
        looks = (self._session.listing_of(self.question), self._session.check_of(self.question))
        if any(look is not None and look.running for look in looks):
            self.query_one("#found", HangingText).rows = self._found_rows()

    def _show_one_control(self) -> None:
        """Pick where there is something to pick from, else type."""
        picking, listed, typed = self.is_list, self.query_one(ChoiceList), self.query_one(LineInput)
        had_focus = listed.has_focus or typed.has_focus
        listed.display, typed.display = picking, not picking
        if had_focus:
            self.control.focus()

    def _show_choices(self) -> None:
        control = self.query_one(ChoiceList)
        value = self._session.value(self.question)
        listing = self._session.listing_of(self.question)
        control.awaits_default = bool(self._session.waits_for(self.question)) or (
            listing is not None and listing.running
        )
        control.show(
            self._session.choices(self.question), None if value is None else show_value(value)
        )

    def _show_default(self) -> None:
        """Put a default into the field, unless something was typed there.

        It may have been looked up, or follow from an answer above.
        """
        control = self.query_one(LineInput)
        value = self._session.value(self.question)
        answered = self.question.name in self._session.answers
        if control.value == self._stored and not answered and value is not None:
            self._stored = control.value = show_value(value)

    def _found_rows(self) -> tuple[Row, ...]:
        faults = [(f"{INDENT}error   ", self._fault)] if self._fault else []
        awaited = self._session.waits_for(self.question)
        if awaited:
            what = "what there is to choose" if self.question.choices_probe else "a default"
            first = f"{what} is looked up once you answered: {', '.join(awaited)}"
            return (*faults, (f"{INDENT}later   ", first))
        listing = self._session.listing_of(self.question)
        check = self._session.check_of(self.question)
        what = "choices" if self.question.choices_probe else "a default"
        proposed = (
            [] if self._has_other_value(listing) else look_rows(listing, f"looking for {what}")
        )
        return (*faults, *proposed, *look_rows(check, "checking"))

    def _has_other_value(self, listing: Check | None) -> bool:
        """Whether a default was found and another value typed: what was found is not about that."""
        found = listing.probed.suggested if listing and listing.probed else None
        return (
            not self.is_list and found is not None and found != self._session.value(self.question)
        )

    def wrong_lines(self) -> list[str]:
        """Faults and findings other than `ok`, each with the question it belongs to."""
        return [
            f"{self.question.title}: {label.strip()} {text}"
            for label, text in self._found_rows()
            if label.strip() in ("error", "warning")
        ]

    def show_fault(self, fault: str) -> None:
        """Say what is wrong with the answer as it was given; empty takes the message away."""
        if fault != self._fault:
            self._fault = fault
            self.refresh_state()

    def on_input_changed(self, event: LineInput.Changed) -> None:
        event.stop()
        if event.value != self._stored:
            self.show_fault("")
            self.post_message(self.Edited(self))

    def on_input_submitted(self, event: LineInput.Submitted) -> None:
        event.stop()
        self._keep_typed(onward=True)

    def on_choice_list_picked(self, event: ChoiceList.Picked) -> None:
        event.stop()
        before = self._session.value(self.question)
        self._session.answer_text(self.question, event.value)
        self.show_fault("")
        changed = self._session.value(self.question) != before
        self.post_message(self.Answered(self, event.onward, changed))

    def on_choice_list_passed(self, event: ChoiceList.Passed) -> None:
        event.stop()
        self.post_message(self.Answered(self, onward=True, changed=False))

    def commit(self) -> bool:
        """Keep what is typed, right or wrong; True where that changed the answer."""
        if self.is_list:
            return False
        text = self.query_one(LineInput).value
        changed = text != self._stored
        if changed:
            self._stored = text
            self._store(text)
        return changed

    def _keep_typed(self, *, onward: bool) -> None:
        changed = self.commit()
        if changed or onward:
            self.post_message(self.Answered(self, onward, changed))

    def _store(self, text: str) -> None:
        if self.question.kind is Kind.SECRET:
            self._session.answer_secret(self.question.name, text)
            return
        self._session.answer_text(self.question, text)
        self.show_fault(self._session.fault(self.question) if text else "")


def look_rows(check: Check | None, doing: str) -> list[Row]:
    """What a look brought back, a row each: `ok`, `warning`, `error`, or that it still runs."""
    if check is None:
        return []
    if check.running:
        return [(INDENT, f"{doing} ... {int(time.monotonic() - check.since)} s")]
    return [
        (f"{INDENT}{found.level:<8}", f"{found.text}\n{found.remedy}".rstrip())
        for found in check.findings
    ]
