"""Today's half of a comparison, read from the site: entry, definition, host. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from config.errors import InvalidInput
from steps.procedure import ProbeInput
from steps.targets.directory import Entry
from steps.targets.hypervisor import Hypervisor
from steps.virtual_machine.domain_xml import devices, parse_domain, read
from steps.virtual_machine.host_facts import HostFacts
from steps.virtual_machine.host_survey import look_at_host
from steps.virtual_machine.machine_site import find_machine, hypervisor_of
from steps.virtual_machine.sources import SOURCES, Sources, Xml, ldif_of


def add_today(probe: ProbeInput, backup: Sources) -> tuple[Sources, HostFacts]:
    """The backup's documents with today's beside them, and the facts of the machine's node."""
    site = find_machine(probe, backup.machine)
    hypervisor = hypervisor_of(probe, site)
    entries = list(site.entries)
    whole = replace(
        backup,
        directory_now=ldif_of(entries) if entries else None,
        xml_now=_definition(hypervisor, backup.machine),
    )
    paths = {*_paths_of_entries(entries), *_paths_of_xmls(whole)}
    facts = look_at_host(
        site.node, site.shell, hypervisor, site.directory, backup.machine, sorted(paths)
    )
    return whole, facts


def _definition(hypervisor: Hypervisor, machine: str) -> str | None:
    domain = hypervisor.domain(machine)
    return None if domain is None else hypervisor.xml(machine, inactive=domain.persistent)


def _paths_of_entries(entries: list[Entry]) -> Iterator[str]:
    for entry in entries:
        path = entry.text("sstSourceFile")
        if path:
            yield path


def _paths_of_xmls(sources: Sources) -> Iterator[str]:
    """Image paths in the XMLs; one that cannot be read is the comparison's to refuse."""
    for source in SOURCES:
        document: Xml = getattr(sources, source) if source.startswith("xml") else None
        if not isinstance(document, str | bytes):
            continue
        try:
            root = parse_domain(document, source)
        except InvalidInput:
            continue
        for disk in devices(root, "disk"):
            path = read(disk, "source/@file")
            if path:
                yield path
