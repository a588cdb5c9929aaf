"""A toy world with a run on it, in a folder of the test's own; steering it; letting it die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.secrets import Secret
from config.site import Site
from steps.run.control_client import ControlClient
from steps.run.directory import RunDirectory, create_run
from steps.run.journal import Follower, read_everything
from steps.run.launcher import Launched, launch
from steps.run.view import RunView
from tests.crash import crash_driver, toy, toy_runner

PROMPTS = {"clean-up": "yes"}
DRIVER = (sys.executable, "-P", crash_driver.__file__)

LAUNCHED: list[int] = []
"""Runners that tests started; those that outlive a failed test are ended after it."""


def end_leftovers() -> None:
    """End every runner that a test has left behind."""
    while LAUNCHED:
        pid = LAUNCHED.pop()
        with suppress(OSError):
            if b"toy_runner" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


@dataclass
class ToyRun:
    """One toy run and its world."""

    run: RunDirectory
    world: Path
    view: RunView = field(default_factory=RunView)
    follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        self.follower = Follower(self.run.journal_file)

    @classmethod
    def make(cls, folder: Path, prompts=None, name="world", **given) -> ToyRun:
        """A fresh world and a run directory on it."""
        world = folder / name
        toy.lay_out(world)
        answers = {"world": str(world), "greeting": "hello", **given}
        run = create_run(
            Site("toys"),
            toy.NAME,
            answers,
            {},
            {},
            PROMPTS | (prompts or {}),
            folder=folder / "runs",
        )
        return cls(run, world)

    def launch(self, *, secret: str = crash_driver.SECRET, undo: bool = False) -> Launched:
        """Start a real, detached runner on it."""
        secrets = {"toy password": Secret(secret)} if secret else {}
        launched = launch(self.run, secrets, undo=undo, command=toy_runner.COMMAND)
        LAUNCHED.append(launched.pid)
        return launched

    def update(self) -> RunView:
        """The view as of now."""
        for event in read_everything(self.follower):
            self.view.apply(event)
        return self.view

    def wait_until(self, condition, seconds: float = 120.0) -> RunView:
        """The view once the condition holds for it."""
        deadline = time.monotonic() + seconds
        while not condition(self.update()):
            assert time.monotonic() < deadline, self.run.journal_file.read_text()
            time.sleep(0.005)
        return self.view

    def wait_question(self, name: str) -> int:
        """The id of the open question of that name, once it is open."""
        view = self.wait_until(lambda v: v.question is not None and v.question.name == name)
        assert view.question is not None
        return view.question.id

    def answer(self, name: str, value: str) -> None:
        """Wait for the question of that name and answer it."""
        number = self.wait_question(name)
        with ControlClient(self.run) as client:
            client.answer(number, value)
        self.wait_until(lambda v: v.question is None or v.question.id != number)

    def wait_end(self) -> RunView:
        """The view once the run has ended and nobody holds it."""
        self.wait_until(lambda v: v.outcome is not None)
        self.wait_free()
        return self.view

    def wait_free(self) -> None:
        """Wait until nobody holds it."""
        self.wait_until(lambda _view: self.run.holder() is None)

    def step(self, name: str):
        """One step of the view."""
        return self.update().steps[name]


class Driver:
    """The process that runs runners in forks (of toys, as it is) and lets them die where it is
    told to."""

    def __init__(self, command=DRIVER) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        assert self._process.wait(timeout=120) == 0

    def live(
        self,
        toy_run: ToyRun,
        *,
        kill_at: int = 0,
        when: str = "",
        undo: bool = False,
        largest_file: int = 0,
    ) -> int:
        """One life of a runner; returns its exit code, negative for a signal."""
        request = {
            "run": str(toy_run.run.path),
            "undo": undo,
            "kill_at": kill_at,
            "when": when,
            "largest_file": largest_file,
        }
        return self.ask(request)

    def ask(self, request) -> int:
        """One life as requested; returns its exit code, negative for a signal."""
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())["code"]
