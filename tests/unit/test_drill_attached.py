"""Following the run of a drill by itself: how it is scored and its site taken down is told."""

from __future__ import annotations

import shlex

import pytest

from config.site import Site
from steps.drill.places import Places
from steps.run.directory import create_run
from steps.run.events import Event
from steps.run.journal import Journal
from steps.run.redact import Redactor
from tui.commands.attach import drill_lines

DRILL = "lost-engine-failover-host"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A practice site as far as it can be told from a run."""
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    found = Places(tmp_path / DRILL)
    found.folder.mkdir()
    found.marker.touch()
    return found


def run_of(places, *, practice=True, procedure="hosted_engine.restore"):
    site = Site("practice", practice=practice, file=places.site_file)
    return create_run(site, procedure, {}, {}, {}, folder=places.folder.parent / "runs")


def test_a_drill_that_goes_on_is_scored_at_its_end(places):
    run = run_of(places)
    score, remove = drill_lines(run)
    assert score.startswith("It is a drill. Once it is at its end, score it: ")
    assert f"drill {DRILL} --score {run.id} --folder {shlex.quote(str(places.folder))}" in score
    assert f"drill {DRILL} --remove --folder" in remove


def test_a_drill_that_has_ended_is_scored_now(places):
    run = run_of(places)
    Journal(run.journal_file, Redactor()).record(Event.RUN_FINISHED, outcome="done", message="")
    assert drill_lines(run)[0].startswith("It is a drill. Score it: ")


def test_nothing_is_told_of_a_real_run_nor_of_a_site_that_is_gone(places):
    assert drill_lines(run_of(places, practice=False)) == []
    assert drill_lines(run_of(places, procedure="hosted_engine.nothing")) == []
    places.marker.unlink()
    assert drill_lines(run_of(places)) == []
