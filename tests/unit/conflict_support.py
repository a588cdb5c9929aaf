"""Short ways to compare and decide, for the tests of conflicts."""

from __future__ import annotations

from lxml import etree

from steps.conflicts import FIELD_DECISIONS, Resolution
from steps.ldif_text import parse_entries
from steps.virtual_machine.compare import compare_machine

KEEP, LIVE, BOOT, CUSTOM = FIELD_DECISIONS


def compare(scene, mode="with-state", **changes):
    """The conflicts of a scene, some sources replaced."""
    return compare_machine(scene.sources(**changes), scene.facts, mode)


def row(conflicts, row_id):
    """One row; fails with the rows there are."""
    found = {row.id: row for row in conflicts.rows}
    assert row_id in found, f"no row {row_id}, only {list(found)}"
    return found[row_id]


def ids(conflicts):
    """Every row's id."""
    return [row.id for row in conflicts.rows]


def choose(conflicts, decision=None, **decisions):
    """Every row decided: by its default, or all alike where that is allowed; some differently."""
    found = {}
    for each in conflicts.rows:
        wanted = decision if decision in each.allowed else each.default
        if wanted is not None and wanted is not CUSTOM:
            found[each.id] = Resolution(wanted)
    for name, text in decisions.items():
        found[name.replace("__", ".").replace("_", "-")] = Resolution.parse(text)
    return found


def codes(blocking):
    """The codes of blocks or warnings."""
    return [found.code for found in blocking]


def by_dn(ldif):
    """Entries of an LDIF text by DN."""
    return {entry.dn: entry for entry in parse_entries(ldif.encode(), "result")}


def at(xml, path):
    """The one value at an XPath."""
    (found,) = etree.fromstring(xml).xpath(path)
    return found if isinstance(found, str) else found.text
