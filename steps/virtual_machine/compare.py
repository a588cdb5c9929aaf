"""Compare one machine's backup with today: the one entry point. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from steps.conflicts import Warning_
from steps.virtual_machine import sources as s
from steps.virtual_machine.cases import find_cases
from steps.virtual_machine.cautions import warnings
from steps.virtual_machine.conflict_set import MachineConflicts
from steps.virtual_machine.domain_xml import RefusedXml, parse_domain
from steps.virtual_machine.host_facts import HostFacts
from steps.virtual_machine.machine_devices import Documents, Tree, match_devices
from steps.virtual_machine.machine_entry import MachineEntries, machine_entries
from steps.virtual_machine.machine_fields import Field
from steps.virtual_machine.obstacles import always_blocking
from steps.virtual_machine.read_fields import read_fields
from steps.virtual_machine.situation import COLD, WITH_STATE, Situation

_NO_STATE = {
    s.STATE_MISSING: "There is no state file in the backup: memory cannot come back.",
    s.STATE_NOT_RUNNING: "The backup holds no memory state: the machine was off, or its disks"
    " alone were backed up.",
}


def compare_machine(sources: s.Sources, facts: HostFacts, mode: str) -> MachineConflicts:
    """Every disagreement, with the choices it allows in this mode ("with-state" or "cold").

    Without a memory state in the backup the mode becomes cold, with a warning. Raises InvalidInput
    for an LDIF that cannot be read; an XML that cannot blocks instead.
    """
    documents, refused = _read(sources)
    devices = match_devices(documents)
    fields = {field.id: field for field in _distinct(read_fields(documents, devices, facts))}
    real_mode, changed = _mode(mode, sources)
    situation = Situation(real_mode, facts, sources, documents, devices, fields)
    cases = find_cases(situation)
    return MachineConflicts(
        situation,
        cases,
        always_blocking(situation, cases, refused),
        (*changed, *warnings(situation, cases)),
    )


def _distinct(fields: Iterable[Field]) -> Iterator[Field]:
    """Fields with ids of their own: an attribute that nobody here knows may have any name."""
    seen: set[str] = set()
    for field in fields:
        own, number = field.id, 2
        while own in seen:
            own, number = f"{field.id}-{number}", number + 1
        seen.add(own)
        yield replace(field, id=own)


def _mode(mode: str, sources: s.Sources) -> tuple[str, tuple[Warning_, ...]]:
    reason = _NO_STATE.get(sources.state)
    if mode == WITH_STATE and reason:
        return COLD, (Warning_("cold-start", f"{reason} The restore is a cold start."),)
    return mode, ()


def _read(sources: s.Sources) -> tuple[Documents, Mapping[str, RefusedXml]]:
    directories: dict[str, MachineEntries] = {}
    for source in s.DIRECTORIES:
        data: bytes | None = getattr(sources, source)
        if data is not None:
            title = s.DOCUMENT_TITLES[source]
            directories[source] = machine_entries(data, title, sources.machine)
    trees: dict[str, Tree] = {}
    refused: dict[str, RefusedXml] = {}
    for source in s.XMLS:
        document: s.Xml = getattr(sources, source)
        if isinstance(document, s.RefusedDocument):
            refused[source] = RefusedXml(document.code, document.message)
        elif document is not None:
            try:
                trees[source] = Tree.of(parse_domain(document, s.DOCUMENT_TITLES[source]))
            except RefusedXml as error:
                refused[source] = error
    return Documents(directories, trees), refused
