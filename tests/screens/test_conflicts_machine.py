"""The conflict screen on a real comparison: a machine, its backup, and what it has become."""

from __future__ import annotations

import pytest

from steps.conflicts import Decision, Resolution
from steps.virtual_machine.restore import PROCEDURE
from tests.screens.test_conflicts import line, screen
from tests.screens.toy_conflicts import press, text_of
from tests.unit.restore_world import answers, make_world, survey_of

KEYS = {
    Decision.KEEP_BACKUP: "b",
    Decision.TAKE_LIVE: "l",
    Decision.NEXT_BOOT: "x",
    Decision.CUSTOM: "e",
}


@pytest.fixture(params=["with-state", "cold"])
def conflicts(request, tmp_path):
    world, given = make_world(tmp_path / "world"), answers(request.param)
    return PROCEDURE.conflicts(world.site, given, survey_of(world, given))


def words(text: str) -> str:
    """Without the line breaks of an 80-column pane and its scroll bar."""
    return " ".join(text.replace("#\n", "\n").replace("|\n", "\n").split())


async def test_every_row_says_why_each_other_choice_is_refused(conflicts):
    assert len(conflicts.rows) >= 5
    async with screen(conflicts, size=(120, 40)) as pilot:
        await press(pilot, "home")
        for row in conflicts.rows:
            detail = words(text_of(pilot.app).rpartition("── row ")[2])
            assert f"{row.title}: " in detail
            for reason in row.refused.values():
                assert words(reason)[:60] in detail
            await press(pilot, "down")


async def test_every_row_is_decided_by_its_suggestions_key_and_the_review_begins(conflicts):
    async with screen(conflicts) as pilot:
        for row_id in list(conflicts.still_open({})):
            row = next(row for row in conflicts.rows if row.id == row_id)
            if row_id in conflicts.still_open(pilot.app.desk.decided):
                assert pilot.app.screen._table.current == row_id
                decision = row.default or row.allowed[0]
                await press(pilot, KEYS[decision])
                assert pilot.app.desk.decided[row_id] == Resolution(decision)
        text = text_of(pilot.app)
        assert "0 open  0 blocked" in text
        await press(pilot, "f2")
        assert pilot.app.outcomes == [pilot.app.desk]


async def test_the_preview_marks_what_a_decision_changes(conflicts):
    async with screen(conflicts, size=(120, 40)) as pilot:
        await press(pilot, "slash", *"description", "enter", "b", "p")
        pages = [await press(pilot, "n")]
        while not pages[-1].splitlines()[2].startswith(" 1/") or len(pages) == 1:
            pages.append(await press(pilot, "tab", "n"))
    changes = [line(page, "description: web front") for page in pages if "description:" in page]
    assert any(text.lstrip().startswith("* description: web front") for text in changes)
