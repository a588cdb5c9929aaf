"""A question with several answers: chosen by space in the wizard, by commas in plain lines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.app import App, ComposeResult

from config.answers import check_value, read_text, show_value
from config.errors import InvalidInput
from config.questions import Choice, Group, Interview, Kind, Question
from steps.procedure import Probed
from tests.screens.toy import SITE, TOY
from tui.session import Session, start_check
from tui.widgets.pick_list import GUTTER, ChoiceList

ROWS = [("a", "web01", ""), ("b", "web02", ""), ("c", "web03", "it is away")]
QUESTION = Question(
    "machines", "Machines", Kind.CHOICES, choices=(Choice("a", "web01"), Choice("b", "web02"))
)


class ListApp(App[None]):
    def __init__(self, *, several: bool = True) -> None:
        super().__init__()
        self.several = several
        self.picked: list[tuple[str, bool]] = []
        self.passed = 0

    def compose(self) -> ComposeResult:
        yield ChoiceList(several=self.several, id="control")

    def on_mount(self) -> None:
        self.query_one(ChoiceList).show(ROWS, None)
        self.query_one(ChoiceList).focus()

    def on_choice_list_picked(self, event: ChoiceList.Picked) -> None:
        self.picked.append((event.value, event.onward))

    def on_choice_list_passed(self) -> None:
        self.passed += 1


async def test_space_chooses_several_and_takes_back_and_enter_goes_on_with_them():
    app = ListApp()
    async with app.run_test() as pilot:
        await pilot.press("space", "down", "space")
        await pilot.pause()
        assert app.picked == [("a", False), ("a, b", False)]
        await pilot.press("enter")
        await pilot.pause()
        assert app.picked[-1] == ("a, b", True)
        await pilot.press("space")
        await pilot.pause()
        assert app.picked[-1] == ("a", False)


@pytest.mark.parametrize(("moved", "taken"), [([], "b"), (["down", "up"], "b"), (["down"], "c")])
async def test_enter_takes_a_default_that_came_late_unless_another_row_is_in_hand(moved, taken):
    rows = [("a", "Classic", ""), ("c", "Third", ""), ("b", "Ansible", "")]
    app = ListApp(several=False)
    async with app.run_test() as pilot:
        listed = app.query_one(ChoiceList)
        listed.show(rows, None)
        await pilot.pause()
        await pilot.press(*moved)
        listed.show(rows, "b")
        await pilot.press("enter")
        await pilot.pause()
        assert app.picked == [(taken, True)]


@pytest.mark.parametrize(
    ("moved", "picked", "passed"),
    [([], [], 1), (["down", "up"], [], 1), (["down"], [("c", True)], 0),
     (["space"], [("a", False)], 0)],
)  # fmt: skip
async def test_enter_takes_no_row_while_a_default_is_looked_for(moved, picked, passed):
    rows = [("a", "2.1", ""), ("c", "2.0", ""), ("b", "1.3", "")]
    app = ListApp(several=False)
    async with app.run_test() as pilot:
        listed = app.query_one(ChoiceList)
        listed.show(rows, None)
        listed.awaits_default = True
        await pilot.pause()
        await pilot.press(*moved)
        if "space" not in moved:
            await pilot.press("enter")
        await pilot.pause()
        assert (app.picked, app.passed) == (picked, passed)


async def test_enter_takes_a_default_that_replaces_another_one():
    rows = [("a", "1.2", ""), ("b", "2.0", ""), ("c", "2.1", "")]
    app = ListApp(several=False)
    async with app.run_test() as pilot:
        listed = app.query_one(ChoiceList)
        for default in ("c", "b"):
            listed.show(rows, default)
            await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert app.picked == [("b", True)]


async def test_a_note_that_does_not_fit_beside_its_label_gets_lines_of_its_own():
    rows = [
        ("save", "Save and restore       memory and disks, with a downtime", ""),
        ("off", "Off                    nothing", ""),
    ]
    app = ListApp()
    async with app.run_test(size=(44, 10)) as pilot:
        app.query_one(ChoiceList).show(rows, None)
        await pilot.pause()
        prompts = [str(option.prompt) for option in app.query_one(ChoiceList).options]
    assert prompts == [
        "[ ] Save and restore\n    memory and disks, with a downtime",
        "[ ] Off                    nothing",
    ]


async def test_rows_are_wrapped_anew_when_the_scroll_bar_takes_room():
    rows = [(str(n), "x" * 30 + " y" + "z" * (n % 6), "") for n in range(12)]
    app = ListApp()
    async with app.run_test(size=(44, 6)) as pilot:
        listed = app.query_one(ChoiceList)
        for shown in (rows[:6], rows):  # as high, but now it scrolls
            listed.show(shown, None)
            await pilot.pause()
            await pilot.pause()
        room = listed.scrollable_content_region.width - GUTTER
        lines = [line for option in listed.options for line in str(option.prompt).splitlines()]
    assert listed.max_scroll_y > 0
    assert max(map(len, lines)) <= room


async def test_enter_with_nothing_chosen_takes_the_row_in_hand_and_marks_show_what_is_chosen():
    app = ListApp()
    async with app.run_test() as pilot:
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.picked == [("b", True)]
        prompts = [str(option.prompt) for option in app.query_one(ChoiceList).options]
        assert [prompt[:4] for prompt in prompts] == ["[ ] ", "[*] ", " -  "]


def test_several_are_read_and_shown_with_commas_and_each_is_checked():
    value = read_text(QUESTION, "a, b")
    assert value == ("a", "b")
    assert show_value(value) == "a, b"
    check_value(QUESTION, value, {})
    with pytest.raises(InvalidInput, match="not a choice"):
        check_value(QUESTION, ("a", "z"), {})
    with pytest.raises(InvalidInput, match="an answer is needed"):
        check_value(QUESTION, (), {})


def test_of_several_answers_those_that_a_later_list_does_not_hold_are_taken_back(tmp_path):
    question = Question("machines", "Machines", Kind.CHOICES, choices_probe="machines")
    interview = Interview((Group("one", "One", (question,)),))
    session = Session(SITE, replace(TOY, interview=interview))
    session.answer("machines", ("a", "z"))
    listing = start_check(session.listings, "machines", session.basis(question, own=False))
    listing.probed = Probed(choices=(Choice("a", "web01"), Choice("b", "web02")))
    session.drop_unlisted(question)
    assert session.value(question) == ("a",)
    session.answer("machines", ("z",))
    session.drop_unlisted(question)
    assert session.value(question) is None
