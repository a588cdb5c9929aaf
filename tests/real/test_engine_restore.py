"""A whole restore by the newer tool, driven by the steps in this process."""

from __future__ import annotations

import json

import pytest

from steps.hosted_engine.restore.procedure import PROCEDURE
from steps.run.events import Event, Finish
from steps.run.journal import Journal
from steps.run.report import as_html, as_markdown, write_reports
from tests.real.engine_restore_world import PROMPTS, assert_restored, restore_world
from tests.unit.deploy_support import Deploying, Folder, end_all_tools


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("restore")
    with restore_world(folder) as found:
        yield found
    for each in folder.iterdir():
        end_all_tools(each)


@pytest.fixture
def world(standing):
    standing.again()
    return standing


def restoring(world, run):
    return Deploying(run, world.secrets(), procedure=PROCEDURE).start()


def test_a_restore_goes_to_its_end_and_its_report_sets_predicted_beside_found(world):
    run = world.run("whole", recovery_target=3600)
    ended = restoring(world, run).end()
    assert ended.finish is Finish.DONE, run.journal_file.read_text()
    assert_restored(world, run)
    data = write_reports(run, PROCEDURE)
    assert (data["target_seconds"], data["target_met"]) == (3600, True)
    assert data["recovers"]
    assert any("to be started" in line and "vm_build" in line for line in data["next"])
    assert not any("vm_web" in line for line in data["next"])
    (table,) = data["tables"]
    found = {(row[0], row[1]): row[2:] for row in table["rows"]}
    assert found["machine", "vm_build"][0].startswith("Up on host-03; Down, where")
    assert found["machine", "vm_build"][1] == "down"
    assert found["machine", "vm_web"][0].startswith("Down: set so by the restore")
    assert ("host", "host-01") in found
    assert ("host", "host-02") not in found
    for text in (as_markdown(data), as_html(data)):
        assert "Predicted and found" in text
        assert "vm_build" in text
    assert not any(name.startswith(("table.", "left-to-do.")) for name in data["facts"])
    assert json.dumps(data)


def test_an_archive_that_changed_since_it_was_looked_at_restores_nothing(world):
    run = world.run("changed")
    archive = run.path.parents[1] / "engine.backup"
    archive.write_bytes(archive.read_bytes() + b"x")
    deploying = restoring(world, run)
    assert "another file than the one" in deploying.question("step-failed").text
    deploying.answer("step-failed", "stop")
    deploying.end()
    assert Folder(run.path.parents[1]).received() == []
    assert Folder(run.path.parents[1]).on_host() == []


def test_a_host_that_is_left_unconfirmed_leaves_its_machines_and_the_run_says_so(world):
    prompts = PROMPTS | {"rebooted.host-03": "leave"}
    run = world.run("left", prompts=prompts)
    ended = restoring(world, run).end()
    assert ended.finish is Finish.DONE
    data = write_reports(run, PROCEDURE)
    found = {row[1]: row[3] for row in data["tables"][0]["rows"]}
    assert found["vm_build"].endswith("on host-03")
    assert any("Put off: Confirm that host-03" in line for line in data["next"])


class Dead(BaseException):
    """The runner is no more."""


class DyingJournal(Journal):
    """Its runner dies before the record of that number stands."""

    kill_at, count = 0, 0

    def record(self, event, **fields):
        if event is not Event.PROGRESS:
            self.count += 1
            if self.count == self.kill_at:
                raise Dead
        return super().record(event, **fields)


class Doomed(Deploying):
    """One life that ends at a record of its journal."""

    died = False

    def __init__(self, run, secrets, kill_at: int) -> None:
        super().__init__(run, secrets, procedure=PROCEDURE)
        journal = DyingJournal(run.journal_file, self.redactor)
        journal.kill_at = kill_at
        self.session.journal.close()
        self.session.journal = journal

    def _live(self) -> None:
        try:
            super()._live()
        except Dead:
            self.died = True

    def live(self) -> bool:
        """Whether it died."""
        self.start()
        self._thread.join(timeout=self.patience)
        return self.died


@pytest.mark.parametrize("share", range(2))
def test_killed_at_its_transitions_a_resumed_restore_ends_as_an_undisturbed_one(world, share):
    number, died = 1 + 2 * share, True
    while died:
        world.again()
        run = world.run(f"killed-{number}")
        died = Doomed(run, world.secrets(), number).live()
        if died:
            ended = restoring(world, run).end()
            assert ended.finish is Finish.DONE, run.journal_file.read_text()
        assert_restored(world, run)
        assert write_reports(run, PROCEDURE)["tables"]
        number += 4
    assert number > 40
