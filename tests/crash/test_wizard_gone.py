"""The wizard, its terminal and its connection may go at any time: the run goes on without them."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.crash.run_support import ToyRun
from tests.screens.terminal import Terminal, python

ATTACH = ("-m", "tests.screens.attach_program")


@pytest.fixture
def waiting(tmp_path):
    """A real runner in the middle of its work: it waits for a file."""
    toy = ToyRun.make(tmp_path, wait=True)
    launched = toy.launch()
    yield toy, launched.pid
    (toy.world / "go").touch()
    toy.wait_until(lambda view: view.outcome is not None)


def attach(toy) -> Terminal:
    return Terminal(python(*ATTACH, str(toy.run.path)))


def drop_terminal(terminal: Terminal) -> None:
    terminal.hang_up()
    end = time.monotonic() + 120
    while not os.waitpid(terminal.pid, os.WNOHANG)[0]:
        assert time.monotonic() < end, "the wizard outlived its terminal"
        time.sleep(0.02)
    terminal.pid = 0


def kill(terminal: Terminal) -> None:
    assert terminal.end(signal.SIGKILL) == -signal.SIGKILL


def hang_up(terminal: Terminal) -> None:
    assert terminal.end(signal.SIGHUP) == 128 + signal.SIGHUP


@pytest.mark.parametrize("lose", [kill, hang_up, drop_terminal])
def test_the_run_goes_on_and_attach_shows_it_again(waiting, lose):
    toy, pid = waiting
    with attach(toy) as terminal:
        terminal.wait_for("run     Wait for go")
        lose(terminal)
    os.kill(pid, 0)
    assert toy.run.holder() is not None
    with attach(toy) as terminal:
        terminal.wait_for("run     Wait for go")
        (toy.world / "go").touch()
        terminal.wait_for("DONE after")
        terminal.send("\r")
        assert terminal.wait() == 0


def test_attach_shows_the_run_within_half_a_second_of_its_first_paint(waiting):
    toy, _ = waiting
    seconds = []
    for _ in range(3):
        with attach(toy) as terminal:
            painted = terminal.wait_for("ctrl+d leave")
            seconds.append(terminal.wait_for("run     Wait for go") - painted)
    # The best of three: other programs on a busy machine are not ours to measure.
    assert min(seconds) < 4
