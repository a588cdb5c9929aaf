"""Reading an otopi answer file without losing anything, and writing entries as otopi reads them.

The rules are those of the parser that otopi uses (Python's configparser with its `%` rules, option
names kept in their case), except that mistakes are told with their line. Comments, order, unknown
keys and unknown sections stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput
from config.otopi.typed import Typed, parse_typed
from config.showing import quoted

DEFAULT: Final = "environment:default"
SECTIONS: Final = (
    DEFAULT, "environment:init", "environment:override", "environment:enforce",
)  # fmt: skip
"""Set if unset; override at start; again at customization; after customization."""

MAX_BYTES: Final = 1 << 20
MAX_LINES: Final = 20_000
MAX_LINE: Final = 64 << 10
MAX_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a file. `line` counts from 1; `lone_percent`: otopi would refuse the value."""

    section: str
    key: str
    value: Typed
    line: int = 0
    lone_percent: bool = False


@dataclass(frozen=True, slots=True)
class ConfFile:
    """A file as it was read: the whole text and what it says."""

    text: str
    entries: tuple[Entry, ...]

    def format(self) -> str:
        """The file, to the letter."""
        return self.text


def parse_conf(data: bytes, source: str) -> ConfFile:
    """Read an answer file; raises InvalidInput with every mistake and its line, in one error."""
    if len(data) > MAX_BYTES:
        raise InvalidInput(
            f"{source} has {len(data)} bytes; an answer file has at most {MAX_BYTES}.",
            "Name the answer file itself.",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{source} is not UTF-8 text (byte {error.start}).", "Name a text file."
        ) from None
    reader = _Reader(source)
    lines = text.removeprefix("\ufeff").split("\n")
    if len(lines) > MAX_LINES:
        raise InvalidInput(f"{source} has more than {MAX_LINES} lines.", "Name an answer file.")
    for number, line in enumerate(lines, start=1):
        reader.take(number, line.removesuffix("\r"))
    return ConfFile(text, reader.finish())


def format_entries(entries: Iterable[Entry], comments: Iterable[str] = ()) -> str:
    """A file with these entries, section by section, in the order given; comments stand first.

    Raises InvalidInput for an entry that such a file cannot say (a key with blanks at its end).
    """
    entries = tuple(entries)
    lines = [f"# {comment}".rstrip() for comment in comments]
    by_section: dict[str, list[Entry]] = {}
    for entry in entries:
        by_section.setdefault(entry.section, []).append(entry)
    for section, found in by_section.items():
        lines += [f"[{section}]", *(_written(entry) for entry in found)]
    text = "\n".join([*lines, ""])
    _check_reads_back(text, entries)
    return text


def _check_reads_back(text: str, entries: tuple[Entry, ...]) -> None:
    read = {(e.section, e.key): e.value for e in parse_conf(text.encode(), "the file").entries}
    for entry in entries:
        if read.get((entry.section, entry.key)) != entry.value:
            raise InvalidInput(
                f"{quoted(entry.key)}={quoted(entry.value)} cannot stand in an answer file:"
                " blanks at its ends and lines that begin with # are not read back.",
                "Change or remove it.",
            )


def _written(entry: Entry) -> str:
    first, *more = entry.value.text.replace("%", "%%").split("\n")
    return "\n".join([f"{entry.key}={entry.value.type}:{first}", *(f"    {line}" for line in more)])


@dataclass(slots=True)
class _Open:
    """A key whose value may still go on in indented lines."""

    line: int
    key: str
    indent: int
    parts: list[str]


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._section = ""
        self._sections: dict[str, int] = {}
        self._keys: dict[tuple[str, str], int] = {}
        self._open: _Open | None = None
        self._entries: list[Entry] = []
        self._mistakes: list[tuple[int, str, str]] = []

    def take(self, number: int, line: str) -> None:
        """One line of the file."""
        if len(line) > MAX_LINE:
            self._complain(number, f"the line is longer than {MAX_LINE} characters.", "Shorten it.")
            return
        if any(sign != "\t" and not sign.isprintable() for sign in line):
            self._complain(number, f"{quoted(line)} has control characters.", "Remove them.")
            return
        content = line.strip()
        if content.startswith(("#", ";")):
            return
        indent = len(line) - len(line.lstrip())
        if self._open is not None and (not content or indent > self._open.indent):
            self._open.parts.append(content)
        elif content:
            self._begin(number, content, indent)

    def _begin(self, number: int, content: str, indent: int) -> None:
        self._close()
        if content.startswith("[") and content.endswith("]"):
            self._head(number, content[1:-1])
        elif not self._section:
            self._complain(number, f"{quoted(content)} stands before any section.",
                           f"Begin with [{DEFAULT}].")  # fmt: skip
        else:
            self._key(number, content, indent)

    def _head(self, number: int, name: str) -> None:
        if not name or name in self._sections:
            known = f" (first in line {self._sections[name]})" if name else ""
            self._complain(number, f"the section [{name}] cannot begin here{known}.",
                           "Keep one of each, with a name.")  # fmt: skip
            return
        self._section = name
        self._sections[name] = number

    def _key(self, number: int, content: str, indent: int) -> None:
        ends = [place for place in (content.find("="), content.find(":")) if place >= 0]
        key = content[: min(ends)].rstrip() if ends else ""
        if not key:
            self._complain(number, f"{quoted(content)} is not KEY=TYPE:VALUE.", "Complete it.")
            return
        before = self._keys.get((self._section, key))
        if before is not None:
            self._complain(number, f"{quoted(key)} stands in line {before} already.",
                           "Keep one of the two: the tool refuses both.")  # fmt: skip
        self._keys[self._section, key] = number
        self._open = _Open(number, key, indent, [content[min(ends) + 1 :].strip()])

    def _close(self) -> None:
        opened, self._open = self._open, None
        if opened is None:
            return
        raw = "\n".join(opened.parts).rstrip()
        plain, lone = _percent(raw)
        try:
            value = parse_typed(plain)
        except InvalidInput as error:
            self._complain(opened.line, f"{quoted(opened.key)}: {_hidden(opened.key, error)}",
                           error.remedy)  # fmt: skip
            return
        self._entries.append(Entry(self._section, opened.key, value, opened.line, lone))

    def _complain(self, line: int, problem: str, remedy: str) -> None:
        if len(self._mistakes) < MAX_SHOWN:
            self._mistakes.append((line, problem, remedy))

    def finish(self) -> tuple[Entry, ...]:
        """Every entry; raises InvalidInput where anything was wrong."""
        self._close()
        if not self._mistakes:
            return tuple(self._entries)
        lines = [f"{self._source}, line {line}: {problem}" for line, problem, _ in self._mistakes]
        if len(lines) == 1:
            raise InvalidInput(lines[0], self._mistakes[0][2])
        told = [
            f"{line} {remedy}" for line, (_, _, remedy) in zip(lines, self._mistakes, strict=True)
        ]
        raise InvalidInput("\n".join(told), f"Correct these {len(told)} lines of {self._source}.")


def _percent(raw: str) -> tuple[str, bool]:
    """`%%` is one sign; a `%` alone is taken as itself, and told."""
    lone = "%" in raw.replace("%%", "")
    return (raw if lone else raw.replace("%%", "%")), lone


def _hidden(key: str, error: InvalidInput) -> str:
    """The message, without the value where that may be a password."""
    from config.otopi.keys import is_secret

    return (
        "its value has no type that otopi reads (not shown)." if is_secret(key) else error.message
    )
