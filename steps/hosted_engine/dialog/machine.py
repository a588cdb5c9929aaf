"""The machine dialect of otopi, line by line, whatever the age of otopi.

From 1.5 on a question stands in a frame (`**%QStart` ... `**%QEnd`) and is complete at the frame's
end, which is written before the tool waits. Before 1.5 the request line comes first and its notes
after it, with nothing to mark their end: such a question is handed over by `settle`, which the
caller calls once the tool has been silent for a while.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from steps.hosted_engine.dialog.dialect import (
    LONG_SILENCE,
    MOST_NOTE,
    MOST_NOTES,
    SHORT_SILENCE,
    Dialect,
    looks_like_prompt,
)
from steps.hosted_engine.dialog.events import (
    Asked,
    Level,
    Log,
    Note,
    Other,
    Passed,
    Planned,
    Terminated,
    Wants,
)
from steps.hosted_engine.dialog.prompt_text import choices_in, default_in, options_in

FOREIGN_SILENCE: Final = (10.0, 120.0)
"""Seconds. Of a tool that has said nothing of this dialect: silent at what looks like a prompt, and
silent otherwise (a slow host may load the tool for so long)."""
_LEVELS: Final = {
    "INFO": Level.INFO,
    "WARNING": Level.WARNING,
    "ERROR": Level.ERROR,
    "CRITICAL": Level.ERROR,
    "FATAL": Level.ERROR,
}
_WANTS: Final = {
    "Q:STRING": Wants.LINE,
    "Q:MULTI-STRING": Wants.LINES,
    "Q:VALUE": Wants.VALUE,
    "CONFIRM": Wants.CONFIRM,
}
_ESCAPED: Final = re.compile(r"\\(.)|\|", re.DOTALL)


@dataclass(slots=True)
class _Question:
    """What is known of the question in hand."""

    framed: bool
    notes: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_NOTES))
    name: str = ""
    wants: Wants | None = None
    default: str | None = None
    choices: tuple[str, ...] = ()
    hidden: bool | None = None
    boundary: str = ""
    description: str = ""


class MachineDialog(Dialect):
    """Bytes in, events out. One for each dialog."""

    def __init__(self) -> None:
        super().__init__()
        self._question: _Question | None = None
        self._planned: int | None = None
        self._before: deque[str] = deque(maxlen=MOST_NOTES)
        self._foreign = False

    @property
    def unsettled(self) -> bool:
        """Whether a question stands that only silence can complete."""
        question = self._question
        if question is None:
            return not self.recognised and not self._foreign
        return not question.framed and question.wants is not None

    @property
    def silence(self) -> float:
        """Seconds of silence after which an unsettled question is taken to be complete."""
        if self._question is None:
            return FOREIGN_SILENCE[0 if looks_like_prompt(self._lines.pending) else 1]
        return SHORT_SILENCE if self._question.notes else LONG_SILENCE

    def sent(self, text: str) -> None:
        """What was sent as an answer: where a terminal echoes it, the echo is dropped."""
        self._echoes.extend(text.splitlines())

    def _line(self, line: str) -> None:
        if self._display is not None:
            self._display_line(line)
        elif line.startswith("***"):
            self._request(line[3:])
        elif line.startswith("**%"):
            self._extra(line[3:])
        elif line.startswith("#"):
            self.recognised = self.recognised or line.startswith("###")
            self._note(line.lstrip("#").removeprefix(" "))
        elif line in self._echoes:
            self._echoes.remove(line)
        elif line.strip():
            self._events.append(Other(line))

    def _note(self, text: str) -> None:
        question = self._question
        if question is None:
            self._before.append(text[:MOST_NOTE])
            self._events.append(Note(text))
            return
        question.notes.append(text[:MOST_NOTE])
        if question.wants is Wants.CONFIRM and text.startswith(
            f"Response is CONFIRM {question.name}="
        ):
            self._ask()

    def _request(self, rest: str) -> None:
        word, _, more = rest.partition(" ")
        if word in _WANTS:
            self._asks(_WANTS[word], more)
        elif word.startswith("L:"):
            self._before.clear()
            self._events.append(Log(_LEVELS.get(word[2:], Level.INFO), more))
        elif word == "D:VALUE":
            self._show_value(more)
        elif word == "D:MULTI-STRING":
            self._show_lines(more)
        elif word == "TERMINATE":
            self._events.append(Terminated())
        elif not self._about_question(word, more):
            self._events.append(Other(f"***{rest}"))
            return
        self.recognised = True

    def _extra(self, rest: str) -> None:
        """Lines added by otopi 1.5 and later; those that are not known are to be ignored."""
        self.recognised = True
        word, _, more = rest.partition(" ")
        if word == "QStart:":
            self._ask_if_complete()
            self._question = _Question(framed=True, name=more)
        elif word == "QEnd:":
            if self._question is not None and self._question.wants is not None:
                self._ask()
            self._question = None
        elif word == "EventsListStart":
            self._planned = 0
        elif word == "EventsListEntry" and self._planned is not None:
            self._planned += 1
        elif word == "EventsListEnd" and self._planned is not None:
            self._events.append(Planned(self._planned))
            self._planned = None
        elif word == "EventEnd":
            self._events.append(Passed(more))
        else:
            self._about_question(word, more)

    def _about_question(self, word: str, more: str) -> bool:
        """Facts inside a frame. One development build wrote the valid values after `***`."""
        question = self._question
        if word not in ("QDefault:", "QValidValues:", "QHidden:"):
            return False
        if question is not None:
            match word:
                case "QDefault:":
                    question.default = more
                case "QValidValues:":
                    question.choices = split_values(more)
                case _:
                    question.hidden = more.strip() == "TRUE"
        return True

    def _asks(self, wants: Wants, more: str) -> None:
        question = self._question
        if question is None or not question.framed or question.wants is not None:
            self._ask_if_complete()
            question = self._question = _Question(framed=False)
        question.wants = wants
        if wants is Wants.LINES:
            name, _, rest = more.partition(" ")
            question.name, question.boundary = name, rest.partition(" ")[0]
        elif wants is Wants.CONFIRM:
            question.name, _, question.description = more.partition(" ")
        else:
            question.name = more.strip()

    def _ask_if_complete(self) -> None:
        if self._question is not None and self.unsettled:
            self._ask()

    def _ask(self) -> None:
        question = self._question
        if question is None:
            self._foreign = True
            self._events.append(Other(self._lines.pending[:MOST_NOTE], waits=True))
            return
        assert question.wants is not None
        self._question = None
        text = "\n".join(question.notes).strip("\n") or question.description
        default, choices = question.default, question.choices
        if not question.framed and question.wants is Wants.LINE:
            default, choices = default_in(text), choices_in(text)
        if asks_for_number(choices) and not options_in(text):
            # The entries were printed by themselves, before the question began.
            text = "\n".join((*self._before, text)).strip("\n")
        self._before.clear()
        self._events.append(
            Asked(
                name=question.name,
                occurrence=self._occurrence(question.name),
                text=text,
                wants=question.wants,
                default=default,
                choices=choices,
                hidden=question.hidden,
                boundary=question.boundary,
            )
        )


def asks_for_number(choices: tuple[str, ...]) -> bool:
    """Whether the answer is the number of an entry of a list."""
    return bool(choices) and all(choice.isdigit() for choice in choices)


def split_values(text: str) -> tuple[str, ...]:
    r"""Valid values as otopi joins them: by `|`, with `\` before a `\` or `|` inside a value."""
    values, start = [""], 0
    for found in _ESCAPED.finditer(text):
        values[-1] += text[start : found.start()] + (found[1] or "")
        start = found.end()
        if found[1] is None:
            values.append("")
    values[-1] += text[start:]
    return tuple(values)
