"""pg_hba.conf: who may connect to what, from where. Read and added to, never rewritten. Pure.

The first record that fits a connection decides, so ours go before the first one. Everything else
stays byte by byte. Facts: PostgreSQL's manual, "The pg_hba.conf File".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInput

LARGEST: Final = 256 << 10
MARK: Final = "# The restored engine's databases (rekindle)"
_HOSTS: Final = frozenset({"host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"})
_INCLUDES: Final = frozenset({"include", "include_if_exists", "include_dir"})
_WORD: Final = re.compile(r'"[^"]*"?|[^\s,"]+|,')


@dataclass(frozen=True, slots=True)
class HbaRule:
    """One user may connect to one database from one network, with a password."""

    database: str
    user: str
    network: str
    encrypted: bool = False
    """Only over TLS."""

    @property
    def fields(self) -> tuple[str, ...]:
        """As a record's fields."""
        kind = "hostssl" if self.encrypted else "host"
        return (kind, self.database, self.user, self.network, "md5")

    @property
    def line(self) -> str:
        """As a line of the file. Names are quoted where they are not plain words."""
        kind, database, user, network, method = self.fields
        return f"{kind}    {_quoted(database)}    {_quoted(user)}    {network}    {method}"


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the number of its first line, from 0, and its fields without quotes."""

    line: int
    fields: tuple[str, ...]


def records(text: str) -> Iterator[Record]:
    """The records of a file. Raises InvalidInput for what is no such file."""
    _check(text)
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        first, parts = number, [lines[number].rstrip("\r")]
        while parts[-1].endswith("\\") and number + 1 < len(lines):
            number += 1
            parts[-1] = parts[-1][:-1]
            parts.append(lines[number].rstrip("\r"))
        whole = " ".join(parts)
        number += 1
        fields = _fields(whole)
        if fields:
            yield Record(first, fields)


def with_rules(text: str, rules: Sequence[HbaRule]) -> str:
    """The text with these rules in force; the text itself where they are so already."""
    found = list(records(text))
    missing = [rule for rule in rules if not _in_force(rule, found, rules)]
    if not missing:
        return text
    block = "".join(f"{line}\n" for line in (MARK, *(rule.line for rule in missing)))
    at = _start(text, found)
    return text[:at] + block + text[at:]


def _start(text: str, found: Sequence[Record]) -> int:
    """Where the first record begins; at the very start where a continued line comes before it."""
    if not found:
        return len(text) if not text or text.endswith("\n") else 0
    lines = text.split("\n")[: found[0].line]
    if any(line.rstrip("\r").endswith("\\") for line in lines):
        return 0
    while lines and lines[-1].startswith("#"):
        lines.pop()  # a comment stays with the record that it is about
    return sum(len(line) + 1 for line in lines)


def _in_force(rule: HbaRule, found: Sequence[Record], rules: Sequence[HbaRule]) -> bool:
    ours = {each.fields for each in rules}
    for record in found:
        if record.fields == rule.fields:
            return True
        if record.fields not in ours and _may_decide(record, rule):
            return False
    return False


def _may_decide(record: Record, rule: HbaRule) -> bool:
    """Whether a record may decide about a connection that the rule is for."""
    kind, *rest = record.fields
    if kind.lower() in _INCLUDES or kind.startswith("@"):
        return True
    if kind.lower() not in _HOSTS:
        return False
    if len(rest) < 2:
        return True
    database, user = rest[0].split(","), rest[1].split(",")
    return _may_mean(rule.database, database) and _may_mean(rule.user, user)


def _may_mean(name: str, words: Sequence[str]) -> bool:
    """Whether a field's words may mean that name: keywords, groups, files and patterns may."""
    odd = ("all", "sameuser", "samerole", "samegroup")
    return any(word == name or word in odd or word[:1] in "+@/" for word in words)


def _fields(line: str) -> tuple[str, ...]:
    """A line's fields; words that a comma joins are one field."""
    fields: list[list[str]] = []
    joined = False
    for word in _WORD.findall(_without_comment(line)):
        if word == ",":
            joined = True
        elif joined and fields:
            fields[-1].append(word.strip('"'))
            joined = False
        else:
            fields.append([word.strip('"')])
            joined = False
    return tuple(",".join(words) for words in fields)


def _without_comment(line: str) -> str:
    quoted = False
    for place, letter in enumerate(line):
        if letter == '"':
            quoted = not quoted
        elif letter == "#" and not quoted:
            return line[:place]
    return line


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name != "all" else f'"{name}"'


def _check(text: str) -> None:
    if "\0" in text:
        raise InvalidInput("This pg_hba.conf holds a NUL character.", "Look at it by hand.")
    if len(text) > LARGEST:
        raise InvalidInput(
            f"This pg_hba.conf has {len(text)} characters; {LARGEST} is the most.",
            "Look at it by hand.",
        )
