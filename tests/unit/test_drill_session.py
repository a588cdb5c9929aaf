"""A drill by hand: whose runs are its own, when a fault is put right, who holds the site."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from config.errors import Refused
from config.site_file import load_site
from steps.drill.fault import Mendable, Scene
from steps.drill.in_use import held
from steps.drill.places import Places
from steps.drill.scenario import LOST_ENGINE_FAILOVER, LOST_ENGINE_NEW
from steps.run.directory import create_run
from steps.run.events import Event
from steps.run.journal import Journal
from steps.run.redact import Redactor
from tui.drill_session import FaultWatcher, briefing, runs_at, shown_by

PATIENCE = 60.0


class Struck(Mendable):
    """A fault that tells the test what became of it."""

    name, title, sound_outcome, strikes = "struck", "it is struck", "goes on", "before"

    def __init__(self) -> None:
        self.struck, self.mended, self.times = threading.Event(), threading.Event(), 0

    def strike(self, scene: Scene) -> None:
        self.struck.set()

    def mend(self, scene: Scene) -> None:
        self.times += 1
        self.mended.set()


class ToldWhileAsked(Struck):
    """The same, seen while the answers are checked."""

    told_while_asked = True


def practice_site(folder, server: str) -> Places:
    places = Places(folder)
    folder.mkdir()
    places.site_file.write_text(
        "name: practice\npractice: true\nbackup_servers:\n"
        f"  - name: {server}\n    shell: {{kind: local}}\n    folder: {folder}/kept\n"
    )
    return places


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    return practice_site(tmp_path / "mine", "backup.example.org")


def run_at(places: Places):
    return create_run(load_site(places.site_file), "virtual_machine.restore", {}, {}, {})


def test_the_run_of_another_drill_is_none_of_this_one(places, tmp_path):
    other = practice_site(tmp_path / "other", "backup.example.org")
    before = run_at(places)
    ours, theirs = run_at(places), run_at(other)
    assert [run.id for run in runs_at(load_site(places.site_file), {before.id})] == [ours.id]
    assert [run.id for run in runs_at(load_site(other.site_file), set())] == [theirs.id]


def test_a_fault_that_lets_no_run_begin_is_put_right_while_the_questions_are_answered(places):
    fault = ToldWhileAsked()
    watcher = FaultWatcher(fault, Scene(places), (), after=PATIENCE, while_asked=0.0)
    watcher.start()
    assert fault.mended.wait(PATIENCE)
    watcher.end()
    assert fault.times == 1, "what was put right is not put right again"


def test_another_fault_waits_for_a_question_that_shows_it_in_the_run_of_this_drill(
    places, tmp_path
):
    other = practice_site(tmp_path / "other", "backup.example.org")
    fault = Struck()
    shows = shown_by(LOST_ENGINE_FAILOVER)
    watcher = FaultWatcher(fault, Scene(places), shows, after=0.0, while_asked=0.0)
    watcher.start()
    try:
        assert fault.struck.wait(PATIENCE)
        asked_in(run_at(other), "step-failed")
        ours = run_at(places)
        asked_in(ours, "machine.host-key", "menu.OVEHOSTED_INSTALLING_OS.1")
        assert not fault.mended.wait(0.3)
        asked_in(ours, "rebooted.host-01.2")
        assert fault.mended.wait(PATIENCE)
    finally:
        watcher.end()
    assert fault.times == 1


def asked_in(run, *names: str) -> None:
    journal = Journal(run.journal_file, Redactor())
    for number, name in enumerate(names, start=1):
        journal.record(
            Event.ASKED, question=number, step=None, name=name, text="?", detail="",
            choices=[], default=None, secret=False,
        )  # fmt: skip
    journal.close()


def test_the_operator_is_told_where_the_practice_folder_is_and_what_becomes_of_a_fault(places):
    told = briefing(LOST_ENGINE_NEW, places, None)
    assert f"The practice folder is {places.folder}." in told
    assert "goes wrong" not in told
    assert "20 seconds" in briefing(LOST_ENGINE_NEW, places, Struck())
    assert "3 minutes after you began: F5" in briefing(LOST_ENGINE_NEW, places, ToldWhileAsked())


def test_a_practice_site_at_which_a_drill_is_at_work_is_held(places, tmp_path):
    with held(places):
        with pytest.raises(Refused, match="Another drill is at work"), held(places):
            pass
        with held(replace(places, folder=tmp_path / "nothing")):
            pass
    with held(places):
        pass
