"""The Markdown report as plain lines, for a screen and for plain mode. Pure."""

from __future__ import annotations

from tui.widgets.conflict_words import visible


def plain_report(markdown: str) -> str:
    """The report without Markdown's marks for headings and stress."""
    return "\n".join(_plain_line(line) for line in markdown.splitlines())


def _plain_line(line: str) -> str:
    shown = visible(line)
    if shown.startswith("#"):
        return shown.lstrip("#").strip()
    # The outcome is the one stressed word, and it opens its line.
    return shown.replace("**", "", 2) if shown.startswith("**") else shown
