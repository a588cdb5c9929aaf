"""Lines in, lines out: no cursor movement, no colour; for terminals, pipes, screen readers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from config.errors import Interrupted
from config.secrets import Secret
from tui.widgets.conflict_words import visible

BACK, HELP, SAVE = "<", "?", "!save"


class Left(Exception):
    """The operator left: end of input, or Ctrl+C."""


class Lines:
    """One conversation: questions go to standard output, answers come from standard input."""

    def __init__(self, source: TextIO | None = None, sink: TextIO | None = None) -> None:
        self._source = source or sys.stdin
        self._sink = sink or sys.stdout

    def say(self, *lines: str) -> None:
        """Print lines; what a terminal would obey is written out."""
        for text in lines or ("",):
            for line in text.splitlines() or [""]:
                print(visible(line), file=self._sink)
        self._sink.flush()

    def ask(self, prompt: str) -> str:
        """Ask and wait for one line; raises Left at the end of the input."""
        print(f"{visible(prompt)} ", end="", file=self._sink, flush=True)
        try:
            line = self._source.readline()
        except KeyboardInterrupt:
            raise Left from None
        if not line.endswith("\n"):
            # Half a line at the end of the input is no answer: it may have been cut off.
            self.say()
            raise Left
        return line.strip()

    def ask_secret(self, title: str) -> Secret:
        """Ask without showing what is typed; raises Interrupted where nothing comes."""
        if not self._source.isatty():
            text = self.ask(f"{title} (one line, not shown):")
        else:
            import getpass

            try:
                text = getpass.getpass(f"{visible(title)} (not shown): ")
            except (EOFError, KeyboardInterrupt):
                raise Left from None
        if not text:
            raise Interrupted(f"{title}: nothing was typed.")
        return Secret(text)

    def choose(self, prompt: str, rows: Sequence[tuple[str, str]], default: str = "") -> str:
        """Number the rows `(word, text)`, ask, and return a word: by number, word, or its start."""
        for number, (word, text) in enumerate(rows, start=1):
            mark = "  (default)" if word == default else ""
            self.say(f"  {number}  {text}{mark}")
        while True:
            typed = self.ask(prompt)
            found = matching(typed or default, [word for word, _ in rows])
            if found is not None:
                return found
            self.say(f"{typed!r} is not one of them. Type a number from 1 to {len(rows)}.")


def matching(typed: str, words: Sequence[str]) -> str | None:
    """The word meant by a number (from 1), the word itself, or the only one that begins so."""
    if typed in words:
        return typed
    if typed.isascii() and typed.isdigit():
        number = int(typed[:9])
        return words[number - 1] if 1 <= number <= len(words) else None
    begun = [word for word in words if typed and word.lower().startswith(typed.lower())]
    return begun[0] if len(begun) == 1 else None
