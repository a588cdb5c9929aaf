"""The drills of a lost engine, as their user runs them."""

from __future__ import annotations

import pytest

from tests.real.test_drill import drill_report, rekindle


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def test_an_engine_comes_back_on_the_failover_host_by_the_guides_way(home):
    done = rekindle(home, "drill", "lost-engine-failover-host", "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    seen = {check["name"]: check["seen"] for check in drill_report(home)["checks"]}
    assert seen["where it runs"] == "host-02.practice.invalid"
    assert seen["vm_build"] == "up on host-03"
    assert "Time to recover" in next(home.glob("state/runs/*/report.md")).read_text()
    assert not list((home / "state" / "practice").glob("*"))


def test_a_host_that_is_taken_for_dead_and_lives_is_not_confirmed_until_it_is_off(home):
    done = rekindle(
        home, "drill", "lost-engine-new-hardware", "--auto", "--fault", "fenced-host-still-alive"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = drill_report(home)
    assert "It does not look so: ping answers" in report["refusal"]
    seen = {check["name"]: check["seen"] for check in report["checks"]}
    assert seen["machines that ran twice"] == "none"
    assert seen["vm_mail"] == "down"
