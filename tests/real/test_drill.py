"""The drill as its user runs it: the program, a practice site of its own, a scripted operator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from steps.drill.bridges import bridge_names
from steps.drill.faults import FAULTS
from steps.drill.places import Places

REKINDLE = Path(sys.executable).with_name("rekindle")


AS_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
"""A user namespace of our own: inside, the program has no privilege and is not root."""


def rekindle(home, *arguments, prefix=()):
    environment = {**os.environ, "REKINDLE_HOME": str(home), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [*prefix, REKINDLE, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def drill_report(home):
    (found,) = home.glob("state/runs/*/drill.json")
    return json.loads(found.read_text())


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def test_without_a_terminal_the_default_drill_runs_unattended_and_says_where_its_report_is(home):
    done = rekindle(home, "drill")
    assert done.returncode == 0, done.stdout + done.stderr
    report = drill_report(home)
    assert report["passed"]
    assert all(check["passed"] for check in report["checks"])
    (run,) = (home / "state" / "runs").iterdir()
    assert f"drill report: {run / 'drill.md'}" in done.stdout
    assert f"run report:   {run / 'report.md'}" in done.stdout
    assert "\x1b" not in done.stdout


def test_nothing_of_a_practice_site_is_left_behind(home):
    done = rekindle(home, "drill", "--auto")
    assert done.returncode == 0
    assert not list((home / "state" / "practice").glob("*"))
    bridges = bridge_names(Places(home / "state" / "practice" / "restore-machine").mark)
    kept = [path.read_text() for path in (home / "state" / "runs").rglob("*.json")]
    assert any(bridges[1] in text for text in kept), "it had them"
    assert not {*bridges} & {path.name for path in Path("/sys/class/net").iterdir()}
    marks = str(home).encode()
    left = [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if marks in _read(path) and int(path.parent.name) != os.getpid()
    ]
    assert left == []


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_plain_user_can_do_the_drill_and_is_told_what_is_different(home):
    done = rekindle(home, "drill", "--auto", prefix=AS_NOBODY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "user mode (bridges need root)" in done.stdout
    assert drill_report(home)["passed"]


def test_a_fault_that_needs_root_is_refused_to_a_plain_user_before_anything_is_built(home):
    done = rekindle(home, "drill", "--auto", "--fault", "full-disk", prefix=AS_NOBODY)
    assert done.returncode == 3
    assert "needs root" in done.stderr
    assert not (home / "state" / "practice").exists()


@pytest.mark.parametrize("fault", [kind.name for kind in FAULTS])
def test_each_fault_ends_in_its_sound_outcome(home, fault):
    done = rekindle(home, "drill", "--auto", "--fault", fault)
    assert done.returncode == 0, done.stdout + done.stderr
    report = drill_report(home)
    assert report["passed"]
    assert report["fault"]


def test_a_changed_entry_is_told_with_the_name_of_who_changed_it(home):
    done = rekindle(home, "drill", "--auto", "--fault", "entry-changed")
    assert "cn=web-gui,dc=practice" in done.stdout
    assert "description" in drill_report(home)["refusal"]


def test_a_drill_that_passed_stands_in_the_history(home):
    rekindle(home, "drill", "--auto")
    (line,) = (home / "state" / "drills.jsonl").read_text().splitlines()
    remembered = json.loads(line)
    assert remembered["procedure"] == "virtual_machine.restore"
    assert remembered["passed"]
    assert remembered["automatic"]


def test_a_folder_that_is_no_practice_site_is_never_removed(home, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    for arguments in (["--remove"], ["--auto"]):
        done = rekindle(home, "drill", "--folder", str(mine), *arguments)
        assert done.returncode != 0
        assert "is not a practice site" in done.stderr
        assert (mine / "thesis.txt").read_text() == "years of work"


def test_drills_and_faults_are_listed_for_people_and_programs(home):
    listed = rekindle(home, "drill", "--list").stdout
    data = json.loads(rekindle(home, "drill", "--list", "--json").stdout)
    faults = {drill["name"]: set(drill["faults"]) for drill in data["drills"]}
    assert faults["restore-machine"] == {kind.name for kind in FAULTS}
    assert "bootstrap-no-address" in faults["deploy-4.5"] - faults["deploy-classic"]
    assert {fault["name"] for fault in data["faults"]} == set().union(*faults.values())
    for name in (*faults, *set().union(*faults.values())):
        assert name in listed


def test_a_fault_of_another_systems_drill_is_refused_before_anything_is_built(home):
    done = rekindle(home, "drill", "deploy-4.5", "--fault", "slapd-gone")
    assert done.returncode == 2
    assert "There is no fault 'slapd-gone'" in done.stderr
    assert not (home / "state" / "practice").exists()


def test_an_unknown_fault_is_refused_before_anything_is_built(home):
    done = rekindle(home, "drill", "--fault", "meteor")
    assert done.returncode == 2
    assert "'meteor'" in done.stderr
    assert not (home / "state" / "practice").exists()


@pytest.mark.parametrize(
    ("drill", "fault"),
    [("deploy-4.5", ""), ("deploy-4.5", "bootstrap-no-address"), ("deploy-classic", "mac-taken"),
     ("deploy-classic", "runner-killed")],
)  # fmt: skip
def test_a_deployment_is_drilled_on_simulated_hosts_that_say_so(home, drill, fault):
    done = rekindle(home, "drill", drill, "--auto", *(["--fault", fault] if fault else []))
    assert done.returncode == 0, done.stdout + done.stderr
    report = drill_report(home)
    assert report["passed"]
    assert "programs, storage, network" in report["simulated"]
    assert "Nothing here is an oVirt host" in " ".join(done.stdout.split())
    assert not list((home / "state" / "practice").glob("*"))
    marks = str(home).encode()
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if marks in _read(p)]


def test_a_plain_user_can_drill_a_deployment(home):
    done = rekindle(home, "drill", "deploy-4.5", "--auto", prefix=AS_NOBODY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert drill_report(home)["passed"]


def test_the_night_backs_up_all_but_the_excluded_machine_and_tells_who_was_left_out(home):
    done = rekindle(home, "drill", "backup-night", "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = home.glob("state/runs/*/drill.json")
    report = json.loads(found.read_text())
    seen = {check["name"]: check["seen"] for check in report["checks"]}
    assert len([name for name in seen if name[-2:].isdigit() and "spread" not in name]) == 12
    assert "no backup" in seen["build01"]
    assert "shut off" in seen["old01"]
    assert "checksums hold" in seen["db02"]
    assert "11 snapshots" not in seen["left over"]
    first = min((home / "state" / "runs").iterdir(), key=lambda run: run.stat().st_ctime)
    told = (first / "report.md").read_text()
    assert "Left out: db02" in told
    missed = [line for line in told.splitlines() if " was not backed up: " in line]
    assert [line.startswith("- db02") for line in missed] == [True], "build01 is excluded"
    assert "is stuck: merging ended with 11 (the merge failed)" in told
    assert "Left out: build01" in told
    assert "Memory of mail01: to retain at once, a longer downtime" in told
    assert not list((home / "state" / "practice").glob("*"))
