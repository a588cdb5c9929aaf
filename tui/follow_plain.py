"""Following a run in plain lines: for serial lines, screen readers, logs and unattended starts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

from config.errors import EXIT_WAITING, Interrupted, RekindleError, Unreachable
from steps.run.control_client import ControlClient
from steps.run.directory import RunDirectory
from steps.run.journal import Follower, read_everything
from steps.run.text import one_line
from steps.run.view import OpenQuestion
from tui.plain_lines import Left, Lines
from tui.run_lines import RunLines, question_lines

LOOK_SECONDS: Final = 0.1
GRACE_SECONDS: Final = 0.5
"""A question that a prepared answer answers stands open in the journal for an instant only."""

COMMANDS: Final = "stop, pause, go-on, abort or leave"


def follow_plain(
    run: RunDirectory, *, interactive: bool | None = None, lines: Lines | None = None
) -> int:
    """Tell the run until it ends, and answer its questions from the terminal.

    Without a terminal it ends at the first open question (exit code 4): the run waits. With
    `lines`, what is typed comes from there, terminal or not, and its end is the end of answers.
    Returns an exit code; the run itself never depends on this.
    """
    if interactive is None:
        interactive = lines is not None or bool(sys.stdin and sys.stdin.isatty())
    try:
        with ControlClient(run) as client:
            return _Follow(run, client, interactive, lines or Lines()).to_the_end()
    except KeyboardInterrupt:
        _say_left(run)
        return Interrupted.exit_code


class _Follow:
    def __init__(
        self, run: RunDirectory, client: ControlClient, interactive: bool, typed: Lines
    ) -> None:
        self._run, self._client, self._interactive = run, client, interactive
        self._typed = typed
        self._lines = RunLines()
        self._follower = Follower(run.journal_file)
        self._asked: int | None = None
        self._asked_since = 0.0

    def to_the_end(self) -> int:
        if self._interactive:
            print(f"Run {self._run.id}. Type {COMMANDS}, then Enter, at any time.")
        while True:
            alive = self._run.holder() is not None
            for event in read_everything(self._follower):
                for line in self._lines.tell(event):
                    print(line, flush=True)
            view = self._lines.view
            if not alive:
                return self._ended()
            if view.question is not None and self._leaves_it_open(view.question):
                return EXIT_WAITING
            typed = self._read_line()
            if typed == "leave":
                _say_left(self._run)
                return EXIT_WAITING
            if typed:
                self._obey(typed)

    def _ended(self) -> int:
        view = self._lines.view
        if view.outcome is None:
            print(f"Its runner is gone. To go on: rekindle resume {self._run.id}", flush=True)
            return 1
        print(f"Report: {self._run.report_file('md')}", flush=True)
        return view.exit_code

    def _leaves_it_open(self, question: OpenQuestion) -> bool:
        """Show a new question once; True where nobody is here to answer it."""
        now = time.monotonic()
        if self._asked != question.id:
            self._asked, self._asked_since = question.id, now
            return False
        if (
            self._asked_since
            and now - self._asked_since > GRACE_SECONDS
            and self._is_waited_for(question)
        ):
            self._asked_since = 0.0
            for line in question_lines(question):
                print(line, flush=True)
            self._show_private(question)
            if not self._interactive:
                print(f"It waits for an operator: rekindle attach {self._run.id}", flush=True)
                return True
            if question.secret:
                self._send(lambda: self._answer_secret(question))
            else:
                default = f" [{question.default}]" if question.default else ""
                print(f"Your answer{default}: ", end="", flush=True)
        return False

    def _is_waited_for(self, question: OpenQuestion) -> bool:
        """Whether the runner waits for it; what a prepared answer answers stands written only."""
        try:
            return self._client.status().question == question.id
        except Unreachable:
            return False  # it has ended: the next look tells

    def _show_private(self, question: OpenQuestion) -> None:
        """What belongs to the question and must not be written down goes to a terminal alone."""
        if self._interactive and sys.stdout.isatty():
            status = self._client.status()
            if status.question == question.id and status.private:
                print(f"  {one_line(status.private)}", flush=True)

    def _answer_secret(self, question: OpenQuestion) -> None:
        self._client.answer(question.id, self._typed.ask_secret(question.text))

    def _read_line(self) -> str:
        """A line typed meanwhile, without waiting longer than a look takes."""
        if not self._interactive:
            time.sleep(LOOK_SECONDS)
            return ""
        try:
            line = self._typed.poll(LOOK_SECONDS)
        except Left:
            self._interactive = False  # the terminal is gone, the run is not
            return ""
        return "" if line is None else line or self._default()

    def _default(self) -> str:
        question = self._lines.view.question
        return question.default if question else ""

    def _obey(self, typed: str) -> None:
        question = self._lines.view.question
        commands: dict[str, Callable[[], None]] = {
            "pause": self._client.pause,
            "go-on": self._client.go_on,
            "abort": self._client.abort,
        }
        if question is not None and typed not in commands:
            self._send(lambda: self._client.answer(question.id, typed))
            self._asked = None
        elif typed == "stop":
            self._send(self._client.stop)
        elif typed in commands:
            self._send(commands[typed])
        else:
            print(f"{typed!r} is nothing a run understands. Type {COMMANDS}.", flush=True)

    def _send(self, request: Callable[[], None]) -> None:
        try:
            request()
        except RekindleError as error:
            print(f"Not taken: {error}", flush=True)


def _say_left(run: RunDirectory) -> None:
    print(f"\nThe run goes on without this terminal. Back to it: rekindle attach {run.id}")
