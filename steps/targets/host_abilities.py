"""What libvirt's capabilities say a host offers to a domain XML. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from config.errors import StepFailed
from steps.targets.hypervisor import HostAbilities


def host_abilities(capabilities: str, domain_capabilities: Iterable[str] = ()) -> HostAbilities:
    """Emulators, machine types and aliases out of both documents (virsh capabilities shows one).

    Raises StepFailed where libvirt's answer is no XML.
    """
    root = _parsed(capabilities)
    machines = tuple(_elements(root, "/capabilities/guest/arch//machine"))
    aliases = {_text(m): m.get("canonical", "") for m in machines if m.get("canonical")}
    types = {_text(machine) for machine in machines} | set(aliases.values())
    emulators = {_text(e) for e in _elements(root, "/capabilities/guest/arch//emulator")}
    for document in domain_capabilities:
        emulators |= {_text(e) for e in _elements(_parsed(document), "/domainCapabilities/path")}
    return HostAbilities(
        emulators=tuple(sorted(emulators - {""})),
        machine_types=tuple(sorted(types - {""})),
        machine_aliases=tuple(sorted(aliases.items())),
    )


def guest_kinds(capabilities: str) -> tuple[tuple[str, str], ...]:
    """(architecture, domain type) pairs the host can run, for instance ("x86_64", "kvm")."""
    root = _parsed(capabilities)
    return tuple(
        (arch.get("name", ""), domain.get("type", ""))
        for arch in _elements(root, "/capabilities/guest/arch")
        for domain in _elements(arch, "domain")
    )


def _parsed(document: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        return etree.fromstring(document.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise StepFailed(
            f"libvirt's capabilities are no XML: {error}.", seen=document[:200]
        ) from None


def _elements(root: etree._Element, path: str) -> Iterator[etree._Element]:
    found = root.xpath(path)
    assert isinstance(found, list)
    return (element for element in found if isinstance(element, etree._Element))


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()
