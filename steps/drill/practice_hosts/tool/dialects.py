"""How otopi speaks: the machine dialect of both generations, and the human one.

Reference on hosted-engine, section 6: the old generation (before 1.5) prints the request and then
its notes, and knows no frames; the new one closes a frame before it waits.
"""

from __future__ import annotations

import fcntl
import getpass
import os
import struct
import sys
import termios
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TextIO

INFO, WARNING, ERROR = "INFO", "WARNING", "ERROR"
_COLOURS: Final = {INFO: "\033[92m", WARNING: "\033[93m", ERROR: "\033[0;31m"}
_PLAIN: Final = "\033[0m"
_INDENT: Final = " " * 10
_NARROWER: Final = 16
_USUAL_WIDTH: Final = 80


class Ended(Exception):
    """The dialog is over: end of file, a signal, an answer outside the valid ones, a failure."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question. `@VALUES@` and `@DEFAULT@` in its note are filled in."""

    name: str
    note: str
    default: str | None = None
    valid: tuple[str, ...] = ()
    folded: bool = False
    """Whether upper and lower case are the same."""
    hidden: bool = False

    @property
    def text(self) -> str:
        """The note as it is printed."""
        values = ", ".join(self.valid)
        return self.note.replace("@VALUES@", values).replace("@DEFAULT@", self.default or "")

    def accepts(self, value: str) -> str | None:
        """The answer as it is taken, or None. An empty one takes the default, if there is one."""
        value = self.default if not value and self.default is not None else value
        value = value.lower() if self.folded else value
        valid = tuple(v.lower() for v in self.valid) if self.folded else self.valid
        if valid and value not in valid:
            return None
        return value if value or value == self.default else None


@dataclass(slots=True)
class Dialect:
    """One of the two. `old`: of the generation before otopi 1.5."""

    machine: bool
    old: bool
    out: TextIO = field(default_factory=lambda: sys.stdout)

    def log(self, level: str, text: str) -> None:
        """A log line. The machine dialect makes one line of several."""
        if self.machine:
            self._write(f"***L:{level} {' '.join(text.splitlines())}\n")
            return
        before, after = (_COLOURS[level], _PLAIN) if self.out.isatty() else ("", "")
        first, *rest = text.splitlines() or [""]
        self._write(f"{before}[{level:^7}]{after} {first}\n")
        for line in rest:
            self._write(f"{' ' * 9}{line}\n")

    def note(self, text: str, *, prompt: bool = False) -> None:
        """A note; a prompt ends without a line end in the human dialect."""
        lines = text.splitlines() or [""]
        if self.machine:
            self._write("".join(f"###{' ' + line if line else ''}\n" for line in lines))
            return
        wrapped = [part for line in lines for part in self._wrapped(line)]
        body = "\n".join(f"{_INDENT}{line}" if line else " " * 9 for line in wrapped)
        self._write(body if prompt else f"{body}\n")

    def mark(self, text: str) -> None:
        """A line that only the newer machine dialect has."""
        if self.machine and not self.old:
            self._write(f"**%{text}\n")

    def ask(self, query: Query) -> str:
        """Ask until the answer is taken. In the machine dialect the first wrong one ends it all."""
        while True:
            self._put(query)
            value = query.accepts(self._answer(query))
            if value is not None:
                return value
            if self.machine:
                raise Ended(f"Invalid value provided to '{query.name}'")
            wrong = "Invalid value" if query.valid else "Please specify value"
            self.log(ERROR, wrong)

    def terminate(self) -> None:
        """The end of the dialog."""
        if self.machine:
            self._write("***TERMINATE\n")

    def _put(self, query: Query) -> None:
        if not self.machine:
            self.note(query.text, prompt=True)
        elif self.old:
            self._write(f"***Q:STRING {query.name}\n")
            self.note(query.text)
        else:
            self._framed(query)

    def _framed(self, query: Query) -> None:
        self.mark(f"QStart: {query.name}")
        self.note(query.text)
        if query.default:
            self.mark(f"QDefault: {query.default}")
        if query.valid:
            self.mark(f"QValidValues: {_joined(query.valid)}")
        self.mark(f"QHidden: {'TRUE' if query.hidden else 'FALSE'}")
        self._write(f"***Q:STRING {query.name}\n")
        self.mark(f"QEnd: {query.name}")

    def _answer(self, query: Query) -> str:
        if query.hidden and not self.machine and sys.stdin.isatty():
            try:
                with open(os.devnull, "w+") as null:
                    value = getpass.getpass(prompt="", stream=null)
            except EOFError:
                raise Ended("End of file") from None
            self._write("\n")
            return value
        line = sys.stdin.readline()
        if not line:
            raise Ended("End of file")
        return line.rstrip("\n")

    def _wrapped(self, line: str) -> list[str]:
        wide = textwrap.wrap(
            line, self._width() - _NARROWER, replace_whitespace=False, drop_whitespace=True,
            break_on_hyphens=False, expand_tabs=False,
        )  # fmt: skip
        # The blank at a prompt's end is lost.
        return [part.rstrip() for part in wide] or [""]

    def _width(self) -> int:
        try:
            size = fcntl.ioctl(self.out.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        except (OSError, ValueError):
            return _USUAL_WIDTH
        columns = int(struct.unpack("HHHH", size)[1])
        return max(columns, _NARROWER + 20) if columns else _USUAL_WIDTH

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()


def _joined(values: Sequence[str]) -> str:
    return "|".join(value.replace("\\", "\\\\").replace("|", "\\|") for value in values)
