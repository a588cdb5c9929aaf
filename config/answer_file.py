"""The answer file: what an interview gave, complete or not, ready to run the procedure again.

    rekindle: 1
    procedure: virtual_machine.restore
    answers: {machine: web01, iteration: 20131201T030000Z, password: {secret: "file:/etc/x"}}
    resolutions: {memory: next-boot, "net0.bridge": "custom:br0"}
    prompts: {shutdown-failed: destroy}

`prompts` answers in advance what steps may ask while they run. Never holds a secret's text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config import checked_fields as read
from config.answers import check_value, read_text, takes_several
from config.checked_fields import Complaints, Fields, suggestion
from config.errors import InvalidInput
from config.private_files import write_private
from config.questions import Given, Interview, Kind, Question, Value
from config.secrets import SecretReference
from config.yaml_marks import Data, dump_yaml, load_yaml, scalar_text

FORMAT = 1


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """One answer file. Resolutions stay text: steps.conflicts.Resolution.parse reads them."""

    procedure: str
    answers: Given = field(default_factory=dict)
    resolutions: dict[str, str] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)


def procedure_of(path: Path) -> str:
    """The name of the procedure that an answer file is for. Raises InvalidInput."""
    document = load_yaml(path)
    complaints = Complaints(document)
    name = _head(Fields(complaints, document.data))
    complaints.raise_all()
    return name


def load_answers(path: Path, interview: Interview, procedure: str) -> AnswerFile:
    """Read and check an answer file; it may be partial.

    Raises InvalidInput with every mistake and its line: unknown questions, wrong types, values that
    the question's own check refuses. What is missing is found out by answers.unanswered().
    """
    document = load_yaml(path)
    complaints = Complaints(document)
    fields = Fields(complaints, document.data)
    if not complaints.found:
        answer_file = _read(fields, interview, procedure)
        fields.finish()
    complaints.raise_all()
    return answer_file


def save_answers(path: Path, answer_file: AnswerFile) -> None:
    """Write an answer file (0600, atomically). Raises InvalidInput where that cannot be done."""
    write_private(path, answers_text(answer_file))


def answers_text(answer_file: AnswerFile) -> str:
    """An answer file as YAML."""
    data: dict[str, Any] = {"rekindle": FORMAT, "procedure": answer_file.procedure}
    data["answers"] = {name: _plain(value) for name, value in answer_file.answers.items()}
    data["resolutions"] = dict(sorted(answer_file.resolutions.items()))
    if answer_file.prompts:
        data["prompts"] = dict(sorted(answer_file.prompts.items()))
    return dump_yaml(data)


def _plain(value: Value) -> Any:
    if isinstance(value, SecretReference):
        return {"secret": str(value)}
    return list(value) if isinstance(value, tuple) else value


def _read(fields: Fields, interview: Interview, procedure: str) -> AnswerFile:
    named = _head(fields)
    if named and named != procedure:
        fields.complain(
            "procedure", f"these answers are for {named}, not for {procedure}.", "Name its file."
        )
    return AnswerFile(
        procedure,
        _answers(fields.section("answers"), interview),
        _texts(fields.section("resolutions")),
        _texts(fields.section("prompts")),
    )


def _head(fields: Fields) -> str:
    fields.need("rekindle", _format, FORMAT)
    return fields.need("procedure", read.text, "")


def _format(value: Data) -> int:
    if value != FORMAT or isinstance(value, bool):
        raise InvalidInput(
            f"{scalar_text(value)} is not a format of answer files known here.",
            f"This program reads format {FORMAT}.",
        )
    return FORMAT


def _answers(fields: Fields | None, interview: Interview) -> dict[str, Value]:
    if fields is None:
        return {}
    given: dict[str, Value] = {}
    for name in interview.names:
        question = interview.question(name)
        if question is not None and fields.has(name):
            _answer(fields, question, given)
    for name in fields.names:
        if interview.question(name) is None and not fields.complaints.full:
            remedy = suggestion(name, interview.names)
            fields.complain(name, "this procedure has no such question.", remedy)
    return given


def _answer(fields: Fields, question: Question, given: dict[str, Value]) -> None:
    """Read one answer into `given`, which holds those of the questions before it."""

    def checked(data: Data) -> Value | None:
        value = _value(question, data)
        check_value(question, value, given)
        return value

    value = fields.take(question.name, checked, None)
    if value not in (None, ""):
        given[question.name] = value


def _value(question: Question, data: Data) -> Value:
    if question.kind is Kind.SECRET:
        return read.secret(data)
    if takes_several(question):
        return read.texts(data)
    text = read.text(data)
    return text if question.kind in (Kind.TEXT, Kind.PATH) else read_text(question, text)


def _texts(fields: Fields | None) -> dict[str, str]:
    if fields is None:
        return {}
    return {name: fields.take(name, read.text, "") for name in fields.names if fields.has(name)}
