"""Lines in, lines out: no cursor movement, no colour; for terminals, pipes, screen readers."""

from __future__ import annotations

import os
import select
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TextIO

from config.errors import Interrupted
from config.secrets import Secret
from tui.widgets.conflict_words import visible

BACK, HELP, SAVE = "<", "?", "!save"

READ_BYTES = 65536
MAX_LINE = 1 << 20
NARROWEST = 20


class Left(Exception):
    """The operator left: end of input, or Ctrl+C."""


class Lines:
    """One conversation: questions go to standard output, answers come from standard input.

    Reads the descriptor itself, so that `poll` can tell whether a line is there.
    """

    def __init__(self, source: TextIO | None = None, sink: TextIO | None = None) -> None:
        self._source = source or sys.stdin
        self._sink = sink or sys.stdout
        self._pending = b""

    def say(self, *lines: str) -> None:
        """Print lines; what a terminal would obey is written out."""
        for text in lines or ("",):
            for line in text.splitlines() or [""]:
                for part in self._fitting(visible(line)):
                    print(part, file=self._sink)
        self._sink.flush()

    def _fitting(self, line: str) -> list[str]:
        """On a terminal no word is cut at its edge; elsewhere a line stays a line."""
        if not self._sink.isatty():
            return [line]
        indent = " " * (len(line) - len(line.lstrip()))
        width = max(shutil.get_terminal_size().columns - 1, len(indent) + NARROWEST)
        return textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [""]

    def ask(self, prompt: str) -> str:
        """Ask and wait for one line; raises Left at the end of the input."""
        print(f"{visible(prompt)} ", end="", file=self._sink, flush=True)
        try:
            return self._line(None) or ""
        except (KeyboardInterrupt, Left):
            self.say()
            raise Left from None

    def poll(self, seconds: float) -> str | None:
        """A line if one comes within that time, else None; raises Left at the end of the input."""
        return self._line(seconds)

    def _line(self, seconds: float | None) -> str | None:
        while b"\n" not in self._pending:
            if seconds is not None and not select.select([self._source], [], [], seconds)[0]:
                return None
            received = os.read(self._source.fileno(), READ_BYTES)
            if not received or len(self._pending) > MAX_LINE:
                # Half a line at the end of the input is no answer: it may have been cut off.
                raise Left
            self._pending += received
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode("utf-8", "replace").strip()

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
