"""What is different now from what the operator decided on, and who did it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from steps.conflicts import Resolutions
from steps.ldif_text import parse_entries
from steps.targets.directory import Entry
from steps.virtual_machine.conflict_set import MachineConflicts
from steps.virtual_machine.entry_changes import difference_words
from steps.virtual_machine.merged import differing


def changed_since(
    then: MachineConflicts, now: MachineConflicts, resolutions: Resolutions, live: Sequence[Entry]
) -> tuple[str, ...]:
    """Every difference that matters, in words. Both without secrets; `live` as just read."""
    before, after = then.situation.sources, now.situation.sources
    return (
        *_entries(before.directory_now, after.directory_now, live),
        *_rows(then, now),
        *_blocked(now, resolutions),
    )


def _entries(then: bytes | None, now: bytes | None, live: Sequence[Entry]) -> Iterator[str]:
    """Directory entries, attribute by attribute, with the one who wrote them last."""
    before, after = _parsed(then), _parsed(now)
    writers = {entry.dn.lower(): entry for entry in live}
    for words in difference_words(before, after):
        dn = words.rpartition(": ")[0]
        entry = writers.get(dn.lower())
        who = f", by {entry.modified_by} at {entry.modified_at}" if entry else ""
        yield f"directory entry {words}{who}"


def _parsed(data: bytes | None) -> tuple[Entry, ...]:
    return parse_entries(data, "the directory entry") if data else ()


def _rows(before: MachineConflicts, now: MachineConflicts) -> Iterator[str]:
    for row, changed in differing(before, now).items():
        where = f" in {', '.join(changed)}" if changed else ""
        yield f"{row} is not the difference it was{where}"


def _blocked(now: MachineConflicts, resolutions: Resolutions) -> Iterator[str]:
    for row in now.still_open(resolutions):
        yield f"{row} is not decided"
    for block in now.blocking(resolutions):
        yield block.message
