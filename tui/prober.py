"""Asks probes in the background on behalf of one session, and drops answers that come too late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from config.errors import Interrupted, RekindleError
from config.questions import Question
from tui.background import in_thread
from tui.service import Looks
from tui.session import Check, Session, start_check


class Prober:
    """One for each walk through an interview. `changed` is called with the question's name."""

    def __init__(self, session: Session, looks: Looks) -> None:
        self._session, self._looks = session, looks
        self._tasks: set[asyncio.Task[None]] = set()
        self.changed: Callable[[str], None] = lambda _name: None

    def check(self, question: Question, *, again: bool = False) -> None:
        """Start looking at the answer, unless that has been done for the same answers."""
        if not question.probe or self._session.fault(question):
            return
        if self._session.value(question) is None:
            return
        if again or self._session.check_of(question) is None:
            basis = self._session.basis(question)
            check = start_check(self._session.checks, question.name, basis)
            self._start(question, question.probe, check)

    def list_choices(self, question: Question, *, again: bool = False) -> None:
        """Start asking for choices and default, unless they are known for the same answers."""
        if self._session.waits_for(question):
            return
        if question.listing_probe and (again or self._session.listing_of(question) is None):
            basis = self._session.basis(question, own=False)
            listing = start_check(self._session.listings, question.name, basis)
            self._start(question, question.listing_probe, listing)

    def stop(self) -> None:
        """Stop every look that is going on; each is made again when it is needed."""
        for checks in (self._session.checks, self._session.listings):
            for name in [name for name, check in checks.items() if check.running]:
                checks.pop(name).cancel.set()

    def _start(self, question: Question, probe: str, check: Check) -> None:
        task = asyncio.create_task(self._look(question, probe, check))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.changed(question.name)

    async def _look(self, question: Question, probe: str, check: Check) -> None:
        procedure, given = self._session.procedure, self._session.given()
        try:
            probed = await in_thread(
                lambda: self._looks.probe(procedure, probe, given, check.cancel)
            )
        except Interrupted:
            # Nobody waits for it: the answer it was made for has changed.
            return
        except RekindleError as error:
            check.failed = str(error)
        else:
            check.probed = probed
        self.changed(question.name)
