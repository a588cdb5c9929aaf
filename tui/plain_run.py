"""A run in plain lines: each change is a line, each question a numbered list."""

from __future__ import annotations

import time
from collections.abc import Callable

from config.errors import EXIT_WAITING, RekindleError
from config.secrets import Secret
from steps.run.directory import RunDirectory
from steps.run.events import StepState
from steps.run.view import OpenQuestion, RunView, StepView
from tui.exit_codes import exit_code
from tui.plain_lines import Left, Lines
from tui.report_text import plain_report
from tui.run_watch import RunWatch
from tui.service import Service
from tui.step_text import problem_lines, state_word, step_in_hand, visible_lines
from tui.wording import seconds, size

POLL_SECONDS = 0.2
LOOK_AROUND_EVERY = 5
PROGRESS_SECONDS = 10.0
"""How often progress is worth a line."""

_LEAVING = (
    ("stay", "go on watching"),
    ("detach", "detach: the run goes on without me"),
    ("pause", "pause after this step, or go on"),
    ("stop", "stop after this step"),
    ("abort", "abort: end as soon as the step in hand can end safely"),
)


class PlainRun:
    """Follows one run to its end. Ctrl+C asks how to leave."""

    def __init__(self, lines: Lines, service: Service, run: RunDirectory) -> None:
        self._lines, self._service, self._run = lines, service, run
        self._watch = RunWatch(run)
        self._told: dict[str, str] = {}
        self._told_standing = ""
        self._progress_told = 0.0
        self._answered: int | None = None

    def follow(self) -> int:
        """Watch until the run ends or the operator leaves; returns an exit code."""
        self._lines.say("", f"Run {self._run.id}. It goes on without this terminal; Ctrl+C asks.")
        try:
            return self._follow()
        except Left:
            return self._detached()
        finally:
            self._watch.close()

    def _detached(self) -> int:
        self._lines.say(
            f"Run {self._run.id} goes on without this terminal."
            f" Back to it: rekindle attach {self._run.id}"
        )
        return EXIT_WAITING

    def _follow(self) -> int:
        polls = 0
        while True:
            try:
                if polls % LOOK_AROUND_EVERY == 0:
                    self._watch.look_around()
                self._watch.update()
                self._tell()
                if self._watch.view.outcome is not None:
                    return self._end()
                if self._watch.cut_off:
                    self._offer_resume()
                elif self._watch.view.question is not None:
                    self._answer(self._watch.view.question)
                polls += 1
                time.sleep(POLL_SECONDS)
            except KeyboardInterrupt:
                if not self._stay():
                    return self._detached()

    def _tell(self) -> None:
        view = self._watch.view
        for step in view.steps.values():
            line = _step_line(step)
            if line and self._told.get(step.name) != line:
                self._told[step.name] = line
                self._lines.say(line, *_details(step))
        self._tell_progress(view)
        standing = self._watch.standing()
        if standing != self._told_standing:
            self._told_standing = standing
            if standing:
                self._lines.say(standing)

    def _tell_progress(self, view: RunView) -> None:
        step, now = step_in_hand(view), time.monotonic()
        if step is None or step.progress is None or now - self._progress_told < PROGRESS_SECONDS:
            return
        self._progress_told = now
        done, total = step.progress.done, step.progress.total
        share = f"{int(100 * done / total)}%" if total else ""
        amount = size(done) if step.progress.unit == "B" else f"{done} {step.progress.unit}"
        left = step.progress.seconds_left
        rest = f", {int(left)} s left" if left is not None else ""
        self._lines.say(f"  {step.title}: {share} {amount}{rest}")

    def _answer(self, question: OpenQuestion) -> None:
        """Ask the operator what a step asks; the journal says when the answer was taken."""
        if self._answered == question.id:
            return
        self._lines.say("", f"! {question.text}", visible_lines(question.detail))
        try:
            self._watch.answer(question, self._value(question))
            self._answered = question.id
        except RekindleError as error:
            self._lines.say(f"error   {error}")
            self._offer_wheel()

    def _value(self, question: OpenQuestion) -> str | Secret:
        if question.secret:
            return self._lines.ask_secret(question.text)
        if not question.choices:
            return self._lines.ask(f"Answer [{question.default}]:") or question.default
        for choice in question.choices:
            if choice.refused:
                self._lines.say(f"  -  {choice.label}  no: {choice.refused}")
        rows = [
            (choice.value, f"{choice.value}: {choice.label} {choice.note}".rstrip())
            for choice in question.choices
            if not choice.refused
        ]
        return self._lines.choose("Answer:", rows, question.default)

    def _offer_wheel(self) -> None:
        self._watch.look_around()
        status = self._watch.status
        if status is None or not status.steered_by or status.steering:
            return
        if self._lines.ask(f"{status.steered_by} steers. Type take to take over:") == "take":
            self._try(lambda: self._watch.steer(take=True))

    def _offer_resume(self) -> None:
        self._lines.say("", "Nobody runs this run: its runner is gone.")
        if self._lines.ask("Look where it stands and go on? Type yes:") != "yes":
            raise Left
        self._try(lambda: self._service.resume(self._run, self._lines.ask_secret))
        self._watch.look_around()

    def _stay(self) -> bool:
        """Ctrl+C: what now; False to detach."""
        self._lines.say("")
        try:
            chosen = self._lines.choose("Leave how?", _LEAVING, "stay")
        except Left:
            return False
        requests: dict[str, Callable[[], object]] = {
            "pause": self._watch.toggle_pause,
            "stop": self._watch.stop,
            "abort": self._watch.abort,
        }
        if chosen in requests:
            self._try(requests[chosen])
        return chosen != "detach"

    def _try(self, request: Callable[[], object]) -> None:
        try:
            request()
        except RekindleError as error:
            self._lines.say(f"error   {error}")

    def _end(self) -> int:
        try:
            self._lines.say("", plain_report(self._service.report(self._run)))
        except RekindleError as error:
            self._lines.say(f"error   {error}")
        outcome = self._watch.view.outcome
        return exit_code(outcome.value if outcome else "")


def _step_line(step: StepView) -> str:
    """A change worth a line; empty while a step only waits."""
    if step.state is StepState.WAITING:
        return ""
    took = f"  {seconds(step.seconds)}" if step.seconds is not None else ""
    return f"{state_word(step):<7} {step.title}{took}"


def _details(step: StepView) -> list[str]:
    if step.state is StepState.RUNNING:
        return []
    evidence = [f"        {visible_lines(step.evidence)}"] if step.evidence else []
    return evidence + [f"        {line}" for line in problem_lines(step)]
