"""The wizard in a real pseudo-terminal: what is painted, what it costs, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest

from tests.screens.terminal import PATIENCE, Terminal, environment, python

PROGRAM = ("-m", "tests.screens.toy_program")
ALLOWED = set("│─▼")
RESTORED = (b"\x1b[?1049l", b"\x1b[?25h")
"""Back to the normal screen, with a cursor."""
COLOURS = re.compile(rb"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")


def start(folder, **changes) -> Terminal:
    return Terminal(python(*PROGRAM, str(folder)), env=environment(**changes))


@pytest.mark.parametrize(
    "changes", [{"TERM": "xterm-256color"}, {"TERM": "linux"}, {"NO_COLOR": "1"}]
)
def test_the_same_text_on_every_terminal_with_glyphs_every_console_font_has(tmp_path, changes):
    with start(tmp_path, **changes) as terminal:
        terminal.wait_for("drilled never")
        terminal.wait_for(">   Restore a machine")
        terminal.send("\r")
        terminal.wait_for("ok      found the entry")
        terminal.send("\r\r")
        terminal.wait_for("( ) 2 Nov 04:00")
        terminal.send("\x1bOP")
        terminal.wait_for("Help: ")
        shown = terminal.raw.decode()
    beyond = {char for char in shown if ord(char) > 126}
    assert beyond <= ALLOWED


def test_no_color_sends_no_colour(tmp_path):
    with start(tmp_path, NO_COLOR="1") as terminal:
        terminal.wait_for("drilled never")
        terminal.send("\r")
        terminal.wait_for("ok      found the entry")
        terminal.settle()
    assert not COLOURS.search(bytes(terminal.raw))


def test_what_is_typed_ahead_lands_where_it_belongs(tmp_path):
    with start(tmp_path) as terminal:
        terminal.wait_for("drilled never")
        terminal.send("\r")
        terminal.wait_for("ok      found the entry")
        terminal.send("77\r\x01\x0b5\t\x1b[Z")
        terminal.wait_for("web0177")
        terminal.wait_for("> Copies")
        terminal.wait_until(lambda: below(terminal, "> Copies (may be empty)") == "5")


def test_a_tab_costs_little_and_an_idle_screen_almost_nothing(tmp_path):
    with start(tmp_path) as terminal:
        terminal.wait_for("drilled never")
        terminal.send("\r")
        terminal.wait_for("ok      found the entry")
        costs = [cost_of_a_tab(terminal) for _ in range(5)]
        idle = [cost_of_waiting(terminal, 1) for _ in range(3)]
    # What was still to be painted when the first key was sent came with it.
    assert max(costs[1:]) < 500
    assert min(costs) > 10
    assert min(idle) < 100


def cost_of_a_tab(terminal) -> int:
    """Bytes until nothing comes any more."""
    before = terminal.received
    terminal.send("\t")
    terminal.wait_until(lambda: terminal.received > before)
    terminal.settle(0.5)
    return terminal.received - before


def cost_of_waiting(terminal, seconds: float) -> int:
    """Bytes that come by themselves."""
    before, end = terminal.received, time.monotonic() + seconds
    while time.monotonic() < end:
        terminal.read(0.1)
    return terminal.received - before


def below(terminal, title: str) -> str:
    """What stands below that title, where it is shown."""
    lines = [line[26:].strip() for line in terminal.text.splitlines()]
    return lines[lines.index(title) + 1] if title in lines else ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_restores_the_terminal(tmp_path, number):
    with start(tmp_path) as terminal:
        terminal.wait_for("drilled never")
        assert terminal.end(number) == 128 + number
        for sequence in RESTORED:
            assert sequence in terminal.raw[-200:]
        assert b"Traceback" not in terminal.raw


def test_a_terminal_that_is_gone_ends_it_soon(tmp_path):
    with start(tmp_path) as terminal:
        terminal.wait_for("drilled never")
        terminal.hang_up()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            done, _ = os.waitpid(terminal.pid, os.WNOHANG)
            if done:
                terminal.pid = 0
                return
            time.sleep(0.02)
    pytest.fail("it still runs")


def test_a_window_that_is_too_small_asks_for_room_and_keeps_everything(tmp_path):
    with start(tmp_path) as terminal:
        terminal.wait_for("drilled never")
        terminal.send("\r")
        terminal.wait_for("ok      found the entry")
        terminal.send("77")
        terminal.wait_for("web0177")
        terminal.resize(60, 20)
        terminal.wait_for("needs 80x24")
        assert "60x20" in terminal.text
        assert "web0177" not in terminal.text
        terminal.send("\tnothing of this is an answer")
        terminal.wait_taken()
        terminal.settle()
        terminal.resize(80, 24)
        terminal.wait_for("web0177")
        terminal.wait_for("> Machine")
        terminal.send("8")
        terminal.wait_for("web01778")
        assert "nothing" not in terminal.text


def test_after_a_resize_every_cell_is_right(tmp_path):
    with start(tmp_path) as terminal:
        terminal.wait_for("drilled never")
        terminal.settle()
        terminal.resize(120, 40)
        terminal.screen.reset()
        terminal.wait_for("drilled never")
        terminal.wait_until(
            lambda: (
                (lines := terminal.screen.display)[1] == lines[-2] == "─" * 120
                and "drill it" in lines[-1]
            )
        )


def test_ctrl_l_paints_everything_again(tmp_path):
    with start(tmp_path) as terminal:
        terminal.wait_for("drilled never")
        terminal.settle(1)
        before = terminal.text
        terminal.screen.reset()
        assert terminal.text.strip() == ""
        terminal.send("\x0c")
        terminal.wait_until(lambda: terminal.text == before)


def test_ctrl_q_quits_home_with_zero_and_restores_the_terminal(tmp_path):
    with start(tmp_path) as terminal:
        terminal.wait_for("drilled never")
        terminal.send("\x11")
        assert terminal.wait() == 0
        assert RESTORED[0] in terminal.raw[-200:]


def test_an_unexpected_error_is_raised_to_the_command_line_after_the_terminal_is_restored(tmp_path):
    program = (
        "import sys; from tests.screens.support import ToyService; from tui.app import *;"
        "app = RekindleApp(service=ToyService('x'), main=lambda app: broken(app))\n"
        "async def broken(app): raise KeyError('of all things')\n"
        "try: run_app(app, mouse=False)\n"
        "except BaseException as error: print('raised', type(error).__name__, error)"
    )
    with Terminal(python("-c", program)) as terminal:
        terminal.wait()
        said = bytes(terminal.raw)
    assert said.index(RESTORED[0]) < said.index(b"raised")
    assert b"of all things" in said
    assert b"Traceback" not in said
