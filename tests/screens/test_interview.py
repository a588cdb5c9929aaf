"""The interview: answers, checks, looks at the world, and going back without loss."""

from __future__ import annotations

import asyncio
import re
import threading
from dataclasses import replace

import pytest

from config.errors import Unreachable
from config.questions import Choice, Finding, Group, Interview, Kind, Question
from tests.screens.support import ToyService, screen_text, wait_for
from tests.screens.terminal import PATIENCE
from tests.screens.toy import SITE, TOY
from tui.app import RekindleApp
from tui.keep import Keep
from tui.prober import Prober
from tui.screens.interview import REVIEW, InterviewScreen
from tui.session import Session
from tui.widgets.field import Field
from tui.widgets.place import Place

MACHINE_WITHOUT_DEFAULT = Question("machine", "Machine", Kind.TEXT)


class Interviewer(RekindleApp):
    """Shows the interview alone and keeps what it gave back."""

    def __init__(self, service, session) -> None:
        super().__init__(service=service)
        self.session = session
        self.prober = Prober(session, service)
        self.outcomes: list = []

    def on_mount(self) -> None:
        super().on_mount()
        self.open()

    def open(self, **more) -> None:
        screen = InterviewScreen(
            Place("Restore a machine", site="berne"), self.session, self.prober,
            Keep(self.session, self.service.save), **more,
        )  # fmt: skip
        self.push_screen(screen, self.outcomes.append)


@pytest.fixture
def service(tmp_path):
    return ToyService(tmp_path)


@pytest.fixture
def session():
    return Session(SITE, TOY)


@pytest.fixture
def app(service, session):
    return Interviewer(service, session)


async def to_backup_page(pilot) -> str:
    await wait_for(pilot, "found the entry")
    await pilot.press("enter", "enter")
    return await wait_for(pilot, "2 Nov 04:00")


async def test_a_page_shows_its_questions_defaults_findings_and_why(app):
    async with app.run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "found the entry")
    title, body = text.splitlines()[0], text
    assert "Restore a machine: web01 > Machine" in title
    assert "1 of 3" in title
    assert "site berne" in title
    assert "> Machine" in body
    assert "web01" in body
    assert "ok      found the entry of web01" in body
    assert "Why: Its name in the directory." in body
    assert ">  Machine" in body
    assert ".. Backup" in body
    assert ".. Review" in body


async def test_enter_goes_through_the_questions_and_then_to_the_next_page(app):
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("enter")
        assert "> Copies" in await wait_for(pilot, "> Copies")
        await pilot.press("enter")
        text = await wait_for(pilot, "2 of 3")
    assert "ok Machine" in text


async def test_choices_are_marked_and_what_is_refused_says_why(app, session):
    async with app.run_test(size=(80, 24)) as pilot:
        text = await to_backup_page(pilot)
        assert "> ( ) 2 Nov 04:00" in text
        assert "complete, 40 GB, verified" in text
        assert "-  1 Nov 04:00" in text
        assert "no: disk vdb is missing" in text
        await pilot.press("down", "space")
        text = await wait_for(pilot, "(*) 31 Oct")
    assert "( ) 2 Nov" in text
    assert session.given()["iteration"] == "1031"


async def test_a_refused_choice_cannot_be_reached(app, session):
    async with app.run_test(size=(80, 24)) as pilot:
        await to_backup_page(pilot)
        for _ in range(3):
            await pilot.press("down", "space")
            await pilot.pause()
            assert session.given().get("iteration") != "1101"


async def test_syntax_is_checked_when_the_field_is_left_and_next_is_refused(app):
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("!", "tab")
        text = await wait_for(pilot, "error   ")
        assert "'web01!' is not a machine name." in text
        assert "Use letters and digits." in text
        await pilot.press("enter")
        text = await wait_for(pilot, "> Machine")
        assert "1 of 3" in text
        await pilot.press("end", "backspace", "enter", "enter")
        await wait_for(pilot, "2 of 3")


async def test_a_number_must_be_one(app):
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("enter", "x", "enter")
        text = await wait_for(pilot, "is not a whole number")
    assert "'1x'" in text
    assert "1 of 3" in text


async def test_back_never_validates_and_loses_nothing(app, session):
    async with app.run_test(size=(80, 24)) as pilot:
        await to_backup_page(pilot)
        await pilot.press("tab", "down", "space", "tab", "h", "o", "t", "escape")
        text = await wait_for(pilot, "1 of 3")
        assert "! " in next(line for line in text.splitlines() if "Backup" in line)
        await pilot.press("enter", "enter")
        text = await wait_for(pilot, "2 of 3")
    assert "(*) no" in text
    assert "hot" in text
    assert session.given()["reason"] == "hot"


async def test_back_from_the_first_page_leaves_and_the_answers_stay(app, session):
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("7", "escape")
        await pilot.pause()
        assert app.outcomes == [None]
        app.open()
        assert "web017" in await wait_for(pilot, "web017")
    assert session.answers["machine"] == "web017"


async def test_questions_come_and_go_with_their_condition(app):
    async with app.run_test(size=(80, 24)) as pilot:
        text = await to_backup_page(pilot)
        assert "Reason for a cold start" not in text
        await pilot.press("tab", "down", "space")
        await wait_for(pilot, "Reason for a cold start")
        await pilot.press("up", "space")
        await wait_for(pilot, lambda text: "Reason for a cold start" not in text)


async def test_an_error_blocks_with_its_remedy_and_a_warning_does_not(app, service):
    service.findings["machine"] = (Finding("error", "no entry web01", "Choose another."),)
    async with app.run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "error   no entry web01")
        assert "Choose another." in text
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert "1 of 3" in screen_text(app)
        assert "! Machine" not in screen_text(app)  # the page in hand is marked >
        service.findings["machine"] = (Finding("warning", "it is running"),)
        await pilot.press("f5")
        await wait_for(pilot, "warning it is running")
        await pilot.press("enter", "enter")
        await wait_for(pilot, "2 of 3")


async def test_a_look_that_fails_says_so_and_what_to_do(app, service):
    def broken(_given):
        raise Unreachable("ldap://x does not answer.", "Start slapd.")

    service.findings["machine"] = broken
    async with app.run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "ldap://x does not answer.")
    assert "error   ldap://x does not answer." in text
    assert "Start slapd." in text


def looking_for(text: str) -> int:
    """For how many seconds the screen says that the world is looked at."""
    found = re.search(r"checking \.\.\. (\d+) s", text)
    return int(found[1]) if found else -1


async def test_while_the_world_is_looked_at_the_screen_says_so_and_goes_on_afterwards(app, service):
    gate = service.gates["machine"] = threading.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        counted = looking_for(await wait_for(pilot, "checking ... "))
        await wait_for(pilot, lambda text: looking_for(text) > counted)
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert "1 of 3" in screen_text(app)
        gate.set()
        await wait_for(pilot, "2 of 3")


async def test_enter_again_does_not_wait_for_a_slow_look(app, service):
    gate = service.gates["machine"] = threading.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "checking")
        await pilot.press("enter", "enter", "enter")
        await wait_for(pilot, "2 of 3")
        gate.set()


async def test_an_answer_that_comes_too_late_is_dropped(app, service):
    first = service.gates["machine"] = threading.Event()
    service.findings["machine"] = lambda given: (Finding("ok", f"found {given['machine']}"),)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "checking")
        service.gates["machine"] = second = threading.Event()
        await pilot.press("9", "tab")
        first.set()
        for _ in range(5):
            await pilot.pause(0.02)
            assert "found web01" not in screen_text(app)
        second.set()
        text = await wait_for(pilot, "found web019")
    assert "found web01\n" not in text


async def test_the_earlier_look_is_stopped_when_the_answer_changes(app, service, session):
    gate = service.gates["machine"] = threading.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "checking")
        before = session.checks["machine"].cancel
        await pilot.press("9", "tab")
        await pilot.pause()
        assert before.is_set()
        gate.set()


async def test_choices_are_asked_for_again_when_what_they_depend_on_changes(app, service, session):
    async with app.run_test(size=(80, 24)) as pilot:
        await to_backup_page(pilot)
        await pilot.press("space", "escape")
        await wait_for(pilot, "1 of 3")
        assert session.given()["iteration"] == "1102"
        service.choices["iterations"] = service.choices["iterations"][2:]
        await pilot.press("7", "enter", "enter")
        text = await wait_for(pilot, lambda text: "31 Oct" in text and "2 Nov" not in text)
    assert "( ) 31 Oct" in text
    assert "iteration" not in session.given()
    assert service.asked.count("iterations") == 2


async def test_the_rail_jumps_to_any_page_and_marks_them(app):
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("shift+tab", "down", "down", "enter")
        text = await wait_for(pilot, "3 of 3")
    assert "> Access" in text
    assert "ok Machine" in text
    assert ".. Backup" in text


async def test_a_secret_shows_dots_f4_reveals_it_for_a_moment_and_no_answer_holds_it(
    app, session, monkeypatch
):
    monkeypatch.setattr("tui.widgets.line_input.REVEAL_SECONDS", PATIENCE)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("shift+tab", "down", "down", "enter")
        await wait_for(pilot, "3 of 3")
        await pilot.press(*"hunter2")
        await pilot.pause()
        text = screen_text(app)
        assert "hunter2" not in text
        assert "•••••••" in text or "*******" in text
        await pilot.press("f4")
        await wait_for(pilot, "hunter2")
        monkeypatch.setattr("tui.widgets.line_input.REVEAL_SECONDS", 0.1)
        await pilot.press("f4")
        await wait_for(pilot, lambda text: "hunter2" not in text)
        await pilot.press("enter")
        await pilot.pause()
    assert session.secrets["password"].reveal() == "hunter2"
    assert "hunter2" not in repr(session)


async def test_saving_shows_the_path_and_how_to_use_the_file(app, service):
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("ctrl+s")
        text = await wait_for(pilot, "The answers are saved")
    assert "answers.yaml" in text.replace("\n", "").replace(" ", "").replace("|", "")
    words = " ".join(text.replace("|", " ").split())
    assert "rekindle run toy.restore --answers" in words
    assert service.saved[0]["machine"] == "web01"


async def test_f2_asks_for_review_from_any_question(app):
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("f2")
        await pilot.pause()
        assert app.outcomes == [REVIEW]


async def test_opened_to_be_mended_it_shows_what_is_wrong(app, session):
    session.page = "backup"
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "2 Nov")
        app.pop_screen()
        app.open(mend=True)
        text = await wait_for(pilot, "an answer is needed")
    assert "2 of 3" in text


async def test_ctrl_d_in_a_field_asks_how_to_leave_and_deletes_nothing(app, session):
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("home", "ctrl+d")
        text = await wait_for(pilot, "Leave?")
        assert "save the answers to a file, then leave" in text
        await pilot.press("escape")
        await wait_for(pilot, "web01")
        await pilot.press("ctrl+d", "down", "enter")
        await pilot.pause()
    assert app.return_value == 130
    assert app.service.saved


async def test_help_explains_the_question_in_hand(app):
    async with app.run_test(size=(80, 40)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("f1")
        text = await wait_for(pilot, "Help:")
    assert "Its name in the directory." in text
    assert "check again" in text


async def test_arrows_move_between_fields(app):
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("down")
        await wait_for(pilot, "> Copies")
        await pilot.press("up")
        await wait_for(pilot, "> Machine")


async def test_choices_that_depend_on_an_answer_are_not_looked_for_before_it_is_given(
    app, service, session
):
    listing = session.procedure.interview.question("iteration")
    bare = Session(
        session.site,
        replace(
            session.procedure,
            interview=Interview((Group("both", "Both", (MACHINE_WITHOUT_DEFAULT, listing)),)),
        ),
    )
    app.session, app.prober = bare, Prober(bare, service)
    async with app.run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "once you answered: Machine")
        assert "error" not in text
        await pilot.press(*"web01", "enter")
        text = await wait_for(pilot, "2 Nov 04:00")
        assert "once you answered" not in text


async def test_what_is_wrong_with_the_last_field_is_seen_whole_on_a_full_page(service):
    fields = [Question(f"f{n}", f"Field {n}", Kind.TEXT, required=False) for n in range(5)]
    asked = Question("count", "Machines side by side", Kind.NUMBER, default=4)
    toy = replace(TOY, interview=Interview((Group("all", "All", (*fields, asked)),)))
    app = Interviewer(service, Session(SITE, toy))
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Field 0")
        await pilot.press(*["enter"] * 5, "x", "enter")
        text = await wait_for(pilot, "Write digits only.")
    assert "> Machines side by side" in text


async def test_a_default_that_comes_late_takes_the_missing_answer_away(service):
    name = Question("fqdn", "Engine FQDN", Kind.TEXT, required=False)
    domain = Question("domain", "Domain", Kind.TEXT, default=lambda given: given.get("fqdn"))
    session = Session(
        SITE, replace(TOY, interview=Interview((Group("all", "All", (name, domain)),)))
    )
    app = Interviewer(service, session)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Engine FQDN")
        await pilot.press("enter", "enter")
        await wait_for(pilot, "an answer is needed")
        await pilot.press("up", *"e.org", "enter")
        text = await wait_for(pilot, lambda text: text.count("│ e.org") == 2)
        assert "an answer is needed" not in text


async def test_a_default_among_choices_that_comes_late_takes_the_missing_answer_away(service):
    wish = Question("wish", "Wish", Kind.TEXT, required=False)
    mode = Question(
        "mode", "Mode", Kind.CHOICE, choices=(Choice("a", "Slow"), Choice("b", "Fast")),
        default=lambda given: given.get("wish"),
    )  # fmt: skip
    session = Session(SITE, replace(TOY, interview=Interview((Group("all", "All", (wish, mode)),))))
    app = Interviewer(service, session)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Mode")
        app.screen.query(Field).last().show_fault(session.fault(mode))
        await wait_for(pilot, "an answer is needed")
        await pilot.press("shift+tab", "b", "enter")
        await wait_for(pilot, lambda text: "(*) Fast" in text and "an answer is needed" not in text)


async def test_an_answer_longer_than_its_line_is_read_and_not_covered_by_a_bar(app):
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press(*"x" * 70, *"theend")
        text = await wait_for(pilot, "theend")
        assert "-#" not in text


async def test_what_is_found_above_does_not_move_the_cursor_out_of_sight(service):
    service.gates["machine"] = threading.Event()
    service.findings["machine"] = tuple(Finding("ok", f"found {n}") for n in range(30))
    asked = (
        Question("machine", "Machine", Kind.TEXT, default="web01", probe="machine"),
        Question("below", "Below", Kind.CHOICE, choices=(Choice("a", "Slow"),)),
    )
    toy = replace(TOY, interview=Interview((Group("all", "All", asked),)))
    async with Interviewer(service, Session(SITE, toy)).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "> Below")
        service.gates["machine"].set()
        await wait_for(pilot, lambda text: "found 29" in text and "> ( ) Slow" in text)


async def test_a_refused_choice_with_columns_has_each_below_the_other(service):
    label = "host-03                            up, 2 machines"
    choice = Choice("c", label, "", "it is no host that could carry the engine at all")
    asked = Question("host", "Host", Kind.CHOICE, choices=(choice, Choice("d", "Other")))
    toy = replace(TOY, interview=Interview((Group("all", "All", (asked,)),)))
    async with Interviewer(service, Session(SITE, toy)).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "no: it is")
    assert re.search(r"-  host-03 *#?\n.* {7}up, 2 machines *#?\n.* {7}no: it is", text), text


async def test_enter_while_a_default_is_looked_up_waits_for_it_and_goes_on(service):
    service.gates["hosts"] = threading.Event()
    asked = Question(
        "host", "Host", Kind.CHOICE, suggest_probe="hosts", choices=(Choice("a", "A"),)
    )
    first = Group("all", "All", (asked,))
    last = Group("end", "End", (Question("end", "The end", Kind.TEXT),))
    session = Session(SITE, replace(TOY, interview=Interview((first, last))))
    service.suggested = {"hosts": "a"}
    async with Interviewer(service, session).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "looking for a default")
        await pilot.press("enter")
        await pilot.pause()
        assert "an answer is needed" not in screen_text(pilot.app)
        service.gates["hosts"].set()
        await wait_for(pilot, "The end")
    assert session.given()["host"] == "a"


async def test_a_choice_that_follows_from_another_answer_takes_the_missing_answer_away(service):
    name = Question("fqdn", "Engine FQDN", Kind.TEXT, required=False)
    kind = Question(
        "storage", "Storage", Kind.CHOICE, choices=(Choice("nfs", "NFS"), Choice("fc", "FC")),
        default=lambda given: "nfs" if given.get("fqdn") else None,
    )  # fmt: skip
    session = Session(SITE, replace(TOY, interview=Interview((Group("all", "All", (name, kind)),))))
    app = Interviewer(service, session)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Engine FQDN")
        app.open(mend=True)
        await wait_for(pilot, "Storage: an answer is needed")
        await pilot.press("shift+tab", "x", "enter")
        await wait_for(pilot, lambda text: "(*) NFS" in text and "an answer is needed" not in text)


async def test_what_is_still_being_looked_for_is_not_called_missing(service):
    gate = service.gates["bridges"] = threading.Event()
    service.choices["bridges"] = (Choice("br0", "br0"),)
    bridge = Question("bridge", "Bridge", Kind.CHOICE, choices_probe="bridges")
    port = Question("port", "Port", Kind.TEXT, suggest_probe="port", depends_on=("bridge",))
    session = Session(
        SITE, replace(TOY, interview=Interview((Group("all", "All", (bridge, port)),)))
    )
    app = Interviewer(service, session)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, "looking for choices")
            app.open(mend=True)
            text = await wait_for(pilot, "looking for choices")
            assert "answered: Bridge" in text
            assert "an answer is needed" not in text
            gate.set()
            await wait_for(pilot, "( ) br0")
            await pilot.press("f2")
            app.open(mend=True)
            await wait_for(pilot, "Bridge: an answer is needed")
    finally:
        gate.set()


async def test_a_default_that_follows_from_an_answer_above_is_shown_and_gives_way(service):
    name = Question("fqdn", "Engine FQDN", Kind.TEXT)
    domain = Question(
        "domain", "Domain", Kind.TEXT,
        default=lambda given: str(given["fqdn"]).partition(".")[2] if given.get("fqdn") else None,
    )  # fmt: skip
    session = Session(
        SITE, replace(TOY, interview=Interview((Group("all", "All", (name, domain)),)))
    )
    app = Interviewer(service, session)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Engine FQDN")
        await pilot.press(*"e.one.org", "enter")
        await wait_for(pilot, lambda text: "│ one.org" in text)
        await pilot.press("up", *["backspace"] * 7, *"two.org", "enter")
        await wait_for(pilot, lambda text: "│ two.org" in text)
        await pilot.press(*["backspace"] * 7, *"mine.org", "up", "x", "enter")
        text = await wait_for(pilot, "e.two.orgx")
        assert "│ mine.org" in text
    assert session.given()["domain"] == "mine.org"


async def test_a_question_that_comes_or_goes_just_now_disturbs_nobody(app, session):
    """Seconds are counted and answers kept from beside the page, at any moment."""
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "found the entry")
        page = app.screen.query_one("#page")
        another = replace(MACHINE_WITHOUT_DEFAULT, name="another", title="Another")
        for moving in (page.mount(Field(another, session)), page.query(Field).last().remove):
            going = moving() if callable(moving) else moving
            for _turn in range(20):
                app.screen.commit()
                app.screen.wrong_text()
                await asyncio.sleep(0)
            await going
        assert "web01" in await wait_for(pilot, lambda text: "Another" not in text)
