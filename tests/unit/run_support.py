"""A toy run in this very process: the law in a thread, the test as its operator."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from config.secrets import Secret
from steps.run.directory import RunDirectory
from steps.run.ended import Ended
from steps.run.events import Event
from steps.run.journal import Journal
from steps.run.law import Law
from steps.run.redact import Redactor
from steps.run.resume import offered_again
from steps.run.session import RunSession
from steps.run.switches import Switches
from steps.run.undo import everything
from tests.crash import toy


class Operator:
    """One life of a runner without its process."""

    patience = 240.0
    """Seconds that anything may take."""

    def __init__(
        self,
        run: RunDirectory,
        procedure=toy.PROCEDURE,
        secret: str = "sesame",
        open_targets=toy.no_targets,
    ) -> None:
        self.switches, self.redactor = Switches(), Redactor()
        self.session = RunSession(
            run,
            procedure,
            self.switches,
            self.redactor,
            open_targets=open_targets,
            journal=lambda directory, redactor: Journal(directory.journal_file, redactor),
        )
        self.view = self.session.view
        if secret:
            self.session.add_secret("toy password", Secret(secret))
        self.ended: Ended | None = None
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._undo = False

    def start(self, *, undo: bool = False) -> Operator:
        """Let it go on, or undo everything."""
        self._undo = undo
        self._thread.start()
        return self

    def answer(self, name: str, value: str) -> None:
        """Wait for the question of that name and answer it."""
        question = self.question(name)
        self.switches.answer(question.id, value, "tester")
        self._until(lambda: self.switches.question is not question)

    def question(self, name: str):
        """The open question, once it is the one of that name."""
        self._until(lambda: self.view.question is not None and self.view.question.name == name)
        self._until(lambda: self.switches.question is not None)
        return self.switches.question

    def end(self) -> Ended:
        """How it ended."""
        self._thread.join(timeout=self.patience)
        assert self.ended is not None, self.session.run.journal_file.read_text()
        return self.ended

    def _until(self, condition) -> None:
        deadline = time.monotonic() + self.patience
        while not condition():
            assert time.monotonic() < deadline, self.session.run.journal_file.read_text()
            time.sleep(0.001)

    def _live(self) -> None:
        session = self.session
        again = offered_again(session.view)
        session.record(
            Event.RUN_STARTED,
            pid=1,
            boot_id="",
            host="h",
            user="tester",
            terminal="",
            plan_hash=session.frozen.sha256,
            launcher="test",
            resumed=bool(session.view.sessions),
        )
        session.record_plan()
        law = Law(session, again=again)
        try:
            if self._undo:
                law.undo(everything(session.view), whole=True, by="tester")
            elif session.view.undo is not None:
                law.go_on_undoing()
            else:
                law.carry_out()
        except Ended as ended:
            session.record(Event.RUN_FINISHED, outcome=ended.finish.value, message=ended.message)
            self.ended = ended
        finally:
            session.close()


def ledger(world: Path) -> list[str]:
    """The lines of the toy's ledger: one for each time it was written."""
    return (world / "ledger.txt").read_text().split()
