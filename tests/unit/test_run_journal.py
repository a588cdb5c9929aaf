"""The journal: durable, torn only at its end, followed while it is written, folded."""

from __future__ import annotations

import json
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvalidInput
from steps.run.events import Event, Finish, StepState
from steps.run.journal import (
    MAX_TEXT,
    Follower,
    Journal,
    JournalBroken,
    read_everything,
    read_journal,
)
from steps.run.redact import Redactor
from steps.run.view import RunView
from tests.crash.run_support import ToyRun
from tests.unit.run_support import Operator


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def open_journal(path) -> Journal:
    return Journal(path, Redactor())


def test_events_are_numbered_and_timed_and_go_on_after_reopening(path):
    journal = open_journal(path)
    journal.record(Event.NOTE, text="one")
    journal.close()
    journal = open_journal(path)
    journal.record(Event.NOTE, text="two")
    events = read_journal(path)
    assert [(event["seq"], event["text"]) for event in events] == [(1, "one"), (2, "two")]
    assert all(event["at"].endswith("Z") for event in events)


@pytest.mark.parametrize("torn", [b'{"event":"no', b"\0" * 512, b"\xff\xfe", b"{}\n", b"[" * 9999])
def test_a_torn_end_is_dropped_and_writing_goes_on_on_a_line_of_its_own(path, torn):
    journal = open_journal(path)
    journal.record(Event.NOTE, text="one")
    journal.close()
    with open(path, "ab") as file:
        file.write(torn)
    assert [event["text"] for event in read_journal(path)] == ["one"]
    journal = open_journal(path)
    journal.record(Event.NOTE, text="two")
    assert [event["text"] for event in read_journal(path)] == ["one", "two"]
    assert path.read_bytes().count(b"\n") == 2


def test_damage_before_a_durable_event_is_an_error_with_its_line(path):
    journal = open_journal(path)
    for text in ("one", "two", "three"):
        journal.record(Event.NOTE, text=text)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"garbage\n" + lines[2])
    with pytest.raises(InvalidInput, match="line 2"):
        read_journal(path)


def test_damage_among_progress_that_was_never_made_durable_is_dropped(path):
    journal = open_journal(path)
    journal.record(Event.NOTE, text="one")
    for number in range(3):
        journal.record(Event.PROGRESS, step="s", done=number, total=3, unit="B")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] + b"\0\0\n" + lines[3])
    assert len(read_journal(path)) == 2


def test_after_one_failed_write_nothing_is_ever_recorded_again(path):
    journal = open_journal(path)
    journal.record(Event.NOTE, text="one")
    journal.close()
    for _ in range(2):
        with pytest.raises(JournalBroken, match="Bad file descriptor"):
            journal.record(Event.NOTE, text="two")
    assert len(read_journal(path)) == 1


def test_texts_are_bounded_and_odd_characters_survive(path):
    journal = open_journal(path)
    journal.record(Event.NOTE, text="x" * (MAX_TEXT + 5))
    journal.record(Event.NOTE, text="a\nb\0c\udcff\u2028")
    events = read_journal(path)
    assert events[0]["text"].endswith("(5 more characters, see the log)")
    assert events[1]["text"] == "a\nb\0c\udcff\u2028"


def test_a_follower_sees_complete_lines_only_and_each_once(path):
    follower = Follower(path)
    assert follower.poll() == []
    journal = open_journal(path)
    journal.record(Event.NOTE, text="one")
    assert [event["text"] for event in follower.poll()] == ["one"]
    with open(path, "ab") as file:
        file.write(b'{"event":"note","seq":2,')
        file.flush()
        assert follower.poll() == []
        file.write(b'"text":"two"}\n')
    assert [event["text"] for event in follower.poll()] == ["two"]
    assert follower.poll() == []


def test_a_follower_keeps_up_with_a_writer_and_misses_nothing(path):
    journal = open_journal(path)

    def write():
        for number in range(3000):
            journal.record(Event.PROGRESS, step="s", done=number, total=3000, unit="B")

    writer = threading.Thread(target=write)
    writer.start()
    follower, seen = Follower(path), []
    while writer.is_alive() or len(seen) < 3000:
        seen += [event["done"] for event in read_everything(follower)]
    assert seen == list(range(3000))


def test_a_follower_gets_past_a_long_line_and_a_long_journal(path):
    events = [{"event": "note", "seq": n, "text": "x" * 700_000} for n in range(1, 6)]
    events.append({"event": "note", "seq": 6, "text": "y" * 2_000_000})
    events.append({"event": "note", "seq": 7, "text": "end"})
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert [event["seq"] for event in read_everything(Follower(path))] == [1, 2, 3, 4, 5, 6, 7]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    toy_run = ToyRun.make(tmp_path_factory.mktemp("recorded"), prompts={"clean-up": "no"})
    Operator(toy_run.run).start().end()
    Operator(toy_run.run).start(undo=True).end()
    return read_journal(toy_run.run.journal_file)


@given(cut=st.integers(min_value=0))
@settings(max_examples=60)
def test_any_beginning_of_a_journal_folds_and_a_new_runner_leaves_nothing_running(recorded, cut):
    events = recorded[: cut % (len(recorded) + 1)]
    view = RunView.of(events)
    assert view.last_seq == len(events)
    view.apply({**recorded[0], "seq": len(events) + 1, "resumed": True})
    assert all(step.state is not StepState.RUNNING for step in view.steps.values())
    assert view.question is None
    assert view.outcome is None


def test_a_step_that_ran_when_its_runner_died_is_unknown_and_a_mere_look_leaves_no_trace(recorded):
    started = next(n for n, e in enumerate(recorded) if e["event"] == Event.STEP_STARTED)
    again = {**recorded[0], "seq": started + 5}
    looked = RunView.of([*recorded[:started], again])
    assert looked.steps["check"].state is StepState.WAITING
    ran = RunView.of([*recorded[: started + 1], again])
    assert ran.steps["check"].state is StepState.UNKNOWN


def test_events_of_a_later_version_are_let_pass(recorded):
    view = RunView.of([*recorded, {"event": "invented", "seq": 999, "at": recorded[0]["at"]}])
    assert (view.outcome, view.last_seq) == (Finish.UNDONE, 999)
