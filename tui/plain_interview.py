"""The interview in plain lines: one question after the other, from the same definitions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from config.answers import show_value
from config.errors import Interrupted, RekindleError
from config.questions import Group, Kind, Question
from tui.plain_lines import BACK, HELP, SAVE, Lines, matching
from tui.service import Looks
from tui.session import LISTED, Check, Session, start_check

INTRO = (
    f"Answer each question with Enter. An empty line takes the value in brackets. {BACK} goes back,"
    f" {HELP} explains, {SAVE} saves the answers, Ctrl+D leaves."
)

ANOTHER = "new"
"""Typed at a secret that was given already: another one."""


class PlainInterview:
    """Asks every question of a session. `walk` returns False where the operator went back out."""

    def __init__(
        self, lines: Lines, session: Session, looks: Looks, save: Callable[[Session], Path]
    ) -> None:
        self._lines, self._session, self._looks, self._save = lines, session, looks, save

    def walk(self, *, from_end: bool = False) -> bool:
        """Ask from the first question on, or (coming back) from the last one."""
        self._lines.say(INTRO)
        position = len(self._asked()) - 1 if from_end else 0
        while position < len(self._asked()):
            position += 1 if self._ask(position) else -1
            if position < 0:
                return False
        return True

    def _asked(self) -> tuple[Question, ...]:
        return self._session.procedure.interview.asked(self._session.given())

    def _group_of(self, question: Question) -> Group:
        pages = self._session.procedure.interview.pages(self._session.given())
        return next(page for page in pages if question in page.questions)

    def _ask(self, position: int) -> bool:
        """Ask one question until its answer holds; False to go back."""
        question = self._asked()[position]
        group = self._group_of(question)
        self._session.seen.add(group.name)
        number = f"{position + 1} of {len(self._asked())}"
        self._lines.say("", f"{question.title}  ({group.title}, question {number})")
        if not self._list(question):
            return self._after_failed_listing(question)
        while True:
            typed = self._prompt(question)
            if typed == BACK:
                return False
            if typed == HELP:
                self._lines.say(question.why, question.help, f"({INTRO})")
            elif typed == SAVE:
                self._say_saved()
            elif self._take(question, typed):
                return True

    def _list(self, question: Question) -> bool:
        """Show the choices; False where they cannot be had. A default is only a help."""
        if question.listing_probe and self._session.listing_of(question) is None:
            what = "choices" if question.choices_probe else "a default"
            self._lines.say(f"looking for {what} ...")
            basis = self._session.basis(question, own=False)
            listing = start_check(self._session.listings, question.name, basis)
            self._look(question, question.listing_probe, listing)
        listed = self._session.listing_of(question)
        if listed is not None:
            self._say_findings(listed)
            if listed.failed:
                # Looked for again when the question is asked again.
                del self._session.listings[question.name]
                return not question.choices_probe
        for number, (_, label, refused) in enumerate(self._choices(question), start=1):
            self._lines.say(f"  {number}  {label}" + (f"  no: {refused}" if refused else ""))
        return True

    def _after_failed_listing(self, question: Question) -> bool:
        typed = self._lines.ask(f"Enter looks again, {BACK} goes back:")
        position = self._asked().index(question)
        return typed != BACK and self._ask(position)

    def _choices(self, question: Question) -> tuple[tuple[str, str, str], ...]:
        if question.kind not in LISTED:
            return ()
        return self._session.choices(question)

    def _prompt(self, question: Question) -> str:
        if question.kind is Kind.SECRET:
            return self._prompt_secret(question)
        value = self._session.value(question)
        known = "" if value is None else show_value(value)
        optional = "" if question.required else " (may be empty)"
        return self._lines.ask(f"{question.title}{optional} [{known}]:") or known

    def _prompt_secret(self, question: Question) -> str:
        kept = question.name in self._session.secrets
        optional = "" if question.required else " (may be empty: type none)"
        how = (
            f"Enter keeps what was typed, {ANOTHER} types it again" if kept else "Enter to type it"
        )
        command = self._lines.ask(f"{question.title}{optional}: {how}:")
        if command == ("" if not kept else ANOTHER):
            try:
                secret = self._lines.ask_secret(question.title)
            except Interrupted as nothing:
                self._lines.say(f"error   {nothing}")
                return self._prompt_secret(question)
            self._session.answer_secret(question.name, secret.reveal())
            return ""
        return command

    def _take(self, question: Question, typed: str) -> bool:
        """Keep an answer and check it; True where it holds."""
        if question.kind is Kind.SECRET:
            if typed == "none":
                self._session.answer_secret(question.name, "")
        else:
            self._session.answer_text(question, self._meant(question, typed))
        fault = self._session.fault(question)
        if fault:
            self._lines.say(f"error   {fault} ({BACK} goes back)")
            self._take_back(question)
            return False
        return self._check(question)

    def _take_back(self, question: Question) -> None:
        """What cannot be is not offered again in brackets, where there is something better."""
        refused = self._session.answers.get(question.name)
        self._session.answer(question.name, None)
        if self._session.value(question) is None and refused is not None:
            self._session.answer(question.name, refused)

    def _meant(self, question: Question, typed: str) -> str:
        """What was typed with each choice by its value; several are separated by commas."""
        if question.kind is not Kind.CHOICES:
            return self._one_meant(question, typed)
        return ", ".join(self._one_meant(question, part.strip()) for part in typed.split(","))

    def _one_meant(self, question: Question, typed: str) -> str:
        """The choice meant by its number, its value or its label; else what was typed."""
        choices = self._choices(question)
        found = matching(typed, [value for value, _, _ in choices])
        labelled = [value for value, label, _ in choices if label.lower().startswith(typed.lower())]
        return found or (labelled[0] if typed and len(labelled) == 1 else typed)

    def _check(self, question: Question) -> bool:
        value = self._session.value(question)
        if question.judge_secret is not None:
            judged = self._session.check_of(question)
            return judged is None or self._passes(judged)
        if not question.probe or value is None:
            return True
        self._lines.say("checking ...")
        check = start_check(self._session.checks, question.name, self._session.basis(question))
        self._look(question, question.probe, check)
        return self._passes(check)

    def _passes(self, check: Check) -> bool:
        """Say what was found; whether it lets the answer pass."""
        self._say_findings(check)
        return not any(found.level == "error" for found in check.findings)

    def _look(self, question: Question, probe: str, check: Check) -> None:
        session = self._session
        try:
            check.probed = self._looks.probe(
                session.procedure, probe, session.given(), threading.Event()
            )
        except RekindleError as error:
            check.failed = str(error)
        else:
            session.keep_values(question, check.probed)

    def _say_findings(self, check: Check) -> None:
        for found in check.findings:
            self._lines.say(f"{found.level:<7} {found.text}")
            if found.remedy:
                self._lines.say(f"        {found.remedy}")

    def _say_saved(self) -> None:
        try:
            self._lines.say(f"The answers are saved: {self._save(self._session)}")
        except RekindleError as error:
            self._lines.say(f"error   The answers were not saved. {error}")
