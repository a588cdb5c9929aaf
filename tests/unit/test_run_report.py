"""Reports: complete, self-contained, and safe to show whatever the world has put into them."""

from __future__ import annotations

import dataclasses
import json
from html.parser import HTMLParser

import pytest

from config.site import Site
from steps.conflicts import Decision, Resolution
from steps.procedure import KEPT_BY_UNDO, Phase, Plan
from steps.run.directory import create_run
from steps.run.events import FAILED_STEP, SKIP_REASON, Event
from steps.run.journal import Journal
from steps.run.redact import Redactor
from steps.run.report import as_html, as_json, as_markdown, write_reports
from steps.run.report_data import gather
from tests.crash import toy
from tests.crash.run_support import ToyRun
from tests.screens.toy_conflicts import ToyConflicts
from tests.unit.run_support import Operator
from tests.unit.test_run_law import Spy

HOSTILE = "<script>alert(1)</script>\x1b[2J\n# heading"
DECIDED = {
    "mac": Resolution(Decision.KEEP_BACKUP),
    "lease": Resolution(Decision.KEEP_BACKUP),
    "bridge": Resolution(Decision.CUSTOM, "br-test"),
    "port": Resolution(Decision.TAKE_LIVE),
}
PROCEDURE = dataclasses.replace(toy.PROCEDURE, conflicts=lambda *_: ToyConflicts())


@pytest.fixture
def finished(tmp_path):
    toy.lay_out(tmp_path / "world")
    given = {"world": str(tmp_path / "world"), "greeting": "bad", "recovery_target": 3600}
    run = create_run(
        Site("berne", practice=True), toy.NAME, given, DECIDED, {}, {"clean-up": "no"},
        folder=tmp_path / "runs",
    )  # fmt: skip
    operator = Operator(run, PROCEDURE).start()
    operator.answer(FAILED_STEP, "change")
    operator.answer("change-value", "good day")
    operator.end()
    return run


class Page(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [f"{name}={value}" for name, value in attrs]


def test_the_summary_comes_first_with_outcome_time_and_target(finished):
    text = as_markdown(gather(finished, PROCEDURE))
    head = text.split("##")[0]
    assert head.startswith("# Replace a file: toy (drill)")
    assert "**DONE** after" in head
    assert "target 1h00m: met" in head
    assert f"rekindle resume {finished.id}" in head
    assert f"rekindle resume {finished.id} --undo" in head


def test_without_a_target_the_time_to_recover_is_told_all_the_same(finished):
    data = gather(finished, PROCEDURE) | {"target_seconds": None}
    for form in (as_markdown, as_html):
        text = form(data | {"recovers": True})
        assert "the time to recover; no target was set" in " ".join(text.split())
        assert "time to recover" not in form(data | {"recovers": False})


def test_everything_that_happened_is_in_all_three_forms(finished):
    data = gather(finished, PROCEDURE)
    forms = {
        "markdown": as_markdown(data), "html": as_html(data), "json": as_json(data),
    }  # fmt: skip
    expected = (
        "tester", "A bad greeting.", "staged.txt is there", "good day", "Remove the old file",
        "The operator keeps the old file.", "br-test", "vmbr0 is not on this host",
        "52:54:00:0b:01:02", "greeting", finished.frozen().sha256, str(finished.journal_file),
    )  # fmt: skip
    for form, text in forms.items():
        missing = [words for words in expected if words not in text]
        assert missing == [], form


def test_every_decision_stands_with_its_alternatives_and_who_made_it(finished):
    decisions = {row["id"]: row for row in gather(finished, PROCEDURE)["decisions"]}
    assert decisions["mac"]["decision"] == "keep-backup"
    assert decisions["mac"]["allowed"] == ["keep-backup", "next-boot"]
    assert "libvirt refuses" in decisions["mac"]["refused"]["take-live"]
    assert (decisions["node"]["decision"], decisions["node"]["by"]) == (
        "take-live",
        "the only choice",
    )
    assert decisions["bridge"]["result"] == "br-test"


def test_the_page_loads_nothing_runs_nothing_and_draws_a_timeline(finished):
    text = as_html(gather(finished, PROCEDURE))
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [value for value in page.values if value.startswith(("src=", "href=", "on"))]
    assert "http:" not in text
    assert "https:" not in text
    bars = [value for value in page.values if value.startswith("style=left:")]
    assert len(bars) == 6


def test_what_the_world_says_is_escaped_and_cannot_steer_a_terminal(tmp_path):
    class Rude(Spy):
        def apply(self, context):
            super().apply(context)
            context.remember(HOSTILE, HOSTILE)

        def verify(self, context):
            verdict = super().verify(context)
            return dataclasses.replace(verdict, evidence=HOSTILE)

    plan = Plan(toy.NAME, HOSTILE, "Do", (Phase("p", HOSTILE, (Rude(title=HOSTILE),)),))
    procedure = dataclasses.replace(toy.PROCEDURE, plan=lambda *_: plan, title=HOSTILE)
    toy_run = ToyRun.make(tmp_path)
    Operator(toy_run.run, procedure).start().end()
    data = gather(toy_run.run, procedure)
    assert "script" not in Page(as_html(data)).tags
    markdown = as_markdown(data)
    assert "\x1b" not in markdown
    assert [line for line in markdown.splitlines() if line.startswith("# heading")] == []


def test_a_failed_run_says_what_was_seen_and_how_to_go_on(tmp_path):
    toy_run = ToyRun.make(tmp_path, recovery_target=1)
    (toy_run.world / "backup.txt").unlink()
    operator = Operator(toy_run.run).start()
    operator.answer(FAILED_STEP, "stop")
    operator.end()
    data = gather(toy_run.run, toy.PROCEDURE)
    assert (data["outcome"], data["target_met"]) == ("failed", False)
    text = as_markdown(data)
    for words in ("**FAILED**", "There is no backup.", "Seen: nothing", "Expected: a file"):
        assert words in text
    assert "Bring one." in data["next"]
    assert f"To go on where it stopped: rekindle resume {toy_run.run.id}" in data["next"]


def test_a_skipped_step_stands_with_its_reason(tmp_path):
    toy_run = ToyRun.make(tmp_path, greeting="bad")
    operator = Operator(toy_run.run).start()
    operator.answer(FAILED_STEP, "skip")
    operator.answer(SKIP_REASON, "staged by hand")
    operator.answer(FAILED_STEP, "stop")
    operator.end()
    assert "staged by hand" in as_markdown(gather(toy_run.run, toy.PROCEDURE))


def test_a_report_of_a_run_that_goes_on_says_so(tmp_path):
    toy_run = ToyRun.make(tmp_path, greeting="bad")
    operator = Operator(toy_run.run).start()
    operator.question(FAILED_STEP)
    data = gather(toy_run.run, toy.PROCEDURE)
    assert data["outcome"] == "not finished"
    assert "Not answered" in as_markdown(data)
    assert "Not answered" in as_html(data)
    operator.answer(FAILED_STEP, "stop")
    operator.end()


def test_the_files_are_written_for_the_owner_alone(finished):
    data = write_reports(finished, PROCEDURE)
    assert json.loads(finished.report_file("json").read_text()) == data
    for kind in ("md", "html", "json"):
        assert finished.report_file(kind).stat().st_mode & 0o077 == 0


def test_what_an_undo_has_kept_on_purpose_is_named_under_what_to_do_next(finished):
    journal = Journal(finished.path / "journal.jsonl", Redactor())
    journal.record(Event.FACT, name=f"{KEPT_BY_UNDO}vda", value="/retain/vda.ran-1 on node-01")
    journal.close()
    data = gather(finished, PROCEDURE)
    assert any("/retain/vda.ran-1 on node-01" in line for line in data["next"])


def test_what_the_plan_leaves_undone_is_named_under_what_to_do_next(finished):
    def plan(*of):
        return dataclasses.replace(toy.PROCEDURE.plan(*of), left_to_do=("Do db03 as well.",))

    data = gather(finished, dataclasses.replace(PROCEDURE, plan=plan))
    assert "Do db03 as well." in data["next"]
    assert "Nothing is left to do." not in data["next"]
