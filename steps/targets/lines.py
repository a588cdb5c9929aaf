"""A command's output within bounds: as lines while it runs, or kept for when it has ended."""

from __future__ import annotations

import re
from collections.abc import Callable

LONGEST_LINE = 64 << 10
_LINE_END = re.compile(rb"[\r\n]")


class LineSplitter:
    r"""Bytes in, lines out. A line ends at `\n`, `\r\n`, or a lone `\r` (progress meters).

    What a line has beyond LONGEST_LINE bytes is dropped and the line says so.
    """

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._line = bytearray()
        self._cut = False
        self._after_return = False

    def feed(self, data: bytes) -> None:
        """Hand over the lines that these bytes complete."""
        start = 0
        for match in _LINE_END.finditer(data):
            end = match.start()
            follows_return = self._after_return and end == start and match[0] == b"\n"
            self._keep(data[start:end])
            self._after_return = match[0] == b"\r"
            start = match.end()
            if not follows_return:
                self._on_line(self._take())
        if start < len(data):
            self._after_return = False
            self._keep(data[start:])

    @property
    def pending(self) -> str:
        """What has come of a line that has not ended: a prompt, for instance."""
        return self._line.decode("utf-8", "replace")

    def flush(self) -> None:
        """Hand over the last line, where the output does not end with a line end."""
        if self._line:
            self._on_line(self._take())

    def _keep(self, part: bytes) -> None:
        room = LONGEST_LINE - len(self._line)
        self._line += part[:room]
        self._cut = self._cut or len(part) > room

    def _take(self) -> str:
        text = self._line.decode("utf-8", "replace") + (" [line cut]" if self._cut else "")
        self._line.clear()
        self._cut = False
        return text


class BoundedOutput:
    """The first `limit` bytes of an output, and a count of the rest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """More output."""
        room = self._limit - len(self._kept)
        self._kept += data[:room]
        self._dropped += max(len(data) - room, 0)

    def text(self) -> str:
        """Decoded as UTF-8 with replacement; a note ends it where something was dropped."""
        note = f"\n[{self._dropped} more bytes of output were not kept]\n" if self._dropped else ""
        return self._kept.decode("utf-8", "replace") + note


def last_lines(text: str, count: int = 5) -> str:
    """The end of an error output, for a message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(line[:500] for line in lines[-count:])
