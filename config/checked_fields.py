"""Reading plain data field by field; all complaints are collected and raised at once."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from config.errors import InvalidInput, Refused
from config.secret_sources import FORMS, parse_reference
from config.secrets import SecretReference
from config.showing import quoted
from config.yaml_marks import Data, Document, FieldPath, scalar_text

T = TypeVar("T")

MAX_COMPLAINTS = 50

_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})")


@dataclass(slots=True)
class Complaints:
    """What is wrong with one document: every place of it, up to MAX_COMPLAINTS."""

    document: Document
    found: list[tuple[int, str, str]] = field(default_factory=list)
    """(line, message, remedy) of each."""

    def add(self, path: FieldPath, problem: str, remedy: str) -> None:
        """Note one problem of the field at `path`."""
        if self.full:
            return
        message = f"{self.document.where(path)}: {problem}"
        self.found.append((self.document.line(path), message, remedy))

    @property
    def full(self) -> bool:
        """Whether nobody would read any more of them."""
        return len(self.found) >= MAX_COMPLAINTS

    def raise_all(self) -> None:
        """Raise InvalidInput with every complaint in line order; nothing where there is none."""
        ordered = sorted(self.found, key=lambda complaint: complaint[0])
        if len(ordered) == 1:
            raise InvalidInput(*ordered[0][1:])
        if ordered:
            lines = [f"{message} {remedy}" for _line, message, remedy in ordered]
            remedy = f"Correct these {len(lines)} places in {self.document.source}."
            raise InvalidInput("\n".join(lines), remedy)


class Fields:
    """One mapping of a document. Ask for each field once, then call `finish`."""

    def __init__(self, complaints: Complaints, data: Data, path: FieldPath = ()) -> None:
        self.complaints = complaints
        self.path = path
        self._known: list[str] = []
        self._data: dict[str, Data] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.complain("", "fields are expected here.", "Write NAME: VALUE lines.")

    def take(self, name: str, read: Callable[[Data], T], default: T) -> T:
        """The field read by `read`, which raises InvalidInput; absent or null is the default."""
        self._known.append(name)
        value = self._data.get(name)
        if value is None:
            return default
        try:
            return read(value)
        except (InvalidInput, Refused) as error:
            self.complain(name, error.message, error.remedy)
            return default

    def need(self, name: str, read: Callable[[Data], T], default: T) -> T:
        """Like `take`, but an absent or empty field is a complaint."""
        if self._data.get(name) in (None, ""):
            self.complain(name, "this field is missing.", f"Add {name}.")
        return self.take(name, read, default)

    def section(self, name: str) -> Fields | None:
        """The mapping in that field, or None where it is absent."""
        self._known.append(name)
        value = self._data.get(name)
        return None if value is None else Fields(self.complaints, value, (*self.path, name))

    def sections(self, name: str) -> list[Fields]:
        """The list of mappings in that field; empty where it is absent."""
        self._known.append(name)
        value = self._data.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.complain(name, "a list is expected here.", "Begin each entry with a dash.")
            return []
        at = (*self.path, name)
        return [Fields(self.complaints, item, (*at, n)) for n, item in enumerate(value)]

    @property
    def names(self) -> tuple[str, ...]:
        """Every field that is there, in the order of the file."""
        return tuple(self._data)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._data.get(name) is not None

    def complain(self, name: str, problem: str, remedy: str) -> None:
        """Note a problem of that field, or of the whole mapping where the name is empty."""
        path = (*self.path, name) if name else self.path
        self.complaints.add(path, problem, remedy)

    def finish(self) -> None:
        """Complain about every field that was not asked for."""
        for name in self._data:
            if name not in self._known and not self.complaints.full:
                self.complain(name, "there is no such field here.", suggestion(name, self._known))


def suggestion(name: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the nearest known one, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(name[:100], names, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(names)}."


def text(value: Data) -> str:
    """One line of text. A number or yes/no word is taken as the text that was written."""
    found = scalar_text(value)
    if found is None:
        raise InvalidInput("text is expected here.", "Write one value, quoted if need be.")
    if not found.isprintable():
        raise InvalidInput(
            f"{quoted(found)} has characters that cannot be printed.", "Remove them."
        )
    return found


def texts(value: Data) -> tuple[str, ...]:
    """A list of texts; a single text is a list of one."""
    return tuple(text(item) for item in value) if isinstance(value, list) else (text(value),)


def flag(value: Data) -> bool:
    """Yes or no: true, false, yes, no."""
    words = {"true": True, "yes": True, "false": False, "no": False}
    word = (scalar_text(value) or "").lower()
    if word not in words:
        raise InvalidInput(f"{_shown(value)} is neither yes nor no.", "Write true or false.")
    return words[word]


def number(value: Data) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"{_shown(value)} is not a whole number.", "Write digits only.")
    return value


def port(value: Data) -> int:
    """A TCP port."""
    found = number(value)
    if not 1 <= found <= 65535:
        raise InvalidInput(f"{found} is not a port.", "Ports go from 1 to 65535.")
    return found


def absolute_path(value: Data) -> str:
    """A full path without `..`."""
    found = text(value)
    if not found.startswith("/") or ".." in found.split("/"):
        raise InvalidInput(
            f"{quoted(found)} is not a full path.", "Write it from / on, without '..'."
        )
    return found.rstrip("/") or "/"


def host(value: Data) -> str:
    """A host name or an IP address (it goes to resolvers and command lines)."""
    found = text(value)
    if not is_address(found) and not _HOST_NAME.fullmatch(found):
        raise InvalidInput(
            f"{quoted(found)} is not a host name or address.", "Write one of the two."
        )
    return found


def is_address(found: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return False
    return True


def secret(value: Data) -> SecretReference:
    """A reference to a secret: `file:/PATH`, or the same as {secret: ...}. Never shows the text."""
    inner = value.get("secret") if isinstance(value, dict) and set(value) == {"secret"} else value
    if not isinstance(inner, str):
        raise InvalidInput("a reference to a secret is expected here.", f"Write {FORMS}.")
    return parse_reference(inner)


def _shown(value: Data) -> str:
    found = scalar_text(value)
    return quoted(found) if found is not None else "a list or mapping"
