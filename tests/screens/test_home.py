"""Home: the catalogue, the side panel, the runs, and what opens them."""

from __future__ import annotations

import dataclasses

import pytest

from config.errors import InvalidInput
from steps.drill.history import DrillResult, remember
from tests.screens.support import Script, ToyService, home_app, make_run, wait_for, wait_until
from tests.screens.toy import SITE
from tui.run_summary import last_drills
from tui.screens.dialog import Dialog, Notice
from tui.screens.home import HomeScreen


@pytest.fixture
def service(tmp_path):
    return ToyService(tmp_path)


async def test_catalogue_by_system_with_what_the_procedure_needs_and_how_it_is_undone(service):
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "drilled")
    assert "Virtual machines (KVM)" in text
    assert ">   Restore a machine" in text
    assert "needs   a hypervisor, its directory" in text
    assert "undo    until you confirm the clean-up" in text
    assert "last    not on record" in text
    assert "drilled never" in text
    assert "site berne" in text.splitlines()[0]


async def test_help_tells_what_the_panel_has_no_room_for(service):
    app = home_app(service, find_site=lambda: None)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "no site file")
        await pilot.press("f1")
        await wait_for(pilot, "Help: Rekindle")
        await pilot.press("pagedown")
        await wait_for(pilot, "drilled never")


async def test_of_several_drills_each_is_seen_whole(service):
    titles = [
        f"A lost engine comes back on new hardware, by oVirt {n} (simulated hosts)" for n in "45"
    ]
    app = home_app(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "drilled")
        app.push_screen(Dialog("Drill", "There are several.", [(title, title) for title in titles]))
        text = await wait_for(pilot, "oVirt 5")
    assert text.count("hosts)") == 2


async def test_a_notice_has_the_room_that_the_screen_has(service):
    app = home_app(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "drilled")
        app.push_screen(Notice("To do", "\n".join(f"Line {number}" for number in range(16))))
        await wait_for(pilot, lambda text: "Line 15" in text and "enter close" in text)


async def test_key_line_names_the_keys(service):
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "drilled")
    keys = text.splitlines()[-1]
    assert keys.split("  ") == [
        " d drill it", "r runs", "b backups", "m live", "i inspect", "F1 help", "ctrl+q quit"
    ]  # fmt: skip


async def test_finished_runs_tell_when_it_was_last_run_and_drills_how_they_went(service, tmp_path):
    with Script(make_run(tmp_path)) as real:
        real.start()
        real.finish("done")
    drill = make_run(tmp_path, site=dataclasses.replace(SITE, practice=True))
    with Script(drill) as practised:
        practised.start()
        practised.finish("failed")
    service.drilled["toy.restore"] = "2 Nov 2026, passed in 4m40s"
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "done in")
    assert "done in" in next(line for line in text.splitlines() if "last " in line)
    assert "drilled 2 Nov 2026, passed in 4m40s" in text
    assert f"{drill.id} drill: " in text


def test_the_last_drill_of_each_procedure_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path))
    (tmp_path / "state").mkdir()
    for seconds, passed in ((280.0, False), (61.0, True)):
        remember(
            DrillResult("restore", "toy.restore", "2026-11-02T12:00:00+00:00", seconds, passed, "")
        )
    assert last_drills() == {"toy.restore": "2 Nov 2026, passed in 1m01s"}


async def test_a_run_that_waits_comes_first_with_a_mark_and_its_question(service, tmp_path):
    with Script(make_run(tmp_path)) as finished:
        finished.start()
        finished.finish("done")
    with Script(make_run(tmp_path)) as waiting:
        waiting.start()
        waiting.fail("swap.aside")
        with Script(make_run(tmp_path)) as running:
            running.start()
            running.begin("check.set")
            async with home_app(service).run_test(size=(80, 24)) as pilot:
                text = await wait_for(pilot, "waiting for you")
    runs = text[text.index("Runs") :]
    assert runs.index(f"! {waiting.run.id}") < runs.index(running.run.id)
    assert "running: Check the backup set" in runs
    assert runs.index("waiting for you: 1 question") < runs.index("done in")


async def test_a_run_whose_runner_died_is_cut_off_and_one_with_a_changed_plan_is_damaged(
    service, tmp_path
):
    cut = Script(make_run(tmp_path))
    cut.start()
    cut.die()
    damaged = make_run(tmp_path)
    damaged.plan_file.write_text(damaged.plan_file.read_text().replace("web01", "web02"))
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "no runner")
        await pilot.press("r", "down", "up")
        text = await wait_for(pilot, "decided (its hash")
    assert f"! {cut.run.id} Restore web01" in text
    assert f"! {damaged.id}" in text


async def test_r_goes_to_the_runs_and_the_panel_shows_the_run(service, tmp_path):
    with Script(make_run(tmp_path)) as run:
        run.start()
        run.finish("done")
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "done in")
        await pilot.press("r")
        text = await wait_for(pilot, "files")
    assert f">   {run.run.id}" in text


async def test_find_shows_only_the_runs_that_hold_the_words(service, tmp_path):
    with Script(make_run(tmp_path)) as run:
        run.start()
        run.finish("done")
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, run.run.id)
        await pilot.press("slash", *"nothing like it")
        await wait_for(pilot, lambda text: run.run.id not in text)


async def test_find_shows_only_what_holds_the_words_and_esc_shows_all_again(service):
    async with home_app(service).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "drilled")
        await pilot.press("slash", *"nothing like it")
        gone = await wait_for(pilot, lambda text: "Restore a machine" not in text)
        await pilot.press("escape")
        back = await wait_for(pilot, "Restore a machine")
    assert "nothing like it" in gone
    assert "nothing like it" not in back


async def test_without_a_site_it_says_what_to_do_and_opens_nothing_but_drills(service):
    app = home_app(service, find_site=lambda: None)
    async with app.run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "no site file")
        assert "rekindle site --example" in text
        await pilot.press("enter")
        notice = await wait_for(pilot, "enter close")
        assert "rekindle site --example" in notice
        await pilot.press("escape", "d")
        await pilot.pause()
    assert app.drill_wanted == service.procedures()[0].drills[0]
    assert app.return_value == 0


async def test_d_asks_for_the_drill_of_the_procedure(service):
    app = home_app(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "drilled")
        await pilot.press("d")
        await pilot.pause()
    assert app.drill_wanted == service.procedures()[0].drills[0]


def with_drills(service, *names):
    """A catalogue whose procedure has these drills."""
    (procedure,) = service.procedures()
    service.procedures = lambda: (dataclasses.replace(procedure, drills=names),)


@pytest.mark.parametrize(
    ("keys", "wanted"), [(["enter"], "deploy-4.5"), (["down", "enter"], "deploy-classic")]
)
async def test_where_a_procedure_has_several_drills_d_asks_which(service, keys, wanted):
    with_drills(service, "deploy-4.5", "deploy-classic")
    app = home_app(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "drilled")
        await pilot.press("d")
        text = await wait_for(pilot, "Drill: Restore a machine")
        assert "> Deploy a self-hosted engine of oVirt 4.5" in text
        assert "Deploy a self-hosted engine of oVirt 3.6, the guide's way" in text
        await pilot.press(*keys)
        await pilot.pause()
    assert app.drill_wanted == wanted


async def test_the_choice_of_drills_is_left_with_esc_and_nothing_begins(service):
    with_drills(service, "deploy-4.5", "deploy-classic")
    app = home_app(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "drilled")
        await pilot.press("d")
        await wait_for(pilot, "Drill: Restore a machine")
        await pilot.press("escape")
        await wait_for(pilot, "drilled")
        assert isinstance(app.screen, HomeScreen)
    assert app.drill_wanted == ""


async def test_ctrl_q_quits_with_zero(service):
    app = home_app(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "drilled")
        await pilot.press("ctrl+q")
        await pilot.pause()
    assert app.return_value == 0
    assert app.drill_wanted == ""


async def test_moving_the_cursor_changes_nothing_but_the_panel(service, tmp_path):
    with Script(make_run(tmp_path)) as run:
        run.start()
        run.finish("done")
    app = home_app(service)
    async with app.run_test(size=(80, 24)) as pilot:
        before = await wait_for(pilot, "done in")
        await pilot.press("down")
        after = await wait_for(pilot, "files")
        assert isinstance(app.screen, HomeScreen)
    left = [line[3:39] for line in before.splitlines()]
    assert left == [line[3:39] for line in after.splitlines()]


async def test_f1_explains_the_screen_the_procedure_and_every_key(service):
    async with home_app(service).run_test(size=(80, 40)) as pilot:
        await wait_for(pilot, "drilled")
        await pilot.press("f1")
        text = await wait_for(pilot, "Help: Rekindle")
        assert "everything Rekindle can do" in text
        assert "Takes one machine back" in text
        await pilot.press("end")
        await wait_for(pilot, "  d          drill it")
        await pilot.press("f1")
        await wait_for(pilot, "Virtual machines (KVM)")


async def test_a_wrong_site_file_ends_it_with_that_error(service):
    problem = InvalidInput("site.yaml, line 1: nam is not a field.", "Write name.")

    def broken():
        raise problem

    app = home_app(service, find_site=broken)
    async with app.run_test(size=(80, 24)):
        await wait_until(lambda: app.failure)
    assert app.failure is problem
