"""Changing an answer that a failed step depends on, in the middle of a run."""

from __future__ import annotations

from config.answers import check_value, read_text, show_value
from config.errors import Interrupted, Refused
from config.questions import Choice, Given, Kind, Question
from steps.procedure import Prompt, Step
from steps.run.events import CHANGE_VALUE, CHANGE_WHICH
from steps.run.session import RunSession
from steps.run.switches import Reply


def change_answer(session: RunSession, step: Step) -> None:
    """Ask which answer and for its new value, and take it.

    Raises InvalidInput or Refused, and then nothing changed, for an answer that cannot be taken;
    Interrupted where the run is aborted meanwhile.
    """
    question = _which(session, step)
    old = session.given.get(question.name)
    default = show_value(old) if old is not None else ""
    text = f"New answer: {question.title}"
    reply = _ask(
        session, step, Prompt(CHANGE_VALUE, text, _choices(question, session.given), default)
    )
    value = read_text(question, reply.value)
    check_value(question, value, session.given)
    session.change_answer(question.name, value, reply.by)


def _which(session: RunSession, step: Step) -> Question:
    known = (session.procedure.interview.question(name) for name in step.depends_on)
    questions = [question for question in known if question is not None]
    if not questions:
        raise Refused("None of the answers it depends on is a question of this procedure.")
    if len(questions) == 1:
        return questions[0]
    offered = tuple(Choice(question.name, question.title) for question in questions)
    name = _ask(session, step, Prompt(CHANGE_WHICH, "Which answer?", offered)).value
    return next(question for question in questions if question.name == name)


def _choices(question: Question, given: Given) -> tuple[Choice, ...]:
    if question.kind is Kind.YES_NO:
        return (Choice("yes", "yes"), Choice("no", "no"))
    return question.choices_for(given)


def _ask(session: RunSession, step: Step, prompt: Prompt) -> Reply:
    reply = session.ask(step.name, prompt, prepared=False)
    if reply is None:
        raise Interrupted(f"Aborted by {session.switches.abort_by}.")
    return reply
