"""The human dialect of otopi, as it looks on a wide terminal.

Log lines carry a label (`[ INFO  ]`); notes and prompts are indented by ten columns; a prompt is a
line that does not end. Nothing tells a question's name, and only silence tells that the tool waits.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Final

from steps.hosted_engine.dialog.dialect import (
    LONG_SILENCE,
    MOST_NOTE,
    MOST_NOTES,
    SHORT_SILENCE,
    Dialect,
    looks_like_prompt,
)
from steps.hosted_engine.dialog.events import Asked, Level, Log, Note, Wants
from steps.hosted_engine.dialog.prompt_text import choices_in, default_in

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]{0,20}m")
_LABEL: Final = re.compile(r"^\[\s*(INFO|WARNING|ERROR|CRITICAL|FATAL)\s*\]\s?(.*)$", re.DOTALL)
_CONTINUED: Final = re.compile(r"^ {9}\S")
_ASKS: Final = re.compile(r"[\])]\s*[:?]\s*$")
_LINES: Final = re.compile(r"^type '(--=\S{1,200}=--)' in own line to mark end")
_VALUE: Final = "Format is type:value."
_CONFIRM: Final = re.compile(r"(\[yes/no\]:|\(yes/no\))$")
_BACK: Final = "Do you want to continue anyway?"
"""Begins a question that says nothing by itself: it is about the warning before it."""
_SHOWN: Final = "D:VALUE "
_SHOWN_LINES: Final = "D:MULTI-STRING "
_INDENT: Final = " " * 10


class HumanDialog(Dialect):
    """Bytes in, events out. One for each dialog."""

    def __init__(self) -> None:
        super().__init__()
        self._notes: deque[str] = deque(maxlen=MOST_NOTES)
        self._level = Level.INFO
        self._asked: str | None = None
        self._warning = ""

    @property
    def unsettled(self) -> bool:
        """Whether the tool seems to wait at a prompt, which only silence can tell for sure."""
        if self._asked is not None:
            return False
        if _COLOUR.sub("", self._lines.pending).strip():
            return True
        last = self._notes[-1] if self._notes else ""
        return bool(_ASKS.search(last) or _LINES.match(last) or last == _VALUE)

    @property
    def silence(self) -> float:
        """Seconds of silence after which the tool is taken to wait at its prompt."""
        pending = _COLOUR.sub("", self._lines.pending)
        return SHORT_SILENCE if looks_like_prompt(pending) else LONG_SILENCE

    def sent(self, text: str) -> None:
        """What was sent as an answer. Its echo ends the prompt's own line, which is dropped; below
        a prompt that had ended its line the echo is lines of its own."""
        if self._asked == "":
            self._echoes.extend(line for line in text.splitlines() if line.strip())

    def _line(self, raw: str) -> None:
        rest = raw if self._asked is None else self._without_echo(raw)
        if rest is None:
            return
        line = _COLOUR.sub("", rest)
        if self._display is not None:
            self._display_line(line)
            return
        if line in self._echoes:
            self._echoes.remove(line)
            return
        if self._shown(line):
            return
        label = _LABEL.match(line)
        if label is not None:
            self.recognised = True
            self._level = Level(label[1]) if label[1] in Level.__members__ else Level.ERROR
            self._notes.clear()
            if self._level is Level.WARNING:
                self._warning = label[2][:MOST_NOTE]
            self._events.append(Log(self._level, label[2]))
        elif _CONTINUED.match(line):
            self._events.append(Log(self._level, line.strip()))
        else:
            self._note(line)

    def _note(self, line: str) -> None:
        text = line.removeprefix(_INDENT).rstrip()[:MOST_NOTE]
        self._notes.append(text)
        if text:
            self._events.append(Note(text))

    def _shown(self, line: str) -> bool:
        """Whether a line is a value that the tool shows: this dialect marks it like the other."""
        if line.startswith(_SHOWN):
            self._show_value(line.removeprefix(_SHOWN))
            return True
        if line.startswith(_SHOWN_LINES):
            self._show_lines(line.removeprefix(_SHOWN_LINES))
            return True
        return False

    def _without_echo(self, raw: str) -> str | None:
        """What follows on an answered prompt's line; None where that is but the echo."""
        asked, self._asked = self._asked, None
        if not asked or not raw.startswith(asked):
            return raw
        rest = raw.removeprefix(asked).lstrip()
        return rest if _LABEL.match(_COLOUR.sub("", rest)) else None

    def _ask(self) -> None:
        pending = self._lines.pending
        self._asked = pending
        line = _COLOUR.sub("", pending).removeprefix(_INDENT)
        text = "\n".join([*self._notes, line] if line.strip() else self._notes).strip("\n")
        if text.lstrip().startswith(_BACK):
            text = f"{self._warning}\n{text}".strip("\n")
        self._warning = ""
        wants, boundary = self._wanted(text)
        last = _last_line(text)
        self._notes.clear()
        self._events.append(
            Asked(
                name="",
                occurrence=self._occurrence(last),
                text=text,
                wants=wants,
                default=default_in(text) if wants is Wants.LINE else None,
                choices=choices_in(text) if wants is Wants.LINE else (),
                boundary=boundary,
            )
        )

    def _wanted(self, text: str) -> tuple[Wants, str]:
        last = _last_line(text)
        boundary = _LINES.match(last)
        if boundary is not None:
            return Wants.LINES, boundary[1]
        if last == _VALUE:
            return Wants.VALUE, ""
        return (Wants.CONFIRM if _CONFIRM.search(last) else Wants.LINE), ""


def _last_line(text: str) -> str:
    lines = text.splitlines()
    return lines[-1].strip() if lines else ""


def is_human(line: str) -> bool:
    """Whether a line is a log line of this dialect."""
    return _LABEL.match(_COLOUR.sub("", line)) is not None
