"""Review alone: every word of the plan can be read, and a wrong name is simply typed anew."""

from __future__ import annotations

import pytest

from steps.procedure import Phase, Plan
from tests.screens.support import ToyService, screen_text, wait_for
from tests.screens.toy import ToyStep
from tui.app import RekindleApp
from tui.screens.review import ReviewScreen
from tui.widgets.place import Place


class Reviewer(RekindleApp):
    """Shows Review alone and keeps what it gave back."""

    def __init__(self, service, plan: Plan) -> None:
        super().__init__(service=service)
        self.plan, self.outcomes = plan, []

    def on_mount(self) -> None:
        super().on_mount()
        screen = ReviewScreen(Place("Restore web01", site="berne"), self.plan)
        self.push_screen(screen, self.outcomes.append)


@pytest.fixture
def reviewer(tmp_path):
    def make(*steps: ToyStep, confirm: str = "") -> Reviewer:
        phases = (Phase("all", "All", steps),)
        plan = Plan("toy", "web01", "Restore", phases, confirm_by_typing=confirm)
        return Reviewer(ToyService(tmp_path), plan)

    return make


@pytest.mark.parametrize("width", [80, 81])
async def test_no_word_of_a_title_is_cut_off(reviewer, width):
    # So many that the list scrolls; lengths around what fits into a line.
    numbers = range(15, 45)
    app = reviewer(*(ToyStep(f"step{n}", f"Copy {'x' * n} end{n}") for n in numbers))
    seen = ""
    async with app.run_test(size=(width, 24)) as pilot:
        await wait_for(pilot, "> Review")
        for _ in numbers:
            seen += screen_text(app)
            await pilot.press("down")
            await pilot.pause()
    assert [n for n in numbers if f"end{n}" not in seen] == []


async def test_room_for_the_scroll_bar_is_kept_before_it_is_there(reviewer):
    # Titles are wrapped before the list is filled: a line less wide afterwards would lose words.
    widths = set()
    for steps in (1, 60):
        app = reviewer(*(ToyStep(f"step{n}", "Copy") for n in range(steps)))
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, "> Review")
            widths.add(app.screen.query_one("#plan").scrollable_content_region.width)
    assert len(widths) == 1


async def test_a_wrong_name_is_replaced_by_what_is_typed_next(reviewer):
    app = reviewer(ToyStep("one", "One"), confirm="web01")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "> Review")
        await pilot.press("tab", *"web02", "enter", "enter")
        await wait_for(pilot, "error   'web02' is not 'web01'.")
        assert app.outcomes == []
        await pilot.press(*"web01", "enter", "enter")
        await pilot.pause()
    assert app.outcomes == [True]
