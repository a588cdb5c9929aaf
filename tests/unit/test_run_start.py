"""From answers to a run: what is missing, open or blocked is named, and nothing is started."""

from __future__ import annotations

import dataclasses

import pytest

from config.errors import InvalidInput, Refused
from config.questions import Group, Interview, Kind, Question
from config.secrets import Secret, SecretReference
from config.site import DirectoryAccess, Site
from steps.conflicts import Decision, Resolution
from steps.run.directory import list_runs
from steps.run.start import gather_secrets, make_run, plan_data, prepare
from tests.crash import toy
from tests.screens.toy_conflicts import ToyConflicts

PROCEDURE = dataclasses.replace(toy.PROCEDURE, conflicts=lambda *_: ToyConflicts())
PASSWORD = Question("password", "Password of the robot", Kind.SECRET)
ASKING = dataclasses.replace(
    toy.PROCEDURE, interview=Interview((Group("access", "Access", (PASSWORD,)),))
)
SITE = Site("berne")
DECISIONS = {
    "mac": "keep-backup",
    "bridge": "custom:br-test",
    "port": "take-live",
    "description": "take-live",
}


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))
    toy.lay_out(tmp_path / "world")
    return str(tmp_path / "world")


def ready(world, decisions=DECISIONS, procedure=PROCEDURE, **given):
    seen = []

    def look(_procedure, _site, answers, secrets):
        seen.append((dict(answers), dict(secrets)))
        return {"seen": True}

    prepared = prepare(procedure, SITE, {"world": world, **given}, decisions, {}, look=look)
    assert len(seen) == 1
    return prepared


def test_defaults_complete_the_answers_before_anything_is_looked_at(world):
    prepared = ready(world)
    assert prepared.given == {"world": world, "greeting": "hello", "wait": False}
    assert prepared.survey == {"seen": True}


def test_missing_and_forbidden_answers_are_named_before_anything_is_looked_at(world):
    def never(*_):
        raise AssertionError("looked")

    with pytest.raises(InvalidInput, match="world"):
        prepare(PROCEDURE, SITE, {}, {}, {}, look=never)
    with pytest.raises(InvalidInput, match="forbidden"):
        prepare(PROCEDURE, SITE, {"world": world, "greeting": "forbidden"}, {}, {}, look=never)


def test_with_everything_decided_there_is_a_plan_and_a_run(world):
    prepared = ready(world)
    assert prepared.plan is not None
    assert prepared.resolutions["lease"] == Resolution(Decision.KEEP_BACKUP)
    run = make_run(prepared)
    assert list_runs() == [run]
    assert run.frozen().resolutions == prepared.resolutions


def test_an_open_row_stops_it_and_its_default_is_not_taken(world):
    prepared = ready(world, {name: text for name, text in DECISIONS.items() if name != "port"})
    assert (prepared.plan, prepared.open_rows) == (None, ("port",))
    with pytest.raises(Refused, match="console port"):
        make_run(prepared)
    assert list_runs() == []
    assert plan_data(prepared)["open"] == ["port"]


def test_what_blocks_stops_it_with_its_remedy(world):
    prepared = ready(world, DECISIONS | {"port": "keep-backup"})
    assert prepared.plan is None
    with pytest.raises(Refused, match="port 5903 belongs to mail01"):
        make_run(prepared)


@pytest.mark.parametrize(
    ("row", "text", "error"),
    [
        ("mac", "take-live", Refused),
        ("bridge", "custom:br-nowhere", InvalidInput),
        ("mac", "whatever", InvalidInput),
    ],
)
def test_a_decision_that_is_not_allowed_is_refused(world, row, text, error):
    with pytest.raises(error):
        ready(world, DECISIONS | {row: text})


def test_a_decision_for_what_does_not_differ_is_told_and_not_used(world):
    prepared = ready(world, DECISIONS | {"memory": "take-live"})
    assert prepared.unused == ("memory",)
    assert "memory" not in prepared.resolutions
    assert prepared.plan is not None


def test_a_plan_as_data_holds_every_step_with_its_commands(world):
    data = plan_data(ready(world, {}, toy.PROCEDURE))
    steps = [step for phase in data["phases"] for step in phase["steps"]]
    assert [step["name"] for step in steps] == ["check", "stage", "aside", "in", "note", "clean-up"]
    assert steps[1]["commands"] == ["stage with hello"]
    assert data["point_of_no_return"] == "clean-up"


def test_secrets_of_the_site_and_of_the_answers_are_gathered_by_name(tmp_path):
    (tmp_path / "pw").write_text("from a file\n")
    (tmp_path / "pw").chmod(0o600)
    directory = DirectoryAccess(
        "dc=x", url="ldaps://x", bind_dn="cn=m", password=SecretReference("prompt")
    )
    given = {"machine": "web01", "password": SecretReference("file", str(tmp_path / "pw"))}
    asked = []

    def ask(title):
        asked.append(title)
        return Secret("typed")

    site = Site("berne", directory=directory)
    secrets = gather_secrets(ASKING, site, given, ask)
    assert secrets == {
        "directory password": Secret("typed"),
        "password": Secret("from a file"),
    }
    assert asked == ["Password of cn=m at the directory"]


def test_a_secret_among_the_answers_is_asked_for_as_the_interview_calls_it():
    asked = []

    def ask(title):
        asked.append(title)
        return Secret("typed")

    given = {"password": SecretReference("prompt")}
    assert gather_secrets(ASKING, Site("berne"), given, ask) == {"password": Secret("typed")}
    assert asked == ["Password of the robot"]
