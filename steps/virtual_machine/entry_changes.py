"""From the entries a machine has to the entries it shall have: what must be written. Pure.

Only entries and attributes that a restore decides are compared: not the iterations' leaves, not
the node, status and migration attributes that daemons write by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from steps.ldif_text import below, normal_dn
from steps.targets.directory import Change, Entry

KEPT_ATTRIBUTES = ("sststatus", "sstnode")
"""Never changed by a restore: where the machine is, and how its daemon says it is."""

_OPERATIONAL = frozenset(
    {
        "entrycsn", "entryuuid", "entrydn", "createtimestamp", "creatorsname", "modifytimestamp",
        "modifiersname", "structuralobjectclass", "subschemasubentry", "hassubordinates",
        "contextcsn",
    }
)  # fmt: skip


class Standing(StrEnum):
    """Where one entry stands between what it was and what it shall be."""

    OLD = "old"
    NEW = "new"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class EntryMove:
    """One entry's way: None is "there is none"."""

    dn: str
    old: Entry | None
    new: Entry | None

    def standing(self, now: Entry | None) -> Standing:
        """Compares in content, so that a status written meanwhile does not count."""
        if same(now, self.new):
            return Standing.NEW
        return Standing.OLD if same(now, self.old) else Standing.NEITHER


def is_kept(attribute: str) -> bool:
    """Whether a restore leaves that attribute of an existing entry alone."""
    name = attribute.lower()
    return name in KEPT_ATTRIBUTES or name.startswith("sstmigration") or name in _OPERATIONAL


def same(one: Entry | None, other: Entry | None) -> bool:
    """Whether two entries say the same, in what a restore decides."""
    if one is None or other is None:
        return one is other
    return _content(one) == _content(other)


def _content(entry: Entry) -> dict[str, frozenset[bytes]]:
    decided = {}
    for name, values in entry.attributes.items():
        if values and not is_kept(name):
            folded = (value.lower() for value in values) if _folds(name) else values
            decided[name.lower()] = frozenset(folded)
    return decided


def _folds(attribute: str) -> bool:
    return attribute.lower() == "objectclass"


def moves(old: Sequence[Entry], new: Sequence[Entry]) -> tuple[EntryMove, ...]:
    """Every entry that must change, deletions children first, then the rest parents first."""
    before, after = _by_dn(old), _by_dn(new)
    gone = [EntryMove(e.dn, e, None) for key, e in before.items() if key not in after]
    kept = [EntryMove(e.dn, before.get(key), e) for key, e in after.items()]
    changed = [move for move in kept if not same(move.old, move.new)]
    return (
        *sorted(gone, key=lambda move: -_depth(move.dn)),
        *sorted(changed, key=lambda move: _depth(move.dn)),
    )


def reverse(way: Iterable[EntryMove]) -> tuple[EntryMove, ...]:
    """The way back."""
    return tuple(EntryMove(move.dn, move.new, move.old) for move in reversed(tuple(way)))


def changes(now: Entry, wanted: Entry) -> tuple[Change, ...]:
    """What makes `now` say what `wanted` says, one change an attribute."""
    have = {name.lower(): (name, values) for name, values in now.attributes.items()}
    want = {name.lower(): (name, values) for name, values in wanted.attributes.items()}
    written = []
    for key in sorted(have.keys() | want.keys()):
        old, new = have.get(key, ("", ()))[1], want.get(key, ("", ()))[1]
        if is_kept(key) or _same_values(key, old, new):
            continue
        name = want[key][0] if key in want else have[key][0]
        written.append(Change("replace", name, new) if new else Change("delete", name))
    return tuple(written)


def _same_values(name: str, one: tuple[bytes, ...], other: tuple[bytes, ...]) -> bool:
    if _folds(name):
        return {value.lower() for value in one} == {value.lower() for value in other}
    return set(one) == set(other)


def without_backups(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries without ou=backup and what is below it: those belong to the daemons."""
    return tuple(e for e in entries if not _in_backup(normal_dn(e.dn)))


def _in_backup(dn: str) -> bool:
    # Below the machine only: ou=backup stands directly under it, a leaf one further down.
    machine = dn.find("sstvirtualmachine=")
    return "ou=backup," in dn[: max(machine, 0)]


def entries_below(entries: Iterable[Entry], dn: str) -> tuple[Entry, ...]:
    """The entry of that DN and those below it."""
    return tuple(entry for entry in entries if below(entry.dn, dn))


def entries_elsewhere(entries: Iterable[Entry], dn: str) -> tuple[Entry, ...]:
    """The entries that are neither that DN nor below it."""
    return tuple(entry for entry in entries if not below(entry.dn, dn))


def _by_dn(entries: Iterable[Entry]) -> dict[str, Entry]:
    return {normal_dn(entry.dn): entry for entry in entries}


def _depth(dn: str) -> int:
    return normal_dn(dn).count(",")


def difference_words(before: Sequence[Entry], now: Sequence[Entry]) -> tuple[str, ...]:
    """What changed from one reading to the next, a line an attribute, without any value."""
    words = []
    for move in moves(before, now):
        if move.old is None or move.new is None:
            words.append(f"{move.dn}: {'added' if move.old is None else 'deleted'}")
        else:
            names = ", ".join(change.attribute for change in changes(move.old, move.new))
            words.append(f"{move.dn}: {names}")
    return tuple(words)
