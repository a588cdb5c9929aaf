"""An older run is not gone on with, nor undone, under a later one of the same object."""

from __future__ import annotations

from steps.run.directory import list_runs
from tests.crash import toy
from tests.unit.test_run_commands import answers, home, rekindle

__all__ = ["home"]


def test_an_older_run_is_undone_only_after_the_later_one(home, capsys):
    keep = answers(home, prompts="{clean-up: 'no'}")
    assert rekindle(home, "run", toy.NAME, "--answers", keep, "--yes") == 0
    (older,) = list_runs()
    again = answers(home, prompts="{clean-up: 'no'}", greeting="good morning")
    (home / "world" / "live.old").rename(home / "world" / "live.older")
    assert rekindle(home, "run", toy.NAME, "--answers", again, "--yes") == 0
    newer = list_runs()[0]
    before = toy.snapshot(home / "world")
    capsys.readouterr()
    for undo in ([], ["--undo"]):
        assert rekindle(home, "resume", older.id, "--yes", *undo) == 3
        said = capsys.readouterr().err
        assert f"Run {newer.id} came later" in said
        assert f"rekindle resume {newer.id} --undo" in said
    assert toy.snapshot(home / "world") == before
    assert rekindle(home, "resume", newer.id, "--yes", "--undo") == 0
    (home / "world" / "live.older").rename(home / "world" / "live.old")
    assert rekindle(home, "resume", older.id, "--yes", "--undo") == 0


def test_what_a_run_is_about_is_named_by_every_answer_that_tells_machines_apart():
    from steps import catalogue

    def about(procedure, **given):
        found = catalogue.find(procedure)
        return [given.get(question.name) for question in found.subject(given)]

    assert about("virtual_machine.plan", scope="machine", machine="web01") == ["machine", "web01"]
    assert about("virtual_machine.plan", scope="pool", pool="p") == ["pool", "p"]
    assert about("virtual_machine.backup", machines=("web01",), through="here") == [("web01",)]
    assert about("virtual_machine.restore", machine="web01", iteration="i") == ["web01"]


def test_a_later_run_of_something_else_does_not_matter(home):
    keep = answers(home, prompts="{clean-up: 'no'}")
    assert rekindle(home, "run", toy.NAME, "--answers", keep, "--yes") == 0
    (older,) = list_runs()
    toy.lay_out(home / "another")
    other = answers(home, prompts="{clean-up: 'no'}", world=str(home / "another"))
    assert rekindle(home, "run", toy.NAME, "--answers", other, "--yes") == 0
    assert rekindle(home, "resume", older.id, "--yes", "--undo") == 0
