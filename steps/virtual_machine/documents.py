"""What a comparison writes: merged entries, change file, the two XMLs, the decision log. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from steps.conflicts import Decision, Resolution, Resolutions
from steps.ldif_text import dump_add, dump_delete, dump_entries, dump_modify
from steps.targets.directory import Entry
from steps.virtual_machine import sources as s
from steps.virtual_machine.cases import Case
from steps.virtual_machine.entry_changes import EntryMove, changes, moves
from steps.virtual_machine.merged_entries import merged_entries
from steps.virtual_machine.merged_xml import NEXT_BOOT, NOW, merged_xml
from steps.virtual_machine.outcome import Outcome, decided
from steps.virtual_machine.shown_values import key_words, texts
from steps.virtual_machine.situation import Situation


@dataclass(frozen=True, slots=True)
class Results:
    """The result documents; the XMLs are empty where there is nothing to start from."""

    entries: tuple[Entry, ...]
    merged_ldif: str
    change_ldif: str
    restore_xml: str
    next_boot_xml: str
    decision_log: str


def build_results(
    situation: Situation,
    cases: Sequence[Case],
    decisions: Sequence[tuple[Case, Outcome]],
    resolutions: Resolutions,
    who: str,
    when: str,
) -> Results:
    """Carry out every decision in every document."""
    entries = merged_entries(situation, decisions)
    return Results(
        entries,
        dump_entries(entries),
        change_ldif(entries_now(situation), entries),
        merged_xml(situation, decisions, NOW),
        merged_xml(situation, decisions, NEXT_BOOT),
        _log(situation, cases, dict_of(decisions), resolutions, who, when),
    )


def dict_of(decisions: Sequence[tuple[Case, Outcome]]) -> dict[str, Outcome]:
    """Outcomes by row."""
    return {case.id: found for case, found in decisions}


def entries_now(situation: Situation) -> tuple[Entry, ...]:
    """Today's entries that a restore may change: subtree without ou=backup, and the lease."""
    held = situation.documents.directories.get(s.DIRECTORY_NOW)
    if held is None:
        return ()
    return (*held.by_place.values(), *([held.lease] if held.lease else []))


def change_ldif(now: Sequence[Entry], wanted: Sequence[Entry]) -> str:
    """What makes today's entries the wanted ones; each modification with its guard."""
    return "\n".join(_move(move) for move in moves(now, wanted))


def _move(move: EntryMove) -> str:
    if move.new is None:
        return dump_delete(move.dn, expected_csn=move.old.entry_csn if move.old else "")
    if move.old is None:
        return dump_add(move.dn, move.new.attributes)
    wanted = changes(move.old, move.new)
    return dump_modify(move.old.dn, wanted, expected_csn=move.old.entry_csn)


def _log(
    situation: Situation,
    cases: Sequence[Case],
    found: dict[str, Outcome],
    resolutions: Resolutions,
    who: str,
    when: str,
) -> str:
    decisions = [
        _decision(case, decided(case, resolutions), found.get(case.id), resolutions)
        for case in cases
    ]
    log = {
        "machine": situation.sources.machine,
        "leaf": situation.sources.leaf,
        "mode": situation.mode,
        "who": who,
        "when": when,
        "decisions": decisions,
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _decision(
    case: Case, resolution: Resolution | None, found: Outcome | None, resolutions: Resolutions
) -> dict[str, object]:
    return {
        "id": case.id,
        "field": case.title,
        "sources": dict(texts(case)),
        "chosen": str(resolution) if resolution else None,
        "by": None if resolution is None else "operator" if case.id in resolutions else "rule",
        "now": key_words(case, found.now) if found else None,
        "next_boot": key_words(case, found.next_boot) if found else None,
        "directory": key_words(case, found.directory) if found else None,
        "alternatives": [str(d) for d in case.choices.allowed if not _same(d, resolution)],
        "refused": {str(d): reason for d, reason in case.choices.refused.items()},
        "note": case.choices.note,
    }


def _same(decision: Decision, resolution: Resolution | None) -> bool:
    return resolution is not None and resolution.decision is decision
