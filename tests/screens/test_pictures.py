"""Each main screen as text, compared with a committed picture: what an operator reads, all of it.

REKINDLE_NEW_PICTURES=1 takes the pictures anew; look at what changed before you commit it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from steps.run.events import Event
from tests.screens.support import Script, ToyService, home_app, make_run, wait_for
from tests.screens.test_wizard import walker
from tests.screens.toy import TOY
from tui.app import RekindleApp

PICTURES = Path(__file__).with_name("pictures")
CHANGING = (
    (re.compile(r"\b\d{4}-\d{4}(-\d+)?\b"), "1120-0258"),
    (re.compile(r"\d\d:\d\d:\d\d"), "03:14:07"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:+]+"), "2026-11-20T03:14:07"),
    (re.compile(r"\d+\.\d s"), "0.8 s"),
    (re.compile(r" +\d+ s$", re.M), "  0 s"),
    (re.compile(r"process \d+"), "process 1"),
)
"""What differs from run to run, and what stands for it."""


def compare(name: str, text: str, size: tuple[int, int]) -> None:
    lines = text.splitlines()
    assert len(lines) == size[1]
    assert max(map(len, lines)) <= size[0]
    for pattern, replacement in CHANGING:
        text = pattern.sub(replacement, text)
    picture = PICTURES / f"{name}.txt"
    if os.environ.get("REKINDLE_NEW_PICTURES"):
        picture.parent.mkdir(exist_ok=True)
        picture.write_text(text + "\n")
    assert text + "\n" == picture.read_text()


@pytest.fixture
def service(tmp_path):
    return ToyService(tmp_path)


SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


def named(name: str, size: tuple[int, int]) -> str:
    return f"{name}-{size[0]}x{size[1]}"


@SIZES
async def test_home(service, tmp_path, size):
    with Script(make_run(tmp_path)) as script:
        script.start()
        script.fail("swap.aside")
        async with home_app(service).run_test(size=size) as pilot:
            await wait_for(pilot, "waiting for you")
            text = await wait_for(pilot, "drilled never")
    compare(named("home", size), text, size)


@SIZES
async def test_interview(service, size):
    async with walker(service, TOY).run_test(size=size) as pilot:
        await wait_for(pilot, "found the entry")
        await pilot.press("enter", "enter")
        await wait_for(pilot, "2 Nov 04:00")
        await pilot.press("space")
        text = await wait_for(pilot, "(*) 2 Nov")
    compare(named("interview", size), text, size)


async def test_review(service):
    async with walker(service).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "1 of 1")
        await pilot.press("f2")
        await wait_for(pilot, "VNC port")
        await pilot.press("l", "f2")
        await wait_for(pilot, "> Review")
        text = await wait_for(pilot, "Wipe the old images")
    compare("review-80x24", text, (80, 24))


def attached(service, run) -> RekindleApp:
    async def main(app):
        return await app.show_run(run)

    return RekindleApp(service=service, main=main)


@SIZES
async def test_run(service, tmp_path, size):
    with Script(make_run(tmp_path)) as script:
        script.start()
        script.do("check.set")
        script.begin("swap.aside")
        script.record(Event.PROGRESS, step="swap.aside", done=21, total=42, unit="files")
        log = "".join(f"03:14:07 image vda: chunk {n} of 42\n" for n in range(21))
        script.run.step_log("swap.aside").write_text(log)
        async with attached(service, script.run).run_test(size=size) as pilot:
            await wait_for(pilot, "chunk 20")
            text = await wait_for(pilot, "50%")
    compare(named("run", size), text, size)


async def test_a_failed_step_asks(service, tmp_path):
    with Script(make_run(tmp_path)) as script:
        script.start()
        script.do("check.set")
        script.fail("swap.aside")
        async with attached(service, script.run).run_test(size=(80, 24)) as pilot:
            text = await wait_for(pilot, "Stop here")
    compare("question-80x24", text, (80, 24))


async def test_report(service, tmp_path):
    run = make_run(tmp_path)
    with Script(run) as script:
        script.start()
        for step in ("check.set", "swap.aside", "swap.wipe"):
            script.do(step)
        script.finish("done")
    async with attached(service, run).run_test(size=(80, 24)) as pilot:
        text = await wait_for(pilot, "Nothing is left")
    compare("report-80x24", text, (80, 24))
