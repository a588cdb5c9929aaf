"""The run screen: it reads the journal and the logs, and steers over the control socket."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import pytest

from config.site import Site
from steps.procedure import Phase
from steps.run.control_client import ControlClient
from steps.run.events import Event
from tests.screens.support import (
    Script,
    ToyService,
    home_app,
    make_run,
    screen_text,
    wait_for,
    wait_until,
)
from tests.screens.toy import ToyStep
from tui.app import RekindleApp
from tui.line_index import EVERY, LineIndex


@pytest.fixture
def service(tmp_path):
    return ToyService(tmp_path)


@pytest.fixture
def script(tmp_path):
    with Script(make_run(tmp_path)) as script:
        script.start()
        yield script


def attached(service, run) -> RekindleApp:
    """The application as `rekindle attach` opens it."""

    async def main(app):
        return await app.show_run(run)

    return RekindleApp(service=service, main=main)


def line_of(text: str, words: str) -> str:
    found = [line for line in text.splitlines() if words in line]
    assert found, f"{words!r} is not on the screen:\n{text}"
    return found[0]


async def test_a_run_attached_to_says_its_site_and_whether_it_is_a_drill(service, tmp_path):
    site = Site(name="practice", practice=True)
    with Script(make_run(tmp_path / "drill", site=site)) as script:
        script.start()
        async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
            text = await wait_for(pilot, "Wipe the old images")
            assert "DRILL" in text.splitlines()[0]
            script.finish("done")
            text = await wait_for(pilot, "DONE")
    assert "DRILL" in text.splitlines()[0]
    assert "Restore web01 > Report" in text.splitlines()[0]


async def test_every_step_says_in_words_where_it_is(service, script):
    script.do("check.set")
    script.begin("swap.aside")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "Wipe the old images")
    title = text.splitlines()[0]
    assert "Restore web01" in title
    assert f"run {script.run.id}" in title
    assert "phase 2 of 2" in title
    assert "00:00:0" in title
    assert line_of(text, "Check the backup set").split() == [
        "done", "Check", "the", "backup", "set", "0.8", "s"
    ]  # fmt: skip
    assert line_of(text, "Move the live images aside").startswith(" > run ")
    assert "wait    Wipe the old images" in text


async def test_progress_has_a_bar_share_amount_and_time_left(service, script):
    script.begin("swap.aside")
    script.record(Event.PROGRESS, step="swap.aside", done=0, total=4_000_000_000, unit="B")
    await asyncio.sleep(0.2)
    script.record(
        Event.PROGRESS, step="swap.aside", done=1_000_000_000, total=4_000_000_000, unit="B"
    )
    async with attached(service, script.run).run_test(size=(120, 40)) as pilot:
        text = await wait_for(pilot, "25%")
    line = line_of(text, "Move the live")
    assert "[####............]  25%" in line
    assert "1.0 GB" in line
    assert "GB/s" in line
    assert "s left" in line


async def test_on_a_narrow_screen_the_title_stays_and_the_rate_goes(service, script):
    script.begin("swap.aside")
    script.record(Event.PROGRESS, step="swap.aside", done=0, total=100, unit="B")
    await asyncio.sleep(0.1)
    script.record(Event.PROGRESS, step="swap.aside", done=50, total=100, unit="B")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "50%")
    assert "Move the live images aside" in line_of(text, "50%")


async def test_the_end_of_the_log_of_the_step_in_hand_is_shown(service, script):
    script.begin("swap.aside")
    log = script.run.step_log("swap.aside")
    log.write_text("".join(f"line {number}\n" for number in range(1000)))
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "line 999")
        with log.open("a") as more:
            more.write("and \x1b[2J one more\n")
        text = await wait_for(pilot, "one more")
    assert "\\x1b[2J one more" in text
    assert "line 500" not in text


async def test_a_question_takes_the_middle_until_it_is_answered_over_the_socket(service, script):
    choices = (("yes", "Remove it", ""), ("no", "Keep it", ""), ("all", "All", "not now"))
    script.begin("swap.aside")
    script.ask("swap.aside", choices=choices, text="Remove the old file?")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "! Remove the old file?")
        assert "What to do: stop it" in text
        assert "> Remove it" in text
        assert "All  no: not now" in text
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda text: "Remove the old file?" not in text)
    ((value, by),) = script.replies
    assert value == "no"
    assert by


async def test_a_question_asked_before_stays_for_whoever_attaches_later(service, script):
    script.begin("swap.aside")
    script.ask("swap.aside", choices=(("yes", "Yes", ""),))
    for _ in range(2):
        async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, "! What shall be done?")


async def test_a_typed_answer_and_a_secret_one(service, script):
    script.begin("swap.aside")
    script.ask("swap.aside", text="Why?")
    app = attached(service, script.run)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "! Why?")
        await pilot.press(*"because", "enter")
        await wait_for(pilot, lambda text: "! Why?" not in text)
        script.ask("swap.aside", 2, secret=True, text="The password?")
        await wait_for(pilot, "! The password?")
        await pilot.press(*"hunter2")
        await pilot.pause()
        assert "hunter2" not in screen_text(app)
        await pilot.press("enter")
        await wait_for(pilot, lambda text: "! The password?" not in text)
    assert [value for value, _ in script.replies] == ["because", "hunter2"]
    assert "hunter2" not in script.run.journal_file.read_text()


async def test_what_must_not_be_written_down_is_shown_beside_its_question_only(service, script):
    script.begin("swap.aside")
    script.ask("swap.aside", text="Installed?", private="Temporary console password: 3477XXAM")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Temporary console password: 3477XXAM")
        await pilot.press(*"yes", "enter")
        await wait_for(pilot, lambda text: "3477XXAM" not in text)
    assert "3477XXAM" not in script.run.journal_file.read_text()


@pytest.mark.parametrize("lines", [1, 8, 20])
async def test_the_choice_in_hand_is_on_the_screen_however_much_is_said_before(
    service, script, lines
):
    names = ("Go on", "Reboot it", "Leave it", "Destroy it")
    choices = tuple((name, f"{name}: {'and so on ' * 20}end", "") for name in names)
    detail = "\n".join(f"Console {number}" for number in range(lines))
    script.begin("swap.aside")
    script.ask("swap.aside", choices=choices, detail=detail, private="x\nx\nx\nPassword: 3477XXAM")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "> Go on")
        assert "Console 0" in text
        assert "Password: 3477XXAM" in text
        for name in names[1:]:
            await pilot.press("down")
            await wait_for(pilot, f"> {name}")


@pytest.mark.parametrize("choices", [(("ok", "Go on", ""), ("no", "Stop", "")), ()])
async def test_what_was_said_before_is_read_to_its_end_by_key(service, script, choices):
    detail = "\n".join(f"Setting {number}" for number in range(40))
    script.begin("swap.aside")
    script.ask("swap.aside", choices=choices, text="Go on?", detail=detail)
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "PageDown")
        assert "Setting 7" in text
        assert "Setting 39" not in text
        for _page in range(6):
            await pilot.press("pagedown")
        await wait_for(pilot, "Setting 39")
        for _page in range(6):
            await pilot.press("pageup")
        await wait_for(pilot, lambda text: "Setting 0" in text and "PageDown" in text)


async def test_what_is_asked_is_read_whole_beside_a_plan_that_fills_the_screen(service, tmp_path):
    detail = "\n".join(f"Seen {number}" for number in range(6))
    steps = tuple(ToyStep(f"swap.{number}", f"Step {number}") for number in range(20))
    with Script(make_run(tmp_path)) as script:
        script.plan = replace(script.plan, phases=(Phase("swap", "Swap", steps),))
        script.start()
        script.begin("swap.0")
        script.ask("swap.0", choices=(("go", "Go on", ""), ("stop", "Stop", "")), detail=detail)
        async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
            text = await wait_for(pilot, "> Go on")
            text = await wait_for(pilot, "Seen 5")
            assert "Seen 0" in text
            assert "Step 0" in text


async def test_a_failed_step_shows_what_was_seen_expected_and_the_choices(service, script):
    script.fail("swap.aside")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "FAILED")
    for words in ("Seen: pid 7 has it open", "Expected: nobody", "What to do: stop it"):
        assert words in text
    assert "> Try again" in text
    assert "Skip it  no: It is never skipped." in text


async def test_enter_on_a_step_shows_its_evidence_and_log(service, script):
    script.do("check.set", evidence="2 disks, all there")
    script.begin("swap.aside")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Check the backup set")
        await pilot.press("up", "enter")
        text = await wait_for(pilot, "evidence")
    assert "2 disks, all there" in text
    assert "check.set.log" in text.replace("\n", "")


async def test_space_pauses_after_the_step_and_goes_on_again(service, script):
    script.begin("swap.aside")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Move the live")
        await pilot.press("space")
        await wait_for(pilot, "pauses after this step")
        assert script.switches.pause_by
        await pilot.press("space")
        await wait_for(pilot, lambda text: "pauses after" not in text)
        assert not script.switches.pause_by


@pytest.mark.parametrize(
    ("downs", "words", "asked"),
    [(2, "stops after this step", "stop_by"), (3, "abort asked by", "abort_by")],
)
async def test_leaving_offers_stop_and_abort_and_stays(service, script, downs, words, asked):
    script.begin("swap.aside")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Move the live")
        await pilot.press("ctrl+d")
        text = await wait_for(pilot, "Leave this run?")
        assert f"rekindle attach {script.run.id}" in text
        await pilot.press(*["down"] * downs, "enter")
        await wait_for(pilot, words)
        assert getattr(script.switches, asked)


async def test_detaching_leaves_the_run_alone_and_returns_4(service, script):
    script.begin("swap.aside")
    app = attached(service, script.run)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Move the live")
        await pilot.press("ctrl+d")
        await wait_for(pilot, "Leave this run?")
        await pilot.press("down", "enter")
        await wait_until(lambda: app.return_value is not None)
    assert app.return_value == 4
    assert script.run.holder() is not None
    assert not script.switches.stop_by
    assert f"rekindle attach {script.run.id}" in app.parting


async def test_the_second_operator_watches_and_may_take_over(service, script):
    script.begin("swap.aside")
    with ControlClient(script.run) as first:
        first.steer()
        app = attached(service, script.run)
        async with app.run_test(size=(80, 24)) as pilot:
            text = await wait_for(pilot, "watching; steered by")
            assert "t take over" in text
            await pilot.press("space")
            text = await wait_for(pilot, "The run did not take that")
            assert "steers this run" in text
            await pilot.press("enter", "t")
            await wait_for(pilot, lambda text: "watching" not in text)
            await pilot.press("ctrl+d")
            await wait_for(pilot, "Leave this run?")
            await pilot.press("down", "enter")
            await wait_until(lambda: app.return_value is not None)
        # The wheel is free again as soon as the screen is gone.
        first.steer()


async def test_a_run_that_nobody_runs_says_so_and_is_resumed_with_r(service, script):
    script.begin("swap.aside")
    script.die()
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "cut off: nobody runs it")
        assert "r resume" in text
        await pilot.press("r")
        await wait_for(pilot, lambda _: bool(service.resumed))
    assert service.resumed == [script.run]


async def test_a_question_that_nobody_would_hear_the_answer_to_is_not_asked(service, script):
    script.begin("swap.aside")
    script.ask("swap.aside", choices=(("yes", "Remove it", ""), ("no", "Keep it", "")))
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "> Remove it")
        script.die()
        text = await wait_for(pilot, "cut off: nobody runs it")
        assert "Remove it" not in text
        await pilot.press("enter")
        await pilot.press("escape", "r")
        await wait_for(pilot, lambda _: bool(service.resumed))
    assert not script.replies


async def test_a_step_that_found_all_as_it_should_be_is_ok_and_not_done_before(service, script):
    script.begin("check.set")
    script.record(Event.STEP_ALREADY, step="check.set", evidence="2 disks")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        assert "  ok      Check the backup set" in await wait_for(pilot, "  ok      Check")


async def test_the_end_of_the_run_leads_to_its_report(service, script):
    script.do("check.set")
    app = attached(service, script.run)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Wipe the old images")
        script.finish("done")
        text = await wait_for(pilot, "DONE")
        assert "Nothing is left to do" in text
        await pilot.press("enter")
        await pilot.pause()
    assert app.return_value == 0


async def test_the_end_of_the_run_waits_for_a_dialog_that_is_open(service, script):
    app = attached(service, script.run)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Wipe the old images")
        await pilot.press("ctrl+d")
        await wait_for(pilot, "Leave this run?")
        script.finish("done")
        await pilot.pause(0.6)
        assert "Leave this run?" in screen_text(app)
        await pilot.press("escape")
        await wait_for(pilot, "DONE")


async def test_home_opens_a_running_run_and_goes_on_showing_home_after_a_detach(service, script):
    script.begin("swap.aside")
    app = home_app(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "running")
        await pilot.press("r", "enter")
        await wait_for(pilot, "Wipe the old images")
        await pilot.press("ctrl+d")
        await wait_for(pilot, "Leave this run?")
        await pilot.press("down", "enter")
        await wait_for(pilot, "Virtual machines (KVM)")
        assert app.return_value is None


async def test_the_full_log_of_a_step_follows_its_end_and_finds_text(service, script):
    script.begin("swap.aside")
    log = script.run.step_log("swap.aside")
    log.write_text("".join(f"line {number}\n" for number in range(30_000)))
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "line 29999")
        await pilot.press("l")
        await wait_for(pilot, "30000 lines")
        await wait_for(pilot, "line 29999")
        with log.open("a") as more:
            more.write("the last one\n")
        await wait_for(pilot, "the last one")
        await pilot.press("home")
        text = await wait_for(pilot, "line 0\n".rstrip() + " ")
        assert "line 19" in text
        await pilot.press("end", "slash", *"line 12345", "enter")
        text = await wait_for(pilot, "line 12346 of 30001")
        assert "line 12345" in text
        await pilot.press("escape")
        await wait_for(pilot, "Wipe the old images")


async def test_a_step_without_a_log_says_so(service, script):
    script.begin("swap.aside")
    async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Move the live")
        await pilot.press("l")
        await wait_for(pilot, "There is no log yet")


def test_lines_of_a_big_file_are_found_by_number_without_reading_it_all(tmp_path):
    path = tmp_path / "log"
    path.write_text("".join(f"line {number}\n" for number in range(10 * EVERY + 7)) + "half a li")
    index = LineIndex(path)
    while index.scan():
        pass
    assert index.count == 10 * EVERY + 7
    middle = 5 * EVERY - 1
    assert index.lines(middle, 3) == [f"line {n}" for n in range(middle, middle + 3)]
    assert index.lines(10 * EVERY + 5, 10) == [f"line {10 * EVERY + 5}", f"line {10 * EVERY + 6}"]
    assert index.lines(10 * EVERY + 7, 10) == []
    assert index.lines(-5, 1) == ["line 0"]
    with path.open("a") as more:
        more.write("ne\nnew\n")
    assert index.scan() is False
    assert index.lines(10 * EVERY + 7, 5) == ["half a line", "new"]
    assert index.find("LINE 77", 10 * EVERY, backwards=True) == 7799
    assert index.find("nowhere", 10 * EVERY, backwards=True) is None
    index.close()


def test_one_endless_line_is_read_in_bounds(tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.write(b"first\n")
        os.truncate(file.fileno(), 64 << 20)
    index = LineIndex(path)
    while index.scan():
        pass
    assert index.lines(0, 10) == ["first"]
    index.close()
