"""The last lines of a growing log file. Costs the same whatever the file's size and pace."""

from __future__ import annotations

import os
from pathlib import Path

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.widgets.conflict_words import visible

TAIL_BYTES = 16 << 10


def last_lines(path: Path, count: int) -> tuple[str, ...]:
    """The last complete-looking lines of a file; empty where it is not there (yet)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ()
    try:
        end = os.fstat(descriptor).st_size
        start = max(end - TAIL_BYTES, 0)
        text = os.pread(descriptor, TAIL_BYTES, start).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
    lines = text.splitlines()
    # The first piece of a tail that starts inside the file is half a line.
    whole = lines[1:] if start and len(lines) > 1 else lines
    return tuple(whole[-count:]) if count > 0 else ()


class LogTail(Widget):
    """Shows `lines`, the newest at the bottom, cut to the width."""

    DEFAULT_CSS = """
    LogTail { height: 1fr; }
    """

    lines: reactive[tuple[str, ...]] = reactive(())

    def render(self) -> Content:
        width = self.content_size.width
        shown = self.lines[-self.content_size.height :] if self.content_size.height else ()
        return Content("\n".join(visible(line.expandtabs(4))[:width] for line in shown))
