"""Lines with a label before them, wrapped so that the label's column stays free. Pure text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tui.widgets.conflict_words import visible

Row = tuple[str, str]
"""A label (with its spaces) and the text beside it; the text may have several lines."""


def wrapped(rows: Sequence[Row], width: int) -> list[str]:
    """The rows as lines of at most `width` characters."""
    lines: list[str] = []
    for label, text in rows:
        lines += hang(label, text, width)
    return lines


def hang(label: str, text: str, width: int) -> list[str]:
    """One row: the label stands before its first line, blanks before the others."""
    lines: list[str] = []
    for part in text.splitlines() or [""]:
        indent = " " * len(label)
        lines += textwrap.wrap(
            visible(part),
            max(width, len(label) + 8),
            initial_indent=indent if lines else label,
            subsequent_indent=indent,
            break_on_hyphens=False,
        ) or [label.rstrip()]
    return lines
