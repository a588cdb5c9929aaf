"""The drill by hand: an operator at a real terminal, full screen and in plain lines."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.screens.terminal import Terminal, environment, python

REKINDLE = python("-c", "from tui.main import console; console()")
F2 = "\x1bOQ"
DOWN = "\x1b[B"


@pytest.fixture
def home(tmp_path):
    """A folder for everything this operator's Rekindle keeps; the practice site goes with it."""
    yield tmp_path
    subprocess.run(
        [*REKINDLE, "drill", "--remove"],
        env=environment(REKINDLE_HOME=str(tmp_path)), check=True, capture_output=True,
    )  # fmt: skip


def drill(home, *options: str, term: str) -> Terminal:
    env = environment(REKINDLE_HOME=str(home), TERM=term)
    return Terminal([*REKINDLE, *options, "drill"], env=env)


def open_rows(terminal: Terminal) -> int:
    return int(re.findall(r"(\d+) open", terminal.text)[-1])


def fewer(terminal: Terminal, before: int) -> int:
    terminal.wait_until(lambda: open_rows(terminal) < before, f"fewer than {before} open")
    terminal.settle(0.1)
    return open_rows(terminal)


def decide_as_suggested(terminal: Terminal, key: str) -> None:
    terminal.settle()
    left = open_rows(terminal)
    assert left > 0
    while left:
        terminal.send(key)
        left = fewer(terminal, left)


def assert_passed(terminal: Terminal) -> None:
    terminal.wait_for("drill report:")
    assert terminal.wait() == 0
    shown = terminal.raw.decode()
    assert "Drill restore-machine: passed" in shown
    assert "Traceback" not in shown


def test_full_screen_from_the_first_question_to_the_report(home):
    with drill(home, term="xterm-256color") as terminal:
        terminal.wait_for("What there is to do")
        terminal.send("\r")
        terminal.wait_for("( ) web01")
        terminal.send("\r")
        terminal.wait_for("( ) 20")
        terminal.send("\r")
        terminal.wait_for("2 of 3")
        terminal.wait_for("( ) ")
        terminal.send("\r")
        terminal.wait_for("3 of 3")
        terminal.settle()
        terminal.send("\x152\r\x15600\r" + DOWN + "\r")
        terminal.wait_for("> Conflicts")
        decide_as_suggested(terminal, "d")
        terminal.send(F2)
        terminal.wait_for("Type web01 to confirm")
        assert "DRILL" in terminal.text.splitlines()[0]
        terminal.send("\tweb01\r\r")
        terminal.wait_for("is still running")
        terminal.wait_for("> Ask it again")
        terminal.send(DOWN + "\r")
        terminal.wait_for("DONE after")
        terminal.send("\r")
        assert_passed(terminal)


def test_plain_lines_from_the_first_question_to_the_report(home):
    with drill(home, "--plain", term="dumb") as terminal:
        for wanted, answer in (
            ("Machine [", "web01"),
            ("Backup to restore from [", "1"),
            ("Memory [", "1"),
            ("Seconds to wait for a clean shutdown [", "2"),
            ("Target time to recover", "600"),
            ("The images of today, after the restore [", "keep"),
        ):
            terminal.wait_for(wanted)
            terminal.send(f"{answer}\n")
        terminal.wait_for("? for help):")
        decide_as_suggested(terminal, "d\n")
        terminal.send("ok\n")
        terminal.wait_for("Type web01 to start")
        terminal.send("web01\n")
        terminal.wait_for("Your answer")
        terminal.send("destroy\n")
        assert_passed(terminal)
        assert b"\x1b" not in terminal.raw
