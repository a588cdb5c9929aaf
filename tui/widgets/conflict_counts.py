"""How many rows are open, blocked, hidden: the words of the title line and of the middle rule."""

from __future__ import annotations

from steps.conflicts import ConflictSet
from steps.run.text import counted
from tui.widgets.conflict_standing import Overview
from tui.widgets.conflict_words import mode_words, visible


def status(conflicts: ConflictSet, overview: Overview, room: int) -> str:
    """The counts for the title line: as many as fit into `room` cells, the open ones always."""
    counts = f"{len(overview.open)} open  {len(overview.blocking)} blocked"
    warned = f"{counts}  {counted(len(conflicts.warnings), 'warning')}"
    mode = mode_words(conflicts.mode)
    candidates = (f"{mode}  {warned}", f"{mode}  {counts}", warned) if mode else (warned,)
    return next((text for text in candidates if len(text) <= room), counts)


def middle_rule(conflicts: ConflictSet, position: tuple[int, int], filter_: str, width: int) -> str:
    """The rule between rows and detail, with what the title line has no room for."""
    at, total = position
    parts = [f"row {at} of {total}" if total else "no row"]
    if conflicts.mode:
        parts.append(mode_words(conflicts.mode))
    if filter_:
        parts.append(f"/ filter {visible(filter_)}")
    if hidden := sum(conflicts.hidden.values()):
        parts.append(f"h hidden {hidden}")
    if conflicts.warnings:
        parts.append(f"w {counted(len(conflicts.warnings), 'warning')}")
    text = "── " + " ── ".join(parts) + " "
    return text.ljust(width, "─")[:width]


def hidden_words(conflicts: ConflictSet) -> str:
    """What was not shown as a row, by reason."""
    counts = ", ".join(f"{count} {visible(reason)}" for reason, count in conflicts.hidden.items())
    return f" hidden, because there is nothing to decide: {counts or 'none'}"
