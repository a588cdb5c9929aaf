"""What both dialects of otopi have in common: bytes come in, events go out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, deque
from typing import Final

from steps.hosted_engine.dialog.events import Display, Event
from steps.targets.lines import LineSplitter

MOST_NOTES: Final = 500
"""Lines of a question's text that are kept: the last ones."""
MOST_NOTE: Final = 4 << 10
"""Characters of one such line that are kept."""
MOST_NAMES: Final = 2000
SHORT_SILENCE: Final = 0.4
LONG_SILENCE: Final = 5.0
"""Seconds. A prompt comes in one piece; what does not look like one may be half a piece."""
MOST_ECHOES: Final = 8
_PROMPT_ENDS: Final = (":", "?", "]", "(yes/no)")


def looks_like_prompt(text: str) -> bool:
    """Whether a line that has not ended looks like one that will not."""
    return text.rstrip().endswith(_PROMPT_ENDS)


class Dialect(ABC):
    """Bytes in, events out. One for each dialog."""

    def __init__(self) -> None:
        self._lines = LineSplitter(self._line)
        self._events: list[Event] = []
        self._display: tuple[str, str, deque[str]] | None = None
        self._echoes: deque[str] = deque(maxlen=MOST_ECHOES)
        self._seen: Counter[str] = Counter()
        self.recognised = False
        """Whether anything of this dialect has been seen."""

    @property
    @abstractmethod
    def unsettled(self) -> bool:
        """Whether the tool seems to wait at a question, which only silence can tell for sure."""

    @property
    @abstractmethod
    def silence(self) -> float:
        """Seconds of silence after which an unsettled question is taken to be complete."""

    @abstractmethod
    def sent(self, text: str) -> None:
        """What was sent as an answer: where a terminal echoes it, the echo is dropped."""

    @abstractmethod
    def _line(self, line: str) -> None:
        """Take one whole line in."""

    @abstractmethod
    def _ask(self) -> None:
        """Hand over the question in hand."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        self._lines.feed(data)
        return self._taken()

    def settle(self) -> list[Event]:
        """The tool has been silent: hand over the question that it waits at, if it does."""
        if self.unsettled:
            self._ask()
        return self._taken()

    def _taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _occurrence(self, name: str) -> int:
        """Which asking of this question it is, from 1; of endlessly many names the last is not."""
        if len(self._seen) < MOST_NAMES or name in self._seen:
            self._seen[name] += 1
        return max(self._seen[name], 1)

    def _show_value(self, more: str) -> None:
        name, _, typed = more.partition("=")
        self._events.append(Display(name, typed.partition(":")[2]))

    def _show_lines(self, more: str) -> None:
        name, _, boundary = more.rpartition(" ")
        self._display = (name, boundary, deque(maxlen=MOST_NOTES))

    def _display_line(self, line: str) -> None:
        assert self._display is not None
        name, boundary, kept = self._display
        if line == boundary:
            self._events.append(Display(name, "\n".join(kept)))
            self._display = None
        else:
            kept.append(line[:MOST_NOTE])
