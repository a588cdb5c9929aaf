"""What the operator has said so far, outside every screen: going back loses nothing.

Knows nothing of Textual. The interview screen and plain mode both work on a Session.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from config.answers import check_value, read_text, settled, show_value
from config.errors import InvalidInput, Refused
from config.questions import Choice, Finding, Given, Group, Kind, Question, Value
from config.secrets import Secret, SecretReference
from config.site import Site
from steps.conflicts import Desk, Resolutions
from steps.procedure import Plan, Probed, Procedure, Survey

LISTED = (Kind.CHOICE, Kind.CHOICES, Kind.YES_NO)
"""Kinds that are answered by picking."""

MODE_QUESTION = "mode"
COLD_MODE = "cold"
"""The question and the answer that give a memory state up, in every interview that has one."""


@dataclass(slots=True)
class Check:
    """One look at the world for one question, and the answers it was made for."""

    basis: tuple[Value | None, ...]
    since: float
    probed: Probed | None = None
    failed: str = ""
    cancel: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set it to stop the look."""

    @property
    def running(self) -> bool:
        """Whether it has not come back yet."""
        return self.probed is None and not self.failed

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found; a look that failed counts as an error."""
        if self.failed:
            return (Finding("error", self.failed),)
        return self.probed.findings if self.probed else ()


@dataclass(slots=True)
class Session:
    """One walk through one procedure."""

    site: Site
    procedure: Procedure
    answers: dict[str, Value] = field(default_factory=dict)
    resolutions: Resolutions = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)
    listings: dict[str, Check] = field(default_factory=dict)
    looked_up: dict[str, Given] = field(default_factory=dict)
    """Answers that a look brought, by the question it was made for: they stand until others do."""
    seen: set[str] = field(default_factory=set)
    """Names of pages the operator has been on."""
    survey: Survey | None = None
    surveyed: Given = field(default_factory=dict)
    """The answers the survey was made with."""
    desk: Desk | None = None
    page: str | None = None
    """Name of the page the operator was on last."""
    started: float = field(default_factory=time.monotonic)
    _settled: tuple[object, dict[str, Value]] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """What the answers came to last, and from what."""

    def given(self) -> dict[str, Value]:
        """Answers and defaults of every question that is asked, in order."""
        looked_up: dict[str, Value] = {}
        for values in self.looked_up.values():
            looked_up.update(values)
        answers = looked_up | self.answers
        found = ((name, look.basis, look.probed) for name, look in self.listings.items())
        basis = (tuple(answers.items()), tuple(found))
        if self._settled is None or self._settled[0] != basis:
            # Asked for at every key press, and again for every question of every page.
            known = settled(self.procedure.interview, answers, self._suggested)
            self._settled = (basis, known)
        return dict(self._settled[1])

    def _suggested(self, question: Question, known: Given) -> Value | None:
        """The default that was looked up for the answers as they stand."""
        listing = self.listings.get(question.name)
        if listing is None or listing.probed is None:
            return None
        basis = tuple(known.get(name) for name in question.depends_on)
        return listing.probed.suggested if listing.basis == basis else None

    def asked(self, group: Group) -> tuple[Question, ...]:
        """The questions of a page that are asked now."""
        return group.asked(self.given())

    def value(self, question: Question) -> Value | None:
        """The answer, or the default."""
        return self.given().get(question.name)

    def answer(self, name: str, value: Value | None) -> None:
        """Keep an answer; None takes it back."""
        if value is None:
            self.answers.pop(name, None)
        else:
            self.answers[name] = value

    def answer_text(self, question: Question, text: str) -> None:
        """Keep what was typed. What is no value of its kind stays text, and `fault` says so."""
        text = text.strip()
        if not text and (question.kind is Kind.NUMBER or question.default is None):
            self.answer(question.name, None)
            return
        try:
            self.answer(question.name, read_text(question, text))
        except InvalidInput:
            self.answer(question.name, text)

    def answer_secret(self, name: str, text: str) -> None:
        """Keep a typed secret in memory; the answers only say that it was typed."""
        if text:
            self.secrets[name] = Secret(text)
            self.answers[name] = SecretReference("prompt")
        else:
            self.secrets.pop(name, None)
            self.answers.pop(name, None)

    def choices(self, question: Question) -> tuple[tuple[str, str, str], ...]:
        """(value, label with note, why it is refused) of every choice known so far."""
        if question.kind is Kind.YES_NO:
            return (("yes", "yes", ""), ("no", "no", ""))
        choices = self._all_choices(question)
        width = max((len(choice.label) for choice in choices), default=0)
        return tuple(
            (choice.value, f"{choice.label:<{width}}  {choice.note}".rstrip(), choice.refused)
            for choice in choices
        )

    def _all_choices(self, question: Question) -> tuple[Choice, ...]:
        if not question.choices_probe:
            return question.choices_for(self.given())
        listing = self.listings.get(question.name)
        return listing.probed.choices if listing and listing.probed else ()

    def label(self, question: Question) -> str:
        """The answer as the operator calls it: a choice by its label; empty while there is none."""
        value = self.value(question)
        if value is None:
            return ""
        labels = {choice.value: choice.label for choice in self._all_choices(question)}
        # A label may have columns, two blanks apart; the first one is the name.
        words = value if isinstance(value, tuple) else (show_value(value),)
        return ", ".join(labels.get(word, word).partition("  ")[0] for word in words)

    @property
    def what(self) -> str:
        """Procedure and object, as far as it is known."""
        subject = self.procedure.subject(self.given())
        known = " ".join(filter(None, map(self.label, subject)))
        return ": ".join(part for part in (self.procedure.title, known) if part)

    def fault(self, question: Question) -> str:
        """What is wrong with the answer without looking at the world; empty where nothing is."""
        value, given = self.value(question), self.given()
        try:
            check_value(question, value, given)
        except (InvalidInput, Refused) as error:
            return str(error)
        return "" if value is None else self._unknown_choice(question, value)

    def _unknown_choice(self, question: Question, value: Value) -> str:
        lists = question.kind in (Kind.CHOICE, Kind.CHOICES)
        refused = {row[0]: row[2] for row in self.choices(question)} if lists else {}
        for text in value if isinstance(value, tuple) else (str(value),):
            if refused and text not in refused:
                return f"{text!r} is not one of the choices."
            if refused.get(text):
                return f"{text!r} cannot be taken: {refused[text]}"
        return ""

    def is_awaited(self, question: Question) -> bool:
        """Whether an answer that is missing may still be found: nothing is wrong with it yet."""
        listing = self.listing_of(question)
        looked_for = bool(self.waits_for(question)) or (listing is not None and listing.running)
        return looked_for and self.value(question) is None

    def blocked(self, question: Question) -> str:
        """What keeps this question from being passed: its fault, or an error that was found."""
        if fault := self.fault(question):
            return fault
        check = self.check_of(question)
        errors = [found for found in check.findings if found.level == "error"] if check else []
        return "\n".join(f"{found.text} {found.remedy}".rstrip() for found in errors)

    def mark(self, group: Group) -> str:
        """State of a page as a mark: `ok`, `!` something to mend, `..` not yet seen."""
        if group.name not in self.seen:
            return ".."
        return "!" if any(self.blocked(question) for question in self.asked(group)) else "ok"

    def first_open(self) -> Group | None:
        """The first page that cannot be passed."""
        for group in self.procedure.interview.groups:
            if any(self.blocked(question) for question in self.asked(group)):
                return group
        return None

    def basis(self, question: Question, *, own: bool = True) -> tuple[Value | None, ...]:
        """The answers a look for this question depends on."""
        given = self.given()
        names = ((question.name,) if own else ()) + question.depends_on
        return tuple(given.get(name) for name in names)

    def waits_for(self, question: Question) -> tuple[str, ...]:
        """Titles of the questions to answer before choices or default can be looked up."""
        if not question.listing_probe:
            return ()
        given = self.given()
        asked = {found.name: found for found in self.procedure.interview.asked(given)}
        needed = (asked.get(name) for name in question.depends_on if name not in given)
        # An optional one may stay empty, and one that is not asked will never be answered.
        return tuple(found.title for found in needed if found is not None and found.required)

    def keep_values(self, question: Question, probed: Probed) -> None:
        """Take the answers that a look for this question brought."""
        self.looked_up.pop(question.name, None)
        if probed.values:
            self.looked_up[question.name] = probed.values

    def check_of(self, question: Question) -> Check | None:
        """The look made for the answer as it stands; one for another answer does not count."""
        if question.judge_secret is not None:
            return self._judged(question, question.judge_secret)
        check = self.checks.get(question.name)
        return check if check and check.basis == self.basis(question) else None

    def _judged(
        self, question: Question, judge: Callable[[Secret], tuple[Finding, ...]]
    ) -> Check | None:
        """What is to be said of a typed secret: told here, never in another process."""
        secret = self.secrets.get(question.name)
        if secret is None:
            return None
        return Check(self.basis(question), self.started, Probed(findings=judge(secret)))

    def is_typed(self, question: Question) -> bool:
        """Whether there is nothing to pick from and the answer is typed instead."""
        if question.kind in LISTED:
            listing = self.listing_of(question) if question.may_type else None
            return bool(listing and not listing.running and not self._all_choices(question))
        return True

    def drop_unlisted(self, question: Question) -> None:
        """Take an answer back that the choices, now that they are known, do not hold."""
        listing = self.listing_of(question)
        if not question.choices_probe or self.is_typed(question):
            return
        if listing and listing.probed and question.name in self.answers:
            known = {choice.value for choice in listing.probed.choices}
            answer = self.answers[question.name]
            if not isinstance(answer, tuple):
                kept: Value | None = answer if answer in known else None
            else:
                kept = tuple(value for value in answer if value in known) or None
            self.answer(question.name, kept)

    def listing_of(self, question: Question) -> Check | None:
        """The list of choices for the answers as they stand."""
        listing = self.listings.get(question.name)
        return listing if listing and listing.basis == self.basis(question, own=False) else None

    def needs_survey(self) -> bool:
        """Whether the world must be looked at (again) for these answers."""
        return self.survey is None or self.surveyed != self.given()

    def keep_survey(self, survey: Survey, given: Mapping[str, Value]) -> None:
        """Take a survey, and carry the decisions made before over to the new comparison.

        Raises RekindleError where what was found cannot be compared; then nothing is kept.
        """
        compare = self.procedure.conflicts
        if compare is not None:
            conflicts = compare(self.site, given, survey)
            before = self.desk or Desk(conflicts, decided=dict(self.resolutions))
            self.desk = before.carried_over(conflicts)
        # Last: where the comparison refused, there is no survey to plan from.
        self.survey, self.surveyed = survey, dict(given)

    @property
    def has_conflicts(self) -> bool:
        """Whether there is anything to decide or to know before a plan."""
        if self.desk is None:
            return False
        found = self.desk.conflicts
        return bool(found.rows or found.warnings or found.blocking(self.desk.decided))

    def make_plan(self) -> Plan:
        """The plan of what was answered, decided and found; raises RekindleError."""
        survey = self.survey if self.survey is not None else {}
        return self.procedure.plan(self.site, self.surveyed, self.decided(), survey)

    def decided(self) -> Resolutions:
        """Every decision made so far."""
        return dict(self.desk.decided) if self.desk else dict(self.resolutions)


def start_check(checks: dict[str, Check], name: str, basis: tuple[Value | None, ...]) -> Check:
    """Note that a look begins; an earlier one is stopped, and what it brings counts no more."""
    if name in checks:
        checks[name].cancel.set()
    check = checks[name] = Check(basis, time.monotonic())
    return check
