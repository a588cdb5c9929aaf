"""The conflict screen, by its keys and by the text an operator reads."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager

import pytest

from steps.conflicts import Desk, Resolution
from tests.screens.toy_conflicts import (
    BOOT,
    CUSTOM,
    KEEP,
    LIVE,
    ConflictsApp,
    ToyConflicts,
    host_row,
    many,
    press,
    text_of,
)
from tui.screens.conflicts import SwitchToCold

EVERYTHING = ("b", "l", "l", "l")
"""Keys that decide mac (and lease), bridge, console port, description of the toy set."""


@asynccontextmanager
async def screen(conflicts=None, desk=None, size=(80, 24)):
    app = ConflictsApp(conflicts, desk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        yield pilot


def line(text: str, word: str) -> str:
    """The first line with that word; fails where there is none."""
    found = [line for line in text.splitlines() if word in line]
    assert found, f"{word!r} is not on the screen:\n{text}"
    return found[0]


async def test_first_screen_counts_marks_and_explains_the_first_open_row():
    async with screen() as pilot:
        text = text_of(pilot.app)
    assert line(text, "Restore web01").startswith(" Restore web01 > Conflicts")
    assert "5 open  0 blocked" in text
    assert "with memory state" in text
    assert line(text, "decide").startswith(">! MAC of net0")
    assert line(text, "node1").startswith("   node")
    assert "MAC of net0: open" in text
    assert "frozen while memory is restored" in text
    assert "no: libvirt refuses" in line(text, " l now")
    assert "[suggested: d]" in line(text, " b backup")
    assert " c switch the whole restore to a cold start" in text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_nothing_but_ascii_and_the_plain_lines_is_painted(size):
    async with screen(size=size) as pilot:
        seen = set()
        for key in ("down", "enter", "escape", "g", "escape", "p", "escape", "f1"):
            seen |= set(await press(pilot, key))
    assert {char for char in seen if not char.isascii()} <= set("│─▼")


async def test_a_wide_terminal_has_columns_for_class_and_state():
    async with screen(size=(120, 40)) as pilot:
        text = text_of(pilot.app)
    assert line(text, "MAC of net0").split()[-2:] == ["frozen", "open"]
    assert line(text, "node2").split()[-2:] == ["host", "decided"]


async def test_one_key_decides_moves_coupled_rows_and_goes_to_the_next_open_row():
    async with screen() as pilot:
        text = await press(pilot, "b")
        assert pilot.app.desk.decided == {"mac": Resolution(KEEP), "lease": Resolution(KEEP)}
    assert "MAC of net0: 52:54:00:0a:01:02. Also moved: lease of net0." in text
    assert line(text, "bridge of net0").startswith(">!")
    assert "3 open  0 blocked" in text


async def test_a_forbidden_choice_says_why_and_changes_nothing():
    async with screen() as pilot:
        text = await press(pilot, "l")
        assert pilot.app.desk.decided == {}
    assert " no: libvirt refuses" in text.splitlines()[-3]
    assert "5 open" in text


async def test_enter_decides_nothing_and_lists_every_choice_with_its_reason():
    async with screen() as pilot:
        text = await press(pilot, "enter")
        assert pilot.app.desk.decided == {}
        assert "b  backup: 52:54:00:0a:01:02" in text
        assert "l  now: no: libvirt refuses" in text
        await press(pilot, "enter")
        assert pilot.app.desk.decided["mac"] == Resolution(KEEP)


async def test_arrows_enter_and_esc_are_enough_to_get_to_the_review():
    async with screen() as pilot:
        for row in (0, 2, 4):
            await press(pilot, *["up"] * 6, *["down"] * row, "enter", "enter")
        await press(pilot, *["up"] * 6, *["down"] * 3, "enter", "down", "enter")
        assert "Nothing is open" in text_of(pilot.app)
        await press(pilot, "enter", *["up"] * 3, "enter")
        assert pilot.app.outcomes == [pilot.app.desk]


async def test_the_suggestion_is_taken_only_when_asked_for():
    async with screen() as pilot:
        await press(pilot, "d")
        assert pilot.app.desk.decided["mac"] == Resolution(KEEP)


async def test_undo_and_redo_go_through_everything_and_name_what_changed():
    async with screen() as pilot:
        await press(pilot, *EVERYTHING)
        final = dict(pilot.app.desk.decided)
        assert len(final) == 5
        await press(pilot, "u", "u", "u")
        text = await press(pilot, "u")
        assert "undone: MAC of net0, lease of net0" in text
        assert pilot.app.desk.decided == {}
        assert "Nothing to undo." in await press(pilot, "u")
        text = await press(pilot, "r")
        assert "done again: MAC of net0, lease of net0" in text
        await press(pilot, "U", "r", "r")
        assert pilot.app.desk.decided == final
        assert "Nothing to redo." in await press(pilot, "r")


async def test_a_row_can_be_opened_again_and_that_too_can_be_undone():
    async with screen() as pilot:
        await press(pilot, "b", "up", "up", "R")
        assert "mac" not in pilot.app.desk.decided
        assert line(text_of(pilot.app), "MAC of net0").startswith(">!")
        await press(pilot, "u")
        assert pilot.app.desk.decided["mac"] == Resolution(KEEP)


async def test_next_and_previous_open_skip_what_is_decided():
    async with screen() as pilot:
        await press(pilot, "b", "down", "l")
        assert line(text_of(pilot.app), ">!").startswith(">! description")
        assert line(await press(pilot, "n"), ">!").startswith(">! bridge of net0")
        assert line(await press(pilot, "n"), ">!").startswith(">! description")
        assert line(await press(pilot, "N"), ">!").startswith(">! bridge of net0")


async def test_leaving_and_coming_back_keeps_decisions_and_undo():
    async with screen() as pilot:
        await press(pilot, "b", "l", "escape")
        assert pilot.app.outcomes == [None]
        pilot.app.show()
        await pilot.pause()
        text = await press(pilot)
        assert "2 open" in text
        assert line(text, ">!").startswith(">! console port")
        assert "undone: bridge of net0" in await press(pilot, "u")


async def test_review_begins_when_nothing_is_open_or_blocked():
    async with screen() as pilot:
        assert "F2 goes on" in await press(pilot, *EVERYTHING)
        await press(pilot, "f2")
        assert pilot.app.outcomes == [pilot.app.desk]


async def test_review_says_what_is_open_and_leads_there():
    async with screen() as pilot:
        text = await press(pilot, "b", "l", "f2")
        assert "2 open, 0 blocked" in text
        assert "open: console port" in text
        text = await press(pilot, "down", "enter")
        assert line(text, ">!").startswith(">! description")
        assert pilot.app.outcomes == []


async def test_a_blocked_row_stops_the_review_and_says_the_remedy():
    async with screen() as pilot:
        text = await press(pilot, "b", "l", "b", "l")
        assert "0 open  1 blocked" in text
        assert line(text, "console port").startswith(">x")
        assert "blocked     port 5903 belongs to mail01. Choose another port." in text
        text = await press(pilot, "f2")
        assert "blocked: port 5903 belongs to mail01. Choose another port." in text
        assert pilot.app.outcomes == []
        await press(pilot, "enter", "l", "f2")
        assert pilot.app.outcomes == [pilot.app.desk]


async def test_a_typed_value_is_checked_while_it_is_typed_and_again_on_enter():
    async with screen() as pilot:
        await press(pilot, "b")
        text = await press(pilot, "e", *"br-x")
        assert "no: no bridge 'br-x' Type br-prod or br-test." in text
        await press(pilot, "enter")
        assert "bridge" not in pilot.app.desk.decided
        text = await press(pilot, "backspace", *"test")
        assert "Enter accepts this value." in text
        await press(pilot, "enter")
        assert pilot.app.desk.decided["bridge"] == Resolution(CUSTOM, "br-test")


async def test_esc_drops_a_typed_value_and_stays_on_the_screen():
    async with screen() as pilot:
        await press(pilot, "b", "e", *"br-test", "escape")
        assert "bridge" not in pilot.app.desk.decided
        assert pilot.app.outcomes == []
        await press(pilot, "l")
        assert pilot.app.desk.decided["bridge"] == Resolution(LIVE)


async def test_down_fills_in_todays_value_to_be_edited():
    async with screen() as pilot:
        await press(pilot, "b", "l", "e", "down", "backspace", "2", "enter")
        assert pilot.app.desk.decided["port"] == Resolution(CUSTOM, "5912")


async def test_a_typed_value_goes_to_the_row_it_was_asked_for():
    async with screen() as pilot:
        await press(pilot, "b", "l", "e", *"77", "tab", "up", "shift+tab", "enter")
        assert pilot.app.desk.decided["bridge"] == Resolution(LIVE)
        assert pilot.app.desk.decided["port"] == Resolution(CUSTOM, "77")


async def test_typing_is_refused_where_the_row_takes_no_value_of_ones_own():
    async with screen() as pilot:
        assert "no: the guest keeps the card it has" in await press(pilot, "e")


async def test_a_group_is_listed_with_its_refusals_before_it_is_decided():
    async with screen() as pilot:
        text = await press(pilot, "g")
        assert "Group network: 3 rows" in text
        assert "all from the backup (2 rows, 1 refused)" in text
        text = await press(pilot, "enter")
        assert pilot.app.desk.decided == {}
        assert "decide 2 rows so" in text
        assert "bridge of net0: no: vmbr0 is not on this host" in text
        assert "MAC of net0: 52:54:00:0a:01:02" in text
        text = await press(pilot, "enter")
        assert "2 rows decided, 1 refused." in text
        assert set(pilot.app.desk.decided) == {"mac", "lease"}
        await press(pilot, "u")
        assert pilot.app.desk.decided == {}


async def test_every_open_row_can_be_decided_as_suggested_after_reading_the_list():
    async with screen() as pilot:
        assert "every open row of all groups as suggested (4 rows, 1" in await press(pilot, "g")
        text = await press(pilot, "up", "enter")
        assert "console port: 5911" in text
        await press(pilot, "enter", "u")
        assert pilot.app.desk.decided == {}
        await press(pilot, "r")
        assert len(pilot.app.desk.decided) == 5


async def test_a_group_can_be_left_alone_after_the_list_was_read():
    async with screen() as pilot:
        await press(pilot, "g", "enter", "escape")
        assert pilot.app.desk.decided == {}


async def test_rows_outside_the_group_that_would_move_are_named():
    lease = host_row("lease", "a", "b", title="the lease", group="elsewhere")
    mac = host_row("mac", "a", "b", group="network", coupled=("lease",))
    async with screen(ToyConflicts(rows=(mac, lease))) as pilot:
        assert "Also moved: the lease" in await press(pilot, "g", "enter")


async def test_the_cold_start_is_asked_about_and_keeping_the_memory_stands_first():
    async with screen() as pilot:
        text = await press(pilot, "c")
        assert "the saved memory is not used" in text
        await press(pilot, "enter")
        assert pilot.app.outcomes == []
        await press(pilot, "c", "down", "enter")
        assert pilot.app.outcomes == [SwitchToCold(pilot.app.desk)]


async def test_a_cold_restore_offers_no_cold_start():
    async with screen(ToyConflicts(mode="cold")) as pilot:
        text = await press(pilot, "c")
    assert "is a cold start already" in text
    assert " c switch" not in text


async def test_warnings_are_counted_and_listed():
    async with screen() as pilot:
        assert "w 1 warning" in text_of(pilot.app)
        assert "XML and directory differ today." in await press(pilot, "w")


async def test_hidden_fields_are_counted_by_reason():
    async with screen() as pilot:
        assert "h hidden 35" in text_of(pilot.app)
        assert "31 equal, 4 noise" in await press(pilot, "h")
        assert "31 equal" not in await press(pilot, "h")


async def test_a_filter_shows_only_matching_rows_until_esc():
    async with screen() as pilot:
        text = await press(pilot, "slash", *"net0 open", "enter")
        assert "filter net0 open" in text
        assert "row 1 of 3" in text
        assert "description" not in text
        text = await press(pilot, "escape")
        assert "row 1 of 6" in text
        assert pilot.app.outcomes == []


async def test_open_rows_outside_the_filter_are_not_forgotten():
    async with screen() as pilot:
        text = await press(pilot, "slash", *"bridge", "enter", "l")
    assert "Open rows are left outside the filter." in text
    assert "4 open" in text


async def test_a_filter_without_a_match_says_so_and_no_key_does_harm():
    async with screen() as pilot:
        text = await press(pilot, "slash", *"zzz", "enter", "b", "e", "R", "g", "d", "n", "enter")
        assert "No row matches the filter." in text
        assert pilot.app.desk.decided == {}


async def test_a_long_value_is_shortened_in_the_table_and_whole_below():
    path = "/var/virtualization/vm-persistent/0f83f084-8080-413e-b558-b678e504836e/vda.qcow2"
    row = host_row("path", path, path.replace("vda", "vdb"), title="image of vda")
    async with screen(ToyConflicts(rows=(row,)), size=(120, 40)) as pilot:
        text = text_of(pilot.app)
    assert path not in line(text, ">!")
    assert ".." in line(text, ">!")
    assert path in "".join(part.strip() for part in text.splitlines()[5:])


async def test_a_next_boot_result_that_does_not_fit_says_what_comes_then():
    async with screen() as pilot:
        text = await press(pilot, "x", "home")
        assert line(text, "MAC of net0").endswith(" next boot: 52:54..")
        await pilot.resize_terminal(200, 40)
        await pilot.pause()
        both = "52:54:00:0a:01:02 now, 52:54:00:0b:01:02 next boot"
        assert both in line(await press(pilot), "MAC of net0")


async def test_a_value_cannot_send_escapes_to_the_terminal_or_markup_to_the_screen():
    row = host_row("evil", "\x1b[2J[bold]\nx", "[/]", title="descr[iption")
    async with screen(ToyConflicts(rows=(row,))) as pilot:
        text = text_of(pilot.app) + await press(pilot, "enter") + await press(pilot, "enter")
    assert "\x1b" not in text
    assert "\\x1b[2J[bold]\\nx" in text
    assert "descr[iption" in text


async def test_a_resize_keeps_the_row_in_hand():
    async with screen() as pilot:
        await press(pilot, "b", "down")
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        text = await press(pilot)
    assert line(text, ">!").startswith(">! console port")
    assert "console port: open" in text


async def test_a_key_costs_little_more_on_200_rows_than_on_20():
    few, lots = await cost_of_a_key(many(20)), await cost_of_a_key(many(200))
    assert lots < 3 * few
    assert lots < 0.5


async def cost_of_a_key(conflicts) -> float:
    """The least processor time in seconds: neighbours on the same cores make it dearer."""
    costs = []
    async with screen(conflicts) as pilot:
        await press(pilot, "b", "u")
        for key in ("b", "l", "down", "n", "u", "r", "b", "l", "down", "pagedown", "end"):
            before = time.process_time()
            await press(pilot, key)
            costs.append(time.process_time() - before)
    return min(costs)


async def test_decisions_that_the_cold_comparison_still_knows_are_carried_over():
    desk = Desk(ToyConflicts())
    desk.decide("mac", Resolution(BOOT))
    desk.decide("port", Resolution(LIVE))
    mac = host_row("mac", "a", "b", allowed=(KEEP, LIVE))
    cold = desk.carried_over(ToyConflicts(mode="cold", rows=(mac, ToyConflicts().row("port"))))
    assert cold.decided == {"port": Resolution(LIVE)}
    async with screen(desk=cold) as pilot:
        assert "cold start  1 open" in text_of(pilot.app)


def test_undo_goes_on_after_the_comparison_was_made_again():
    desk = Desk(ToyConflicts())
    desk.decide("port", Resolution(KEEP))
    desk.decide("bridge", Resolution(LIVE))
    desk.decide("port", Resolution(LIVE))
    desk.undo()
    again = desk.carried_over(ToyConflicts(rows=ToyConflicts().rows[3:]))
    assert again.decided == {"port": Resolution(KEEP)}
    assert again.redo()
    assert again.decided == {"port": Resolution(LIVE)}
    assert again.undo()
    assert again.undo()
    assert again.decided == {}
    assert not again.undo()
