"""The whole way through one procedure, screen after screen, and back again."""

from __future__ import annotations

import dataclasses
import shlex
import threading

import pytest

from config.errors import InvalidInput, Refused, Unreachable
from config.questions import Choice, Group, Interview, Kind, Question
from steps.conflicts import Decision, Resolution
from tests.screens.support import Script, ToyService, screen_text, wait_for, wait_until
from tests.screens.terminal import PATIENCE
from tests.screens.toy import SITE, TOY
from tests.screens.toy_conflicts import ToyConflicts, host_row
from tui.app import RekindleApp
from tui.keep import Keep
from tui.session import Session

PORT = host_row("port", "5903", "5911", title="VNC port")
SHORT = Interview(
    (
        Group(
            "machine",
            "Machine",
            (
                Question("machine", "Machine", Kind.TEXT, default="web01"),
                Question(
                    "mode",
                    "Memory",
                    Kind.CHOICE,
                    choices=(Choice("with-state", "With state"), Choice("cold", "Cold")),
                    default="with-state",
                ),
            ),
        ),
    )
)


def compare(_site, given, _survey):
    return ToyConflicts(rows=[PORT], mode=given["mode"])


PROCEDURE = dataclasses.replace(TOY, interview=SHORT, probes={}, conflicts=compare)


@pytest.fixture
def service(tmp_path):
    return ToyService(tmp_path)


def walker(service, procedure=PROCEDURE, **session) -> RekindleApp:
    """The application on one procedure, as `rekindle drill` opens it."""
    state = Session(SITE, procedure, **session)

    async def main(app):
        return await app.walk(state)

    app = RekindleApp(service=service, main=main)
    app.state = state
    return app


async def to_conflicts(pilot) -> str:
    await wait_for(pilot, "1 of 1")
    await pilot.press("f2")
    return await wait_for(pilot, "VNC port")


async def to_review(pilot) -> str:
    await to_conflicts(pilot)
    await pilot.press("l", "f2")
    return await wait_for(pilot, "> Review")


async def test_from_the_first_question_to_a_started_run(service):
    app = walker(service)
    async with app.run_test(size=(80, 24)) as pilot:
        text = await to_review(pilot)
        assert "Restore web01 > Review" in text
        await pilot.press("tab", *"web01", "enter", "enter")
        await wait_for(pilot, "starting")
        (run,) = service.started
        with Script(run) as script:
            script.start()
            script.finish("done")
            text = await wait_for(pilot, "DONE")
        await pilot.press("enter")
        await pilot.pause()
    assert app.return_value == 0
    assert app.state.decided() == {"port": Resolution(Decision.TAKE_LIVE)}


async def test_the_name_to_type_shows_where_the_keys_go_and_typing_takes_the_error_away(service):
    async with walker(service).run_test(size=(80, 24)) as pilot:
        text = await to_review(pilot)
        assert "   Type web01 to confirm:" in text
        await pilot.press("tab", "enter", "enter")
        text = await wait_for(pilot, "error   Type web01 first.")
        assert " > Type web01 to confirm:" in text
        await pilot.press("w")
        text = await wait_for(pilot, lambda text: "error" not in text)
        await pilot.press("enter", "enter")
        await wait_for(pilot, "error   'w' is not 'web01'.")
    assert not service.started


async def test_a_run_that_is_being_started_says_so(service):
    begin, go_on = service.start, threading.Event()

    def slow(session):
        go_on.wait(PATIENCE)
        return begin(session)

    service.start = slow
    async with walker(service).run_test(size=(80, 24)) as pilot:
        await to_review(pilot)
        await pilot.press("tab", *"web01", "enter", "enter")
        text = await wait_for(pilot, "Starting the run ...")
        assert "web01 > Start" in text.splitlines()[0]
        go_on.set()
        await wait_for(pilot, "starting")


async def test_esc_before_the_first_page_asks_where_nothing_is_behind_it(service):
    app = walker(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "1 of 1")
        await pilot.press("escape")
        await wait_for(pilot, "Leave?")
        await pilot.press("enter")
        await wait_for(pilot, "1 of 1")
        assert app.return_value is None
        await pilot.press("escape")
        await wait_for(pilot, "Leave?")
        await pilot.press("down", "enter")
        await pilot.pause()
    assert app.return_value == 130


async def test_a_briefing_is_read_before_the_first_question(service):
    state = Session(SITE, PROCEDURE)

    async def main(app):
        return await app.walk(state, briefing="web01 was changed today.\nBring it back.")

    async with RekindleApp(service=service, main=main).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "web01 was changed today. Bring it back.")
        await pilot.press("enter")
        await wait_for(pilot, "1 of 1")
        await pilot.press("f1")
        await wait_for(pilot, "Help:")
        await pilot.press("pagedown")
        await wait_for(pilot, "web01 was changed today. Bring it back.")


async def test_the_exit_code_says_how_the_run_ended(service):
    app = walker(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_review(pilot)
        await pilot.press("tab", *"web01", "enter", "enter")
        await wait_for(pilot, "starting")
        with Script(service.started[0]) as script:
            script.start()
            script.finish("failed", "The disk is full.")
            await wait_for(pilot, "FAILED")
        await pilot.press("enter")
        await pilot.pause()
    assert app.return_value == 1


async def test_back_from_review_goes_to_conflicts_and_every_decision_is_kept(service):
    app = walker(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_review(pilot)
        await pilot.press("escape")
        text = await wait_for(pilot, "VNC port")
        assert "0 open" in text
        await pilot.press("escape")
        await wait_for(pilot, "1 of 1")
        await pilot.press("f2")
        text = await wait_for(pilot, "VNC port")
    assert "0 open" in text


async def test_the_world_is_looked_at_again_only_when_an_answer_changed(service):
    looks = []
    service.survey = lambda procedure, given, cancel: looks.append(dict(given)) or {}
    async with walker(service).run_test(size=(80, 24)) as pilot:
        await to_conflicts(pilot)
        await pilot.press("escape")
        await wait_for(pilot, "1 of 1")
        await pilot.press("f2")
        await wait_for(pilot, "VNC port")
        assert len(looks) == 1
        await pilot.press("escape")
        await wait_for(pilot, "1 of 1")
        await pilot.press("2", "f2")
        await wait_for(pilot, "VNC port")
    assert [look["machine"] for look in looks] == ["web01", "web012"]


async def test_giving_the_memory_up_in_conflicts_changes_the_answer_and_compares_again(service):
    app = walker(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_conflicts(pilot)
        await pilot.press("l", "c")
        await wait_for(pilot, "yes, switch to a cold start")
        await pilot.press("down", "enter")
        text = await wait_for(pilot, "-- cold start --".replace("-", "─"))
    assert app.state.given()["mode"] == "cold"
    assert "0 open" in text


async def test_given_answers_and_resolutions_are_there_from_the_start(service):
    given = {"machine": "db01"}
    resolutions = {"port": Resolution(Decision.CUSTOM, "5999")}
    app = walker(service, answers=given, resolutions=resolutions)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "db01" in await wait_for(pilot, "1 of 1")
        await pilot.press("f2")
        text = await wait_for(pilot, "VNC port")
    assert "0 open" in text
    assert "5999" in text


async def test_review_asked_for_too_early_leads_to_what_must_be_mended(service):
    procedure = dataclasses.replace(TOY, conflicts=None)
    async with walker(service, procedure).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "1 of 3")
        await pilot.press("f2")
        text = await wait_for(pilot, "2 of 3")
        text = await wait_for(pilot, "an answer is needed")
    assert "error   Which backup: an answer is needed." in text


async def test_looking_can_be_stopped_and_nothing_is_lost(service):
    gate = threading.Event()

    def slow(_procedure, _given, cancel):
        cancel.wait(PATIENCE)
        gate.set()
        raise Unreachable("stopped")

    service.survey = slow
    app = walker(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "1 of 1")
        await pilot.press("x", "f2")
        text = await wait_for(pilot, "Looking at web01x")
        assert "Nothing is changed." in text
        await pilot.press("escape")
        text = await wait_for(pilot, "1 of 1")
        assert "web01x" in text
    assert gate.wait(PATIENCE)


async def test_a_survey_that_fails_says_why_and_can_be_repeated(service):
    answers = iter([Unreachable("ldap://x does not answer.", "Start slapd."), None])

    def look(_procedure, _given, _cancel):
        problem = next(answers)
        if problem:
            raise problem
        return {}

    service.survey = look
    async with walker(service).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "1 of 1")
        await pilot.press("f2")
        text = await wait_for(pilot, "ldap://x does not answer.")
        assert "Start slapd." in text
        await pilot.press("f5")
        await wait_for(pilot, "VNC port")


async def test_what_cannot_be_compared_is_a_notice_and_leads_back(service):
    def refuse(_site, _given, _survey):
        raise InvalidInput("web01.xml.1102 holds two documents.", "Choose another backup.")

    procedure = dataclasses.replace(PROCEDURE, conflicts=refuse)
    async with walker(service, procedure).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "1 of 1")
        await pilot.press("f2")
        text = await wait_for(pilot, "What was found cannot be used")
        assert "holds two documents" in text
        await pilot.press("enter")
        await wait_for(pilot, "1 of 1")
        await pilot.press("f2")
        # Nothing was kept of it: it is looked at and refused again, never planned without.
        await wait_for(pilot, "What was found cannot be used")


async def test_a_plan_that_is_refused_and_a_run_that_does_not_start_lead_back(service):
    def no_plan(*_):
        raise Refused("It is being backed up.", "Wait.")

    procedure = dataclasses.replace(PROCEDURE, plan=no_plan)
    async with walker(service, procedure).run_test(size=(80, 24)) as pilot:
        await to_conflicts(pilot)
        await pilot.press("l", "f2")
        await wait_for(pilot, "It is being backed up.")
        await pilot.press("enter")
        await wait_for(pilot, "VNC port")

    def no_start(_session):
        raise Refused("Somebody runs it.", "Attach to it.")

    service.start = no_start
    async with walker(service).run_test(size=(80, 24)) as pilot:
        await to_review(pilot)
        await pilot.press("tab", *"web01", "enter", "enter")
        text = await wait_for(pilot, "The run was not started")
        assert "Attach to it." in text
        await pilot.press("enter")
        await wait_for(pilot, "> Review")


async def test_secrets_of_the_site_are_asked_first_and_shown_by_nobody(service):
    service.secret_titles = ["Password of cn=admin at the directory"]
    app = walker(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Password of cn=admin at the directory")
        await pilot.press(*"s3cret")
        await pilot.pause()
        assert "s3cret" not in screen_text(app)
        await pilot.press("enter")
        await wait_for(pilot, "1 of 1")
    assert service.secrets == ["s3cret"]


async def test_without_the_secret_the_walk_ends(service):
    service.secret_titles = ["Password"]
    app = walker(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Password")
        await pilot.press("escape")
        await wait_until(lambda: app.return_value is not None)
    assert app.return_value == 130


async def test_leaving_before_the_start_is_130_and_starts_nothing(service):
    app = walker(service)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_review(pilot)
        await pilot.press("ctrl+d")
        await wait_for(pilot, "Leave?")
        await pilot.press("down", "enter")
        await pilot.pause()
    assert app.return_value == 130
    assert not service.started


async def test_a_drill_says_so_on_every_screen(service):
    site = dataclasses.replace(SITE, practice=True)
    state = Session(site, PROCEDURE)

    async def main(app):
        return await app.walk(state)

    async with RekindleApp(service=service, main=main).run_test(size=(80, 24)) as pilot:
        for wanted in ("1 of 1", "VNC port", "> Review"):
            text = await wait_for(pilot, wanted)
            assert "DRILL" in text.splitlines()[0]
            await pilot.press(*(["l", "f2"] if wanted == "VNC port" else ["f2"]))


async def test_answers_and_decisions_are_saved_from_conflicts_and_review_too(service):
    async with walker(service).run_test(size=(80, 24)) as pilot:
        await to_conflicts(pilot)
        await pilot.press("l", "ctrl+s")
        text = await wait_for(pilot, "The answers are saved")
        assert "rekindle run toy.restore --answers" in text.replace("\n", " ")
        await pilot.press("enter", "f2")
        await wait_for(pilot, "> Review")
        await pilot.press("ctrl+s")
        await wait_for(pilot, "The answers are saved")
        await pilot.press("enter", "ctrl+d")
        await wait_for(pilot, "save the answers to a file, then leave")
    assert len(service.saved) == 2


def test_saved_answers_tell_the_command_for_the_site_they_are_of(tmp_path):
    site = dataclasses.replace(SITE, file=tmp_path / "a site.yaml")
    keep = Keep(Session(site, PROCEDURE), lambda _session: tmp_path / "b")
    told = keep.how_to_use(tmp_path / "b").splitlines()[-1]
    words = ["rekindle", "--site", str(site.file), "run", PROCEDURE.name]
    assert shlex.split(told) == [*words, "--answers", str(tmp_path / "b")]


async def test_what_is_wrong_is_copied_also_to_a_file_whose_path_is_shown(
    service, tmp_path, monkeypatch
):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    copied = []
    monkeypatch.setattr(RekindleApp, "copy_to_clipboard", lambda _, text: copied.append(text))

    def broken(*_):
        raise Unreachable("ldap://x does not answer.", "Start slapd.")

    service.survey = broken
    async with walker(service).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "1 of 1")
        await pilot.press("f2")
        await wait_for(pilot, "does not answer")
        await pilot.press("f6")
        text = await wait_for(pilot, "What is wrong is copied")
    (file,) = (tmp_path / "home" / "state" / "log").iterdir()
    assert file.name in text.replace("\n", "").replace(" ", "").replace("|", "")
    assert file.read_text() == f"{copied[0]}\n"
    assert "ldap://x does not answer.\nStart slapd." in copied[0]


async def test_a_notice_can_be_copied(service, tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))

    def no_start(_session):
        raise Refused("Somebody runs it.", "Attach to it.")

    service.start = no_start
    async with walker(service).run_test(size=(80, 24)) as pilot:
        await to_review(pilot)
        await pilot.press("tab", *"web01", "enter", "enter")
        await wait_for(pilot, "The run was not started")
        await pilot.press("f6")
        await wait_for(pilot, "What is wrong is copied")
    (file,) = (tmp_path / "home" / "state" / "log").iterdir()
    assert file.read_text() == "The run was not started\n\nSomebody runs it.\nAttach to it.\n"
