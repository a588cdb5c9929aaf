"""Sending only what changed leaves the terminal with exactly what was meant to be shown."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.thin_updates import Shown, ThinUpdate

WIDTH, HEIGHT = 24, 4
CONSOLE = Console(color_system="standard", force_terminal=True, width=WIDTH)
STYLES = [None, Style(), Style(bold=True), Style(reverse=True), Style.parse("default on default")]
segments = st.tuples(st.text("ab -│漢", min_size=1, max_size=9), st.sampled_from(STYLES))
screens = st.lists(st.lists(segments, max_size=5), min_size=HEIGHT, max_size=HEIGHT)


def strips(rows) -> list[Strip]:
    return [
        Strip([Segment(text, style) for text, style in row]).adjust_cell_length(WIDTH)
        for row in rows
    ]


def paint(terminal: pyte.Screen, stream: pyte.Stream, rows, shown: Shown) -> str:
    compositor = SimpleNamespace(render_strips=lambda: strips(rows))
    update = ThinUpdate(SimpleNamespace(_compositor=compositor), shown)
    sent = update.render_segments(CONSOLE)
    stream.feed(sent)
    return sent


def looks(terminal: pyte.Screen) -> list[list[tuple]]:
    return [
        [
            (cell.data, cell.bold, cell.reverse, cell.fg, cell.bg)
            for cell in (terminal.buffer[y][x] for x in range(WIDTH))
        ]
        for y in range(HEIGHT)
    ]


def terminal() -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    return screen, pyte.Stream(screen)


@settings(max_examples=150, deadline=None)
@given(st.lists(screens, min_size=1, max_size=4))
def test_any_sequence_of_screens_ends_as_if_the_last_were_painted_alone(sequence):
    thin, thin_stream = terminal()
    shown = Shown()
    for rows in sequence:
        paint(thin, thin_stream, rows, shown)
    whole, whole_stream = terminal()
    paint(whole, whole_stream, sequence[-1], Shown())
    assert thin.display == whole.display
    assert looks(thin) == looks(whole)


@settings(max_examples=50, deadline=None)
@given(screens)
def test_the_same_screen_again_costs_nothing(rows):
    screen, stream = terminal()
    shown = Shown()
    paint(screen, stream, rows, shown)
    assert paint(screen, stream, rows, shown) == ""


def test_what_was_forgotten_is_sent_again():
    screen, stream = terminal()
    shown = Shown()
    rows = [[("abc", None)]] * HEIGHT
    first = paint(screen, stream, rows, shown)
    shown.forget()
    assert paint(screen, stream, rows, shown) == first


def test_one_changed_letter_costs_a_jump_and_a_letter():
    screen, stream = terminal()
    shown = Shown()
    paint(screen, stream, [[("a" * WIDTH, None)]] * HEIGHT, shown)
    changed = [[("a" * WIDTH, None)]] * (HEIGHT - 1) + [[("a" * 5 + "b" + "a" * 18, None)]]
    assert paint(screen, stream, changed, shown) == f"\x1b[{HEIGHT};6Hb"


@settings(max_examples=100, deadline=None)
@given(st.text("ab\x1b[]2J0;\x07\x9b\u202e\u200d\r\n\t漢", min_size=1, max_size=WIDTH))
def test_nothing_that_a_terminal_obeys_passes(text):
    screen, stream = terminal()
    sent = paint(screen, stream, [[(text, None)]] + [[("x", None)]] * (HEIGHT - 1), Shown())
    own = re.compile(r"\x1b\[\d+;\d+H|\x1b\[[\d;]*m|\x1b\[K")
    assert own.sub("", sent).isprintable()
    assert screen.display[1].rstrip() == "x"
