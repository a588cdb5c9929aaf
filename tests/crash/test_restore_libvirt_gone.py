"""A restore on a real libvirt daemon of a plain user, with the daemon killed on the way."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

WORLD = Path(__file__).with_name("session_world.py")
WITHOUT_ROOT = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


@pytest.fixture(scope="module")
def ends():
    """How the undisturbed run ended, and each that lost its libvirt at a step."""
    # pytest's own folders are too deep: libvirt's sockets stand 84 characters below this one.
    with tempfile.TemporaryDirectory(prefix="r") as folder:
        command = [*WITHOUT_ROOT, sys.executable, "-P", str(WORLD), folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_with_libvirt_gone_at_any_step_that_asks_it_the_resumed_run_ends_in_the_same_world(ends):
    whole = ends.pop("undisturbed")
    assert len(ends) >= 8
    for step, run in ends.items():
        assert run["resumed"] == 0, step
        assert run["wrong"] == [], step
        assert run["end"] == whole["end"], step
    assert sum(run["stopped"] for run in ends.values()) >= 3
