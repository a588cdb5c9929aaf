"""The result documents as lines for the screen, changed lines marked, without secrets. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from steps.conflicts import Preview
from steps.ldif_text import dump_entries
from steps.virtual_machine.documents import Results, change_ldif, entries_now
from steps.virtual_machine.domain_xml import to_text
from steps.virtual_machine.sanitise import Vault, sanitise_entries, sanitise_xml
from steps.virtual_machine.situation import Situation


def build_previews(situation: Situation, results: Results) -> tuple[Preview, ...]:
    """Each document against what it starts from."""
    vault = Vault()
    now = sanitise_entries(entries_now(situation), vault)
    merged = sanitise_entries(results.entries, vault)
    found = [
        _preview("directory entry", dump_entries(now), dump_entries(merged)),
        _preview("change of the directory", "", change_ldif(now, merged)),
    ]
    base = situation.documents.xmls.get(situation.base or "")
    if base is None:
        return tuple(found)
    start = sanitise_xml(to_text(base), "base XML", vault)
    restore = sanitise_xml(results.restore_xml, "XML for the restore", vault)
    later = sanitise_xml(results.next_boot_xml, "XML for the next boot", vault)
    found.append(_preview("XML for the restore", start, restore))
    found.append(_preview("XML for the next boot", restore, later))
    return tuple(found)


def _preview(title: str, before: str, after: str) -> Preview:
    old, new = before.splitlines(), after.splitlines()
    return Preview(title, tuple(new), frozenset(_changed(old, new)))


def _changed(old: Sequence[str], new: Sequence[str]) -> list[int]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        line
        for kind, _, _, start, end in matcher.get_opcodes()
        if kind != "equal"
        for line in range(start, end)
    ]
