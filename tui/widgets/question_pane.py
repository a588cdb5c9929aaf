"""A question of a running step, in the middle of the screen until it is answered."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from config.secrets import Secret
from steps.run.view import OfferedChoice, OpenQuestion, RunView, StepView
from tui.step_text import problem_lines, visible_lines
from tui.widgets.line_input import LineInput
from tui.widgets.pick_list import PickList

FEW = 3
"""Choices beyond which all else has less room: every choice is to be seen."""
SHORT = 2
"""Lines said before the choices beyond which the same holds: what is asked is to be read."""
MOST_LINES = 8
LEAST_LINES = 2
"""Lines that what was said before, and the choices, take at most; what was said, at least."""


class QuestionPane(Vertical):
    """Hidden while nothing is asked. Posts Answer; goes away when the journal says so."""

    DEFAULT_CSS = """
    QuestionPane { display: none; height: 1fr; border-top: solid ansi_default; }
    QuestionPane Static { height: auto; }
    QuestionPane #said-before { height: auto; max-height: 8; }
    QuestionPane #more { display: none; text-style: dim; }
    QuestionPane #choices { height: auto; max-height: 8; }
    """

    BINDINGS = [
        Binding("pagedown", "read(1)", "read on", priority=True, show=False),
        Binding("pageup", "read(-1)", "read back", priority=True, show=False),
    ]

    @dataclass
    class Answer(Message):
        """The operator's answer to a question."""

        question: OpenQuestion
        value: str | Secret

    def __init__(self) -> None:
        super().__init__(id="question")
        self.question: OpenQuestion | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="asked", classes="strong", markup=False)
        with VerticalScroll(id="said-before", can_focus=False):
            yield Static(id="detail", markup=False)
        yield Static("PageDown and PageUp: the rest of it", id="more", markup=False)
        yield Static(id="private", markup=False)
        yield PickList(id="choices")
        yield LineInput(id="text")
        yield Static(id="problem", markup=False)

    def on_mount(self) -> None:
        # What needs the room is known when it is laid out, which may be later than when it is set.
        for part in ("#said-before", "#choices"):
            self.watch(self.query_one(part), "virtual_size", self._share_soon, init=False)

    def _share_soon(self) -> None:
        self.call_after_refresh(self._share_room)

    @property
    def crowded(self) -> bool:
        """Whether there is so much to read or to choose from that all else must make room."""
        if self.question is None:
            return False
        width = max(self.app.size.width - 4, 1)
        lines = sum(1 + len(line) // width for line in self.question.detail.strip().splitlines())
        return len(self.question.choices) > FEW or lines > SHORT

    def show(self, view: RunView, *, heard: bool = True) -> None:
        """Ask what is open now, or go away: also where no runner would hear the answer."""
        question = view.question if heard else None
        if question == self.question:
            return
        self.question = question
        self.show_private("")
        self.display = question is not None
        if question is not None:
            self._ask(question, view.steps.get(question.step))

    def _ask(self, question: OpenQuestion, step: StepView | None) -> None:
        self.query_one("#asked", Static).update(f"! {question.text}")
        self.query_one("#detail", Static).update(detail_text(question, step))
        self.query_one("#said-before", VerticalScroll).scroll_home(animate=False)
        self.show_problem("")
        choices, text = self.query_one("#choices", PickList), self.query_one("#text", LineInput)
        choices.display, text.display = bool(question.choices), not question.choices
        if question.choices:
            choices.set_options(_option(choice) for choice in question.choices)
            choices.action_first()
            choices.pick(question.default)
            choices.focus()
        else:
            text.make_secret(question.secret)
            text.value = "" if question.secret else question.default
            text.focus()
        self.call_after_refresh(self._share_room)

    def show_private(self, text: str) -> None:
        """What only whoever is here may see: it stands in no journal."""
        line = self.query_one("#private", Static)
        if str(line.content) != text:
            line.update(text)
            self._share_soon()
        line.display = bool(text)

    def on_resize(self) -> None:
        self._share_soon()

    def _share_room(self) -> None:
        """Keep the choices on the screen, whole where that can be: what was said before gives way.

        A list that reaches below the screen has its cursor where nobody sees it.
        """
        choices, before = self.query_one("#choices", PickList), self.query_one("#said-before")
        more = self.query_one("#more", Static)
        others = (self.query_one(f"#{name}", Static) for name in ("asked", "private", "problem"))
        room = self.content_size.height - sum(one.size.height for one in others if one.display)
        listed = min(choices.virtual_size.height, MOST_LINES) if choices.display else 1
        whole = self.query_one("#detail", Static).size.height
        said = min(whole, max(LEAST_LINES, room - listed))
        more.display = said < whole
        if more.display:
            said = max(1, said - 1)
        before.styles.max_height = max(1, said)
        left = room - said - int(more.display)
        choices.styles.max_height = max(1, min(MOST_LINES, left))
        self.call_after_refresh(choices.scroll_to_highlight)

    def action_read(self, pages: int) -> None:
        """Move through what was said before, where that is longer than its room."""
        before = self.query_one("#said-before", VerticalScroll)
        before.scroll_relative(y=pages * max(1, before.size.height - 1), animate=False)

    def show_problem(self, problem: str) -> None:
        """Why an answer was not taken; empty takes it away."""
        self.query_one("#problem", Static).update(f"error   {problem}" if problem else "")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self.question is not None and event.option_id is not None:
            self.post_message(self.Answer(self.question, event.option_id))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.question is not None:
            value = Secret(event.value) if self.question.secret else event.value
            self.post_message(self.Answer(self.question, value))
            if self.question.secret:
                event.input.value = ""


def _option(choice: OfferedChoice) -> Option:
    if choice.refused:
        return Option(f"{choice.label}  no: {choice.refused}", id=choice.value, disabled=True)
    return Option(f"{choice.label}  {choice.note}".rstrip(), id=choice.value)


def detail_text(question: OpenQuestion, step: StepView | None) -> str:
    """What belongs to the question; where it says nothing itself, what is known of its step."""
    if question.detail:
        return visible_lines(question.detail)
    return "\n".join(problem_lines(step)) if step else ""
