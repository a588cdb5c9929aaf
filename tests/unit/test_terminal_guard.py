"""Which terminals get the full screen."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tui.terminal_guard import plain_reason

PROJECT = Path(__file__).resolve().parents[2]


class Terminal:
    def __init__(self, encoding="utf-8", terminal=True):
        self.encoding = encoding
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def reason(environment, stdin=None, stdout=None):
    return plain_reason(environment, stdin or Terminal(), stdout or Terminal())


@pytest.mark.parametrize(
    "term", ["xterm-256color", "linux", "screen-256color", "tmux", "foot", "rxvt-unicode"]
)
def test_terminals_with_a_full_screen(term):
    assert reason({"TERM": term, "LANG": "en_US.UTF-8"}) == ""


@pytest.mark.parametrize("term", ["", "dumb", "vt100", "VT100", "vt220", "vt52", "unknown"])
def test_terminals_that_get_plain_lines(term):
    assert "cannot show a full screen" in reason({"TERM": term, "LANG": "en_US.UTF-8"})


def test_term_may_be_missing():
    assert "TERM=(unset)" in reason({"LANG": "C.UTF-8"})


def test_a_pipe_on_either_side_means_plain_lines():
    good = {"TERM": "xterm", "LANG": "C.UTF-8"}
    assert "not a terminal" in reason(good, stdin=Terminal(terminal=False))
    assert "not a terminal" in reason(good, stdout=Terminal(terminal=False))


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"},
        {"LANG": "de_CH.ISO-8859-1"},
        {"LC_CTYPE": "de_CH", "LANG": "en_US.UTF-8"},
        {"LANG": "C", "LC_CTYPE": "C.UTF-8"},
    ],
)
def test_other_locales_than_utf8_mean_plain_lines(locale):
    assert "not UTF-8" in reason({"TERM": "xterm", **locale})


@pytest.mark.parametrize(
    "locale",
    [
        {},
        {"LANG": "de_CH.UTF-8"},
        {"LANG": "C.utf8"},
        {"LC_ALL": "en_US.UTF-8", "LANG": "C"},
        {"LC_CTYPE": "en_US.utf8", "LANG": "C"},
        {"LC_CTYPE": "C.UTF-8"},
    ],
)
def test_utf8_locales_pass(locale):
    assert reason({"TERM": "xterm", **locale}) == ""


def test_an_output_of_another_encoding_means_plain_lines():
    environment = {"TERM": "xterm", "LANG": "C.UTF-8"}
    assert "not UTF-8" in reason(environment, stdout=Terminal("iso8859-1"))
    assert "not UTF-8" in reason(environment, stdout=Terminal("ascii"))


def judged_in_a_terminal(**settings):
    """What a real process in a real pseudo-terminal says."""
    master, slave = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    program = (
        "from tui.terminal_guard import plain_reason; import sys; sys.stderr.write(plain_reason())"
    )
    process = subprocess.run(
        [sys.executable, "-c", program],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
        env={**environment, **settings},
        timeout=120,
    )
    os.close(master)
    os.close(slave)
    assert process.returncode == 0
    return process.stderr.decode()


def test_a_real_terminal_is_judged_by_its_environment():
    assert judged_in_a_terminal(TERM="xterm-256color", LANG="C.UTF-8") == ""
    assert judged_in_a_terminal(TERM="xterm-256color") == ""
    assert "TERM=dumb" in judged_in_a_terminal(TERM="dumb", LANG="C.UTF-8")
    assert "not UTF-8" in judged_in_a_terminal(TERM="xterm", LC_ALL="C")
    assert "not UTF-8" in judged_in_a_terminal(TERM="xterm", LANG="C")
    assert "not UTF-8" in judged_in_a_terminal(TERM="xterm", LC_ALL="POSIX")
