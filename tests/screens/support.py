"""What the screen tests share: the screen as text, a service without a world, runs by hand."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from steps.run.control import ControlServer
from steps.run.directory import RunDirectory, create_run
from steps.run.events import Event
from steps.run.journal import Journal
from steps.run.lock import RunLock
from steps.run.outline import outline
from steps.run.redact import Redactor
from steps.run.report import as_markdown
from steps.run.report_data import gather
from steps.run.switches import Switches
from steps.run.view import OfferedChoice, OpenQuestion
from tests.screens.terminal import PATIENCE
from tests.screens.toy import SITE, TOY, ToyLooks, make_plan
from tui.app import RekindleApp
from tui.run_summary import summaries


def screen_text(app) -> str:
    """What stands on the screen, as plain text: the one place that knows Textual's compositor."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def wait_for(pilot, wanted, seconds: float = PATIENCE) -> str:
    """Wait until the screen shows a text (or a predicate on the text holds); returns the screen."""
    holds = wanted if callable(wanted) else lambda text: wanted in text
    end = time.monotonic() + seconds
    while True:
        await pilot.pause()
        text = screen_text(pilot.app)
        if holds(text):
            return text
        if time.monotonic() > end:
            raise AssertionError(f"never seen: {wanted!r}\n{text}")
        await asyncio.sleep(0.02)


async def wait_until(condition, seconds: float = PATIENCE) -> None:
    """Wait until something has happened that no screen shows: that the program has ended."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.02)


class ToyService(ToyLooks):
    """The toy procedure; runs are made for real in a folder of the test, without a runner."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.started: list[RunDirectory] = []
        self.resumed: list[RunDirectory] = []
        self.saved: list[dict] = []
        self.secret_titles: list[str] = []
        self.secrets: list[str] = []
        self.drilled: dict[str, str] = {}

    def procedures(self):
        return (TOY,)

    def runs(self):
        return summaries(self.folder)

    def drills(self):
        return self.drilled

    def unlock(self, site, ask) -> None:
        self.secrets += [ask(title).reveal() for title in self.secret_titles]

    def save(self, session) -> Path:
        self.saved.append(session.given())
        return self.folder / "answers.yaml"

    def start(self, session) -> RunDirectory:
        run = make_run(self.folder, session.given())
        self.started.append(run)
        return run

    def report(self, run) -> str:
        return as_markdown(gather(run, TOY))

    def resume(self, run, ask) -> None:
        self.resumed.append(run)


def make_run(folder: Path, given=None, site=SITE) -> RunDirectory:
    """A run directory as the wizard makes it, with nothing in its journal."""
    return create_run(site, TOY.name, given or {"machine": "web01"}, {}, {}, folder=folder)


class Script:
    """Holds a run's lock, listens on its control socket, writes its journal: as a runner does."""

    def __init__(self, run: RunDirectory, given=None) -> None:
        self.run = run
        self.journal = Journal(run.journal_file, Redactor())
        self.switches = Switches()
        self.lock = RunLock(run.lock_file)
        self.control = ControlServer(run, self.switches, Redactor())
        self.plan = make_plan(SITE, given or {"machine": "web01"}, {}, {})
        self.replies: list[tuple[str, str]] = []
        self.answered = threading.Event()

    def __enter__(self) -> Script:
        return self

    def __exit__(self, *_: object) -> None:
        self.die()

    def die(self) -> None:
        """The runner is gone; what it wrote stays."""
        if self.lock is not None:
            self.control.close()
            self.lock.release()
            self.lock = None

    def record(self, event: Event, **fields) -> None:
        self.journal.record(event, **fields)

    def answer_from_now_on(self) -> None:
        """Wait for the reply to the open question, and write it down."""

        def wait() -> None:
            question = self.switches.question
            reply = self.switches.wait_reply(stoppable=True)
            if reply is not None:
                self.replies.append((reply.value, reply.by))
                self.switches.put(None)
                said = {} if question.secret else {"value": reply.value}
                self.record(Event.ANSWERED, question=question.id, by=reply.by, **said)
                self.answered.set()

        threading.Thread(target=wait, daemon=True).start()

    def start(self) -> None:
        """Run started, plan known."""
        self.record(
            Event.RUN_STARTED,
            pid=1,
            boot_id="b",
            host="h",
            user="root",
            terminal="pts/1",
            plan_hash="x",
            launcher="own session",
            resumed=False,
        )
        self.record(Event.PLAN, **outline(TOY, self.plan))

    def do(self, step: str, evidence: str = "as it should be", seconds: float = 0.8) -> None:
        """One step, from looking to done."""
        self.begin(step)
        self.record(Event.STEP_DONE, step=step, evidence=evidence, seconds=seconds)

    def begin(self, step: str) -> None:
        """One step, looked at and begun."""
        self.record(Event.STEP_VERIFYING, step=step)
        self.record(Event.STEP_STARTED, step=step)

    def fail(self, step: str, question: int = 1) -> None:
        """One step that fails and asks what to do."""
        self.begin(step)
        choices = (
            ("retry", "Try again", ""),
            ("skip", "Skip it", "It is never skipped."),
            ("stop", "Stop here", ""),
        )
        self.record(
            Event.STEP_FAILED,
            step=step,
            message="The image is still open.",
            remedy="Stop it.",
            seen="pid 7 has it open",
            expected="nobody has it open",
            undoing=False,
        )
        self.ask(step, question, choices=choices)

    def ask(
        self, step: str, question: int = 1, *, secret=False, choices=(), text="", private="",
        detail="Seen: pid 7 has it open\nExpected: nobody\nWhat to do: stop it",
    ) -> None:  # fmt: skip
        """A question of that step, open until it is answered over the control socket."""
        offered = tuple(OfferedChoice(value, label, "", no) for value, label, no in choices)
        text = text or "What shall be done?"
        asked = OpenQuestion(
            question, step, "what", text, detail, offered, "", secret, datetime.now(UTC)
        )
        self.switches.put(asked, private)
        self.record(
            Event.ASKED,
            question=question,
            step=step,
            name="what",
            text=text,
            detail=detail,
            choices=[asdict(choice) for choice in offered],
            default="",
            secret=secret,
        )
        self.answer_from_now_on()

    def end_as_answered(self, outcomes) -> None:
        """Once the open question is answered, end with the outcome that goes with the answer."""

        def wait() -> None:
            self.answered.wait()
            self.finish(outcomes[self.replies[-1][0]])

        threading.Thread(target=wait, daemon=True).start()

    def finish(self, outcome: str = "done", message: str = "") -> None:
        """The run ends."""
        self.record(Event.RUN_FINISHED, outcome=outcome, message=message)
        self.die()


def home_app(service, find_site=lambda: SITE) -> RekindleApp:
    """The application on its Home screen."""
    from tui.screens.home import HomeScreen

    return RekindleApp(
        lambda: HomeScreen(find_site, service.procedures, service.runs, service.drills),
        service=service,
    )
