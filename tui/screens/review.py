"""Review: what was decided on the left, what will be done on the right, one button."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantFocus
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from steps.procedure import Plan, Step
from steps.run.text import counted
from tui.hanging import Row, hang
from tui.screens.page import Page
from tui.step_text import plan_rows, planned_step_text
from tui.widgets.action_button import ActionButton
from tui.widgets.hanging_text import HangingText
from tui.widgets.line_input import LineInput
from tui.widgets.pick_list import GUTTER, PickList
from tui.widgets.place import Place
from tui.wording import about

NUMBER = 4
"""Width of a step's number, with the blank after it."""


class ReviewScreen(Page[bool]):
    """Dismisses with True to start, or None to go back."""

    HELP = """
On the left what was decided, on the right everything that will be done, in order. Enter on a step
shows what it does as you would type it, and why; Tab goes to the settings,
the name and the button. Up to the line that says so, everything can be
undone.

Nothing has been changed yet. Where the plan destroys something, the name must be typed before the
button works.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open a step"),
        Binding("tab", "app.focus_next", "settings, name, button"),
    ]
    DEFAULT_CSS = """
    ReviewScreen #columns { height: 1fr; }
    ReviewScreen #settings { width: 32; height: 1fr; }
    ReviewScreen #divider { width: 2; height: 1fr; border-left: solid ansi_default; }
    ReviewScreen #plan { width: 1fr; height: 1fr; max-height: 100%; scrollbar-gutter: stable; }
    ReviewScreen #confirm { height: auto; margin-top: 1; }
    ReviewScreen #confirm Static { height: auto; }
    ReviewScreen #typing { height: 1; }
    ReviewScreen #typing Static { width: auto; }
    ReviewScreen #typing LineInput { width: 1fr; margin-left: 1; }
    """

    def __init__(self, place: Place, plan: Plan) -> None:
        super().__init__(place.at("Review"))
        self._plan = plan

    def body(self) -> Iterable[Widget]:
        yield Horizontal(
            VerticalScroll(HangingText(self._settings()), id="settings"),
            Static(id="divider"),
            PickList(id="plan"),
            id="columns",
        )
        yield Vertical(*self._confirmation(), id="confirm")

    def _confirmation(self) -> Iterator[Widget]:
        name = self._plan.confirm_by_typing
        if name:
            yield Horizontal(
                Static(self._prompt(marked=False), id="prompt", markup=False),
                LineInput(id="typed"),
                id="typing",
            )
        yield Static(id="said", markup=False)
        yield ActionButton(f"{self._plan.verb} {self._plan.object}", id="start")

    def _settings(self) -> list[Row]:
        return [row for title, value in self._plan.settings for row in (("", title), ("  ", value))]

    def _prompt(self, *, marked: bool) -> str:
        return f"{'>' if marked else ' '} Type {self._plan.confirm_by_typing} to confirm:"

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        for prompt in self.query("#prompt").results(Static):
            prompt.update(self._prompt(marked=event.widget.id == "typed"))

    def on_mount(self) -> None:
        self._say_what_it_is()
        self.query_one("#plan", PickList).focus()

    def _say_what_it_is(self) -> None:
        steps = counted(len(self._plan.steps), "step")
        estimate = self._plan.estimate_seconds
        told = f", about {about(estimate)}" if estimate is not None else ""
        said = f"{steps}{told}. Nothing has been changed yet."
        self.query_one("#said", Static).update(said)

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        """The plan, wrapped to the room it has."""
        plan = self.query_one("#plan", PickList)
        picked = plan.picked
        plan.set_options(plan_options(self._plan, plan.scrollable_content_region.width - GUTTER))
        plan.pick(picked or "")
        if plan.highlighted is None:
            plan.action_first()

    def focused_help(self) -> str:
        step = self._step(self.query_one("#plan", PickList).picked)
        return f"{step.title}\n\n{step.reason}" if step else ""

    def action_open(self) -> None:
        """Show what the step under the cursor does."""
        self._open(self.query_one("#plan", PickList).picked)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._open(event.option_id)

    def _open(self, name: str | None) -> None:
        step = self._step(name)
        if step is not None:
            self.show_notice(step.title, planned_step_text(step))

    def _step(self, name: str | None) -> Step | None:
        return next((step for step in self._plan.steps if step.name == name), None)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._say_what_it_is()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#start").focus()

    def on_action_button_pressed(self) -> None:
        wanted = self._plan.confirm_by_typing
        typed = self.query_one("#typed", LineInput).value.strip() if wanted else ""
        if typed == wanted:
            self.finish(True)
            return
        problem = f"{typed!r} is not {wanted!r}." if typed else f"Type {wanted} first."
        self.query_one("#said", Static).update(f"error   {problem}")
        field = self.query_one("#typed", LineInput)
        field.focus()
        # What is typed next replaces it.
        field.action_select_all()


def plan_options(plan: Plan, width: int) -> Iterator[Option]:
    """The plan as a list; only steps can be opened."""
    for line, step in plan_rows(plan):
        label = line[:NUMBER] if step else ""
        text = "\n".join(hang(label, line[len(label) :], width))
        yield Option(text, id=step.name if step else None, disabled=step is None)
