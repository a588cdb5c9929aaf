"""The drill of a backup of the engine, as its user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.test_drill import drill_report, rekindle


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def test_a_backup_with_a_failover_host_is_drilled_while_the_runner_is_killed(home):
    done = rekindle(
        home, "drill", "backup-without-maintenance", "--auto", "--fault", "runner-killed"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = drill_report(home)
    assert report["passed"]
    seen = {check["name"]: check["seen"] for check in report["checks"]}
    assert seen["ready failover host in it"] == "host-02"
    assert "the engine" in report["simulated"]
    assert not list((home / "state" / "practice").glob("*"))
    marks = str(home).encode()
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if marks in read(p)]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
