"""The interview's answers, as the dialog wants them: secrets from the run's memory."""

from __future__ import annotations

from dataclasses import dataclass

from config.interviews.hosted_engine.wording import WORDINGS
from steps.hosted_engine.dialog.answers import Answer
from steps.hosted_engine.dialog.events import Asked
from steps.hosted_engine.known_answers import KnownAnswers
from steps.procedure import StepContext


@dataclass(frozen=True, slots=True)
class InterviewAnswers:
    """Looks answers up by id, occurrence and prompt."""

    context: StepContext
    known: KnownAnswers

    def answer(self, asked: Asked) -> Answer | None:
        """The answer to this question, or None where nobody foresaw it."""
        found = self.known.answer(asked)
        if found is None:
            return None
        if found.secret:
            return Answer(self.context.secret(found.secret, WORDINGS[found.secret].title))
        return Answer(found.text, entry=found.entry, empty=found.empty)
