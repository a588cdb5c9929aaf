"""Entries taken from what they are to what they shall be, each by compare-and-set."""

from __future__ import annotations

from collections.abc import Sequence

from steps.procedure import StepContext
from steps.targets.directory import Directory, Entry
from steps.targets.lost_race import changed_meanwhile
from steps.virtual_machine.entry_changes import EntryMove, Standing, changes


def walk(context: StepContext, way: Sequence[EntryMove]) -> None:
    """Write what is not written yet; raises Refused where an entry says neither old nor new."""
    directory = context.targets.directory()
    for move in way:
        now = directory.get(move.dn)
        standing = move.standing(now)
        if standing is Standing.NEITHER:
            raise changed_meanwhile(move.dn, now)
        if standing is Standing.OLD:
            _write(directory, move, now)
            context.log(f"wrote {move.dn}")


def standings(context: StepContext, way: Sequence[EntryMove]) -> list[tuple[EntryMove, Standing]]:
    """Where each entry stands now."""
    directory = context.targets.directory()
    return [(move, move.standing(directory.get(move.dn))) for move in way]


def _write(directory: Directory, move: EntryMove, now: Entry | None) -> None:
    if move.new is None:
        directory.delete(move.dn, expected_csn=now.entry_csn if now else "")
    elif now is None:
        directory.add(move.dn, move.new.attributes)
    else:
        directory.modify(move.dn, changes(now, move.new), expected_csn=now.entry_csn)
