"""The preview of the documents that would be written."""

from __future__ import annotations

from tests.screens.support import wait_for
from tests.screens.test_conflicts import line, screen
from tests.screens.toy_conflicts import press, text_of
from tui.screens.conflict_preview import ConflictPreview
from tui.widgets.place import Place


async def test_changed_lines_are_marked_and_counted():
    async with screen() as pilot:
        text = await press(pilot, "b", "p")
    assert line(text, "mac:").startswith(" * mac: 52:54:00:0a:01:02")
    assert line(text, "bridge:").startswith("   bridge: decide")
    assert "2 changed lines" in text
    assert "1/2  [web01.ldif]  web01.xml" in text


async def test_next_change_goes_around_and_brings_the_line_into_view():
    async with screen() as pilot:
        await press(pilot, "p")
        assert "2/2  web01.ldif  [web01.xml]" in await press(pilot, "tab")
        assert "change 1 of 3" in await press(pilot, "n")
        text = await press(pilot, "enter")
        assert "change 2 of 3" in text
        assert line(text, "line 250").startswith(" * line 250")
        assert line(await press(pilot, "n"), "line 499").startswith(" * line 499")
        assert "change 1 of 3" in await press(pilot, "n")
        assert "change 3 of 3" in await press(pilot, "N")


async def test_a_document_without_changes_says_so():
    async with screen() as pilot:
        assert "nothing changed" in await press(pilot, "p", "n")


async def test_esc_goes_back_to_the_row_in_hand():
    async with screen() as pilot:
        await press(pilot, "b", "p", "tab", "escape")
        assert line(text_of(pilot.app), ">!").startswith(">! bridge of net0")


async def test_where_no_document_is_merged_it_does_not_say_that_nothing_will_be_done():
    async with screen() as pilot:
        pilot.app.push_screen(ConflictPreview(Place("Restore the engine"), ()))
        text = await wait_for(pilot, "> Preview")
    assert "Nothing" not in text
    assert "What will be done stands in the review" in text
