"""The interview of a backup plan: what stands in the directory is filled in; pages that do not
concern the job are passed over. In the full screen and in plain lines."""

from __future__ import annotations

import pytest

from config.questions import Choice, Finding
from steps.procedure import Probed
from steps.virtual_machine.plans.procedure import PROCEDURE
from tests.screens.support import ToyService, screen_text, wait_for
from tests.screens.test_interview import Interviewer
from tests.screens.toy import SITE
from tui.plain_interview import PlainInterview
from tui.screens.interview import REVIEW
from tui.session import Session

TODAY = {"backup_root": "file:///srv/backup", "iterations": 3, "hour": "3", "active": True}
ACTIONS = (
    Choice("settings", "Change its settings"), Choice("exclude", "Exclude it"),
    Choice("include", "Include it again", refused="it is not excluded"),
)  # fmt: skip


class PlanService(ToyService):
    """Answers as a directory with one machine would."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.today = dict(TODAY)

    def probe(self, procedure, name, given, cancel) -> Probed:
        self.asked.append(name)
        if name == "actions":
            found = (Finding("ok", "What counts: the site's plan."),)
            return Probed(found, ACTIONS, values=self.today)
        if name == "machines":
            return Probed(choices=(Choice("m1", "web01"), Choice("m2", "db01")))
        return Probed((Finding("ok", "fine"),))


@pytest.fixture
def session():
    return Session(SITE, PROCEDURE, {"scope": "machine", "machine": "m1"})


@pytest.fixture
def service(tmp_path):
    return PlanService(tmp_path)


async def test_settings_are_filled_in_with_what_counts_today(session, service):
    session.answers["what"] = "settings"
    async with Interviewer(service, session).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "What counts: the site's plan.")
        await pilot.press("f2")
        assert session.given()["backup_root"] == "file:///srv/backup"
        assert session.given()["iterations"] == 3
        session.page = "folders"
        pilot.app.open()
        text = await wait_for(pilot, "file:///srv/backup")
        assert "2 of 4" in text.splitlines()[0]


async def test_pages_of_another_job_are_passed_over(session, service):
    session.answers["what"] = "exclude"
    app = Interviewer(service, session)
    async with app.run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "What counts: the site's plan.")
        assert "1 of 1" in text.splitlines()[0]
        assert "Images" not in text
        await pilot.press("tab", "tab", "enter")
        await wait_for(pilot, lambda _: app.outcomes == [REVIEW])


async def test_another_machine_brings_its_own_values(session, service):
    session.answers["what"] = "settings"
    async with Interviewer(service, session).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "What counts: the site's plan.")
        service.today = {"iterations": 8}
        await pilot.press("tab", "down", "space")
        await wait_for(pilot, lambda _: session.given().get("iterations") == 8)
        assert "backup_root" not in session.given()
        assert "db01" in screen_text(pilot.app)


def test_plain_mode_offers_what_counts_today_in_brackets(session, service):
    session.answers["what"] = "settings"
    lines = Typed()
    assert PlainInterview(lines, session, service, service.save).walk()
    assert "Backup folder (may be empty) [file:///srv/backup]:" in lines.said
    assert not any(said.startswith("Minute") for said in lines.said)


class Typed:
    """An operator who presses Enter at everything."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, *lines: str) -> None:
        self.said += lines

    def ask(self, prompt: str) -> str:
        self.said.append(prompt)
        return ""
