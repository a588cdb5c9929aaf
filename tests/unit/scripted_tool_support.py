"""A scripted tool with its script, its answers and its folder, in a folder of the test's own."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from steps.hosted_engine.detached_tool import DetachedTool
from tests.unit import scripted_tool

MACHINE = "--otopi-environment=DIALOG/dialect=str:machine"
YES_NO = {"valid": ["Yes", "No"], "default": "Yes"}


def ask(name, text, **more):
    return {"ask": name, "text": text, **more}


class Scripted:
    """One script and what was answered to it."""

    def __init__(self, folder: Path, acts: list[dict]) -> None:
        self.script, self._received = folder / "script.json", folder / "received"
        self.script.write_text(json.dumps(acts))
        self.command = (
            sys.executable, scripted_tool.__file__, str(self.script), str(self._received)
        )  # fmt: skip

    def received(self) -> list[list[str]]:
        """Name and answer, in order."""
        text = self._received.read_text() if self._received.exists() else ""
        return [json.loads(line) for line in text.splitlines()]


def wait_until(condition, seconds: float = 120.0):
    """What the condition gives, once it gives something true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.02)
    return found


def text_of(tool: DetachedTool) -> str:
    return tool.said(0).decode()


def end(tool: DetachedTool) -> None:
    """Leave nothing running."""
    wait_until(lambda: (state := tool.state()).over or state.pid)
    tool.stop()
    wait_until(lambda: tool.state().over)
