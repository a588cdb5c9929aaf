"""The deploy interview on the screen and in plain lines: every question, with a way back."""

from __future__ import annotations

import subprocess
import time

import pytest

from config.answer_file import AnswerFile, load_answers, save_answers
from config.answers import unanswered
from config.interviews.hosted_engine.interview import DEPLOY
from config.secrets import Secret
from steps.run.start import complete_answers
from tests.screens.deploy_interview import (
    ANSIBLE_ANSWERS,
    CLASSIC_ANSWERS,
    PASSWORDS,
    PROCEDURE,
    SITE,
    DeployService,
)
from tests.screens.support import screen_text, wait_for
from tests.screens.terminal import PATIENCE, environment, python
from tests.screens.test_interview import Interviewer
from tui.session import Session
from tui.widgets.field import Field

ERAS = {
    "classic": ("1.3.0_alpha3", CLASSIC_ANSWERS),
    "4.5": ("2.7", ANSIBLE_ANSWERS),
}


def prepared(era: str) -> Session:
    """A session in which the operator has answered all that only an operator can."""
    session = Session(SITE, PROCEDURE, dict(ERAS[era][1]))
    for name, text in PASSWORDS.items():
        session.answer_secret(name, text)
    return session


def fields(app) -> list[Field]:
    return list(app.screen.query(Field))


async def settle(pilot) -> None:
    for _ in range(4):
        await pilot.pause()


async def page_named(pilot, title: str) -> str:
    return await wait_for(pilot, lambda text: f"> {title}" in text.splitlines()[0])


@pytest.mark.parametrize("era", ERAS)
async def test_every_question_is_shown_going_on_and_again_going_back_with_its_answer(era, tmp_path):
    service = DeployService(tmp_path, era, ERAS[era][0])
    session = prepared(era)
    app = Interviewer(service, session)
    seen, again = {}, {}
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Host to deploy on")
        await settle(pilot)
        await wait_for(pilot, lambda _text: session.given().get("era") == era)
        pages = [group.title for group in DEPLOY.pages(session.given())]
        for number, title in enumerate(pages):
            await page_named(pilot, title)
            await settle(pilot)
            for field in fields(app):
                seen[field.question.name] = session.given().get(field.question.name)
            if number + 1 < len(pages):
                app.screen.call_later(app.screen._go, number + 1)
        for title in reversed(pages):
            await page_named(pilot, title)
            for field in fields(app):
                again[field.question.name] = session.given().get(field.question.name)
            if title != pages[0]:
                await pilot.press("escape")
    asked = {question.name for question in DEPLOY.asked(session.given())}
    assert set(seen) == set(again) == asked
    assert again == session.given() | {name: None for name in asked - session.given().keys()}


async def test_the_generation_found_decides_the_pages_and_can_be_changed(tmp_path):
    session = prepared("4.5")
    app = Interviewer(DeployService(tmp_path), session)
    async with app.run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "Data centre")
        assert "(*) Ansible (oVirt 4.2 to 4.5)" in text
        session.answer("era", "classic")
        await app.screen.on_field_answered(Field.Answered(fields(app)[1], False, True))
        text = await wait_for(pilot, "Adding the host")
        assert "Data centre" not in text
        assert "1.3.0_alpha3" in text


async def test_a_default_that_was_looked_up_fills_the_field_and_gives_way_to_what_is_typed(
    tmp_path,
):
    session = prepared("4.5")
    app = Interviewer(DeployService(tmp_path), session)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Data centre")
        session.page = "vm"
        app.pop_screen()
        app.open()
        await wait_for(pilot, "Virtual CPUs")
        await settle(pilot)
        by_name = {field.question.name: field for field in fields(app)}
        assert by_name["vcpus"].control.value == "2"
        assert by_name["memory_mb"].control.value == "6000"
        assert "vcpus" not in session.answers
        by_name["memory_mb"].control.focus()
        by_name["memory_mb"].control.value = "8192"
        await pilot.press("enter")
        await settle(pilot)
        assert session.given()["memory_mb"] == 8192


async def test_where_nothing_can_be_listed_the_answer_is_typed(tmp_path):
    session = prepared("4.5")
    for name, value in (("era", "4.5"), ("storage_type", "iscsi"), ("iscsi_portal", "192.0.2.5")):
        session.answer(name, value)
    session.page = "storage"
    app = Interviewer(DeployService(tmp_path), session)
    async with app.run_test(size=(80, 40)) as pilot:
        await wait_for(pilot, "not asked")
        await settle(pilot)
        by_name = {field.question.name: field for field in fields(app)}
        control = by_name["iscsi_target"].control
        control.value = "iqn.2015-05.com.example:he"
        control.focus()
        await pilot.press("enter")
        await wait_for(pilot, "3514f0c5447600351")
        assert session.given()["iscsi_target"] == "iqn.2015-05.com.example:he"
        assert by_name["lun"].is_list


async def test_a_weak_password_is_warned_about_and_does_not_hold_up(tmp_path):
    session = prepared("4.5")
    session.answer("era", "4.5")
    session.answer_secret("admin_password", "hunter2")
    session.page = "engine"
    app = Interviewer(DeployService(tmp_path), session)
    async with app.run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "This password is weak")
        assert "hunter2" not in text
        assert not session.blocked(DEPLOY.question("admin_password"))


async def test_a_wrong_value_is_refused_where_it_is_typed_with_the_rule(tmp_path):
    session = prepared("4.5")
    session.answer("era", "4.5")
    session.answer("mac", "01:16:3e:00:00:01")
    session.page = "vm"
    app = Interviewer(DeployService(tmp_path), session)
    async with app.run_test(size=(80, 60)) as pilot:
        await wait_for(pilot, "MAC address")
        await app.screen.action_next()
        text = await wait_for(pilot, "address is six pairs of digits")
        assert "01:16:3e:00:00:01" in text
        assert "VM" in screen_text(app).splitlines()[0]


def filled(era: str) -> Session:
    session = prepared(era)
    service = DeployService(None, era, ERAS[era][0])
    for _round in range(6):
        for question in DEPLOY.asked(session.given()):
            if question.listing_probe and session.listing_of(question) is None:
                from tui.session import start_check

                basis = session.basis(question, own=False)
                look = start_check(session.listings, question.name, basis)
                look.probed = service.probe(PROCEDURE, question.listing_probe, {}, None)
    return session


@pytest.mark.parametrize("era", ERAS)
def test_the_answers_that_are_saved_run_unattended_to_the_same_answers(era, tmp_path):
    session = filled(era)
    assert unanswered(DEPLOY, session.given()) == ()
    path = tmp_path / "answers.yaml"
    save_answers(path, AnswerFile(PROCEDURE.name, session.given()))
    loaded = load_answers(path, DEPLOY, PROCEDURE.name)
    assert complete_answers(PROCEDURE, loaded.answers) == session.given()
    assert "Kz7" not in path.read_text()


@pytest.mark.parametrize("era", ERAS)
def test_a_key_press_on_the_longest_page_costs_little(era):
    session = filled(era)
    session.seen = {group.name for group in DEPLOY.groups}
    begun = time.process_time()
    for group in DEPLOY.pages(session.given()):
        session.mark(group)
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize("era", ERAS)
def test_plain_mode_asks_the_same_questions_and_goes_back_to_every_one(era, tmp_path):
    session = filled(era)
    asked = [question.title for question in DEPLOY.asked(session.given())]
    lines = [""] * len(asked) + ["<"] * len(asked)
    done = subprocess.run(
        python("-m", "tests.screens.deploy_program", str(tmp_path), era),
        input="".join(f"{line}\n" for line in lines),
        capture_output=True, text=True, env=environment(TERM="dumb"), timeout=PATIENCE, check=False,
    )  # fmt: skip
    heads = [line for line in done.stdout.splitlines() if ", question " in line]
    titles = [line.partition("  (")[0] for line in heads]
    assert titles[: len(asked)] == asked, done.stdout + done.stderr
    assert titles[len(asked) :] == asked[::-1]


def test_the_secret_is_judged_in_memory_only():
    session = prepared("4.5")
    session.answer("era", "4.5")
    check = session.check_of(DEPLOY.question("admin_password"))
    assert [finding.level for finding in check.findings] == ["ok"]
    assert session.secrets["admin_password"] == Secret("Kz7-mount-Lemon")
