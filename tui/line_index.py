"""Line numbers of a file of any size: every thousandth line's offset, and reads of what is seen."""

from __future__ import annotations

import os
from pathlib import Path

SCAN_BYTES = 4 << 20
EVERY = 1000
MAX_LINE = 4096
"""Longest part of a line that is shown, in bytes."""


class LineIndex:
    """Grows with the file. `scan` may run in one thread while `lines` is called from another."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._marks = [0]
        self._scanned = 0
        self.count = 0
        """Complete lines found so far."""

    def scan(self) -> bool:
        """Look at up to SCAN_BYTES more; False where the end is reached."""
        block = os.pread(self._descriptor, SCAN_BYTES, self._scanned)
        found, count, position = [], self.count, -1
        while (position := block.find(b"\n", position + 1)) >= 0:
            count += 1
            if count % EVERY == 0:
                found.append(self._scanned + position + 1)
        self._marks += found
        self._scanned += len(block)
        self.count = count
        return len(block) == SCAN_BYTES

    def lines(self, first: int, count: int) -> list[str]:
        """The lines from number `first` (from 0) on, at most `count` of them."""
        first = max(first, 0)
        last = min(first + count, self.count)
        if first >= last:
            return []
        mark = min(first // EVERY, len(self._marks) - 1)
        wanted, found = (
            last - mark * EVERY,
            self._read_lines(self._marks[mark], last - mark * EVERY),
        )
        return [_shown(line) for line in found[first - mark * EVERY : wanted]]

    def _read_lines(self, offset: int, wanted: int) -> list[bytes]:
        content = b""
        while content.count(b"\n") < wanted and offset + len(content) < self._scanned:
            size = min(1 << 18, self._scanned - offset - len(content))
            block = os.pread(self._descriptor, size, offset + len(content))
            if not block:
                break
            content += block
        return content.split(b"\n")[:wanted]

    def find(self, text: str, start: int, *, backwards: bool = False) -> int | None:
        """Number of the next line that holds `text`, from `start` on, without regard to case."""
        numbers = (
            range(start // EVERY, -1, -1)
            if backwards
            else range(start // EVERY, self.count // EVERY + 1)
        )
        wanted = text.casefold()
        for block in numbers:
            lines = list(enumerate(self.lines(block * EVERY, EVERY), block * EVERY))
            for number, line in reversed(lines) if backwards else lines:
                beyond = number > start if backwards else number < start
                if not beyond and wanted in line.casefold():
                    return number
        return None

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def _shown(line: bytes) -> str:
    return line[:MAX_LINE].decode("utf-8", "replace").expandtabs(4)
