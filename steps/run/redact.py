"""Scrubbing of secrets from everything that is written down."""

from __future__ import annotations

import base64
import json
import re
import shlex
import threading
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

MARK: Final = "(secret)"

SHORT: Final = 4
"""Below this length a secret is scrubbed only where it stands as a word of its own, or a one-letter
password would make every log unreadable."""


class Redactor:
    """Knows every secret of a run, in the forms it may take on the way into a text."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def register(self, text: str) -> None:
        """From now on scrub this secret. An empty one is none."""
        if not text:
            return
        with self._lock:
            self._forms.update(_forms_of(text))
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(_pattern_of, longest_first)))

    def clean(self, text: str) -> str:
        """The text with a mark in place of every registered secret."""
        pattern = self._pattern
        return pattern.sub(MARK, text) if pattern else text

    def clean_data(self, value: Any) -> Any:
        """JSON data with every text in it cleaned; the names of fields stay as they are."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, Mapping):
            return {name: self.clean_data(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean_data(inner) for inner in value]
        return value

    def holds_secret(self, text: str) -> bool:
        """Whether a registered secret stands in the text."""
        pattern = self._pattern
        return bool(pattern and pattern.search(text))


def _forms_of(text: str) -> Iterator[str]:
    """The secret itself, and as base64 (LDIF), XML, JSON, URL, Python and shell write it."""
    yield text
    yield from (line for line in text.splitlines() if len(line) >= SHORT)
    yield base64.b64encode(text.encode()).decode("ascii")
    for double, single in product(('"', "&quot;", "&#34;"), ("'", "&apos;", "&#39;")):
        yield escape(text, {'"': double, "'": single})
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]
    yield quote(text, safe="")
    yield shlex.quote(text)


def _pattern_of(form: str) -> str:
    if len(form) >= SHORT:
        return re.escape(form)
    return rf"(?<!\w){re.escape(form)}(?!\w)"
