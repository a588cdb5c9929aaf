"""A whole restore by the newer tool, driven by the steps in this process."""

from __future__ import annotations

import json

import pytest

from steps.hosted_engine.restore.procedure import PROCEDURE
from steps.run.events import Finish
from steps.run.report import as_html, as_markdown, write_reports
from tests.real.engine_restore_world import assert_restored, restore_world
from tests.unit.deploy_support import Deploying, end_all_tools


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("REKINDLE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("restore")
    with restore_world(folder) as found:
        yield found
    for each in folder.iterdir():
        end_all_tools(each)


def restoring(world, run):
    return Deploying(run, world.secrets(), procedure=PROCEDURE).start()


def test_a_restore_goes_to_its_end_and_its_report_sets_predicted_beside_found(world):
    run = world.run("whole", recovery_target=3600)
    ended = restoring(world, run).end()
    assert ended.finish is Finish.DONE, run.journal_file.read_text()
    assert_restored(world, run)
    data = write_reports(run, PROCEDURE)
    assert (data["target_seconds"], data["target_met"]) == (3600, True)
    (table,) = data["tables"]
    found = {(row[0], row[1]): row[2:] for row in table["rows"]}
    assert found["machine", "vm_build"][0].startswith("Up on host-03 until that host is confirmed")
    assert found["machine", "vm_build"][1] == "down"
    assert found["machine", "vm_web"][0].startswith("Down: set so by the restore")
    assert ("host", "host-01") in found
    assert ("host", "host-02") not in found
    for text in (as_markdown(data), as_html(data)):
        assert "Predicted and found" in text
        assert "vm_build" in text
    assert not any(name.startswith("table.") for name in data["facts"])
    assert json.dumps(data)
