"""The survey of a restore: everything that conflicts and plan are made from, as plain JSON.

`read_now` reads the same things again for the steps, with the secrets that a survey never holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from config.errors import InvalidInput
from steps.procedure import ProbeInput, Survey
from steps.targets.hypervisor import DomainStatus, Hypervisor
from steps.virtual_machine.backup_plan import BackupPlan
from steps.virtual_machine.backup_set import ImageFacts, SetFacts
from steps.virtual_machine.host_facts import HostFacts
from steps.virtual_machine.host_survey import look_at_host
from steps.virtual_machine.image_header import SetImage
from steps.virtual_machine.iterations import Iteration
from steps.virtual_machine.machine_site import MachineSite, find_machine, hypervisor_of
from steps.virtual_machine.places import SetPlace, StoragePlace
from steps.virtual_machine.set_look import SetLook, look_at_set
from steps.virtual_machine.set_reader import disks_of
from steps.virtual_machine.sources import Sources, ldif_of
from steps.virtual_machine.xml_facts import xml_facts


@dataclass(frozen=True, slots=True)
class RestoreSurvey:
    """The survey as its readers see it."""

    machine: str
    title: str
    dn: str
    node: str
    place: SetPlace
    plan: BackupPlan
    facts: SetFacts
    sources: Sources
    host: HostFacts
    entry_known: bool
    leaf_mode: str
    """Mode of the iteration's leaf, empty where the directory has no such leaf."""
    domain: DomainStatus | None

    def to_json(self) -> Survey:
        """Plain data without secrets."""
        return {
            "machine": self.machine,
            "title": self.title,
            "dn": self.dn,
            "node": self.node,
            "place": asdict(self.place),
            "plan": asdict(self.plan),
            "set": self.facts.to_json(),
            "sources": self.sources.to_json(),
            "host": self.host.to_json(),
            "entry_known": self.entry_known,
            "leaf_mode": self.leaf_mode,
            "domain": asdict(self.domain) if self.domain else None,
        }

    @classmethod
    def from_json(cls, survey: Survey) -> RestoreSurvey:
        """What `to_json` wrote; raises InvalidInput for anything else."""
        try:
            return _read(survey)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(
                f"The survey of this restore is damaged: {type(error).__name__}: {error}.",
                "Start the restore anew; a run made from it cannot go on.",
            ) from error


def _read(data: Survey) -> RestoreSurvey:
    place, plan, domain = _part(data, "place"), _part(data, "plan"), data["domain"]
    return RestoreSurvey(
        machine=_text(data, "machine"),
        title=_text(data, "title"),
        dn=_text(data, "dn"),
        node=_text(data, "node"),
        place=SetPlace(**{**place, "storage": StoragePlace(**place["storage"])}),
        plan=BackupPlan.from_json(plan),
        facts=SetFacts.from_json(_part(data, "set")),
        sources=Sources.from_json(data["sources"]),
        host=HostFacts.from_json(data["host"]),
        entry_known=data["entry_known"] is True,
        leaf_mode=_text(data, "leaf_mode"),
        domain=_domain(domain) if isinstance(domain, dict) else None,
    )


def _domain(data: dict[str, Any]) -> DomainStatus:
    return DomainStatus(**{**data, "jobs": tuple(data["jobs"])})


def _part(data: Survey, name: str) -> dict[str, Any]:
    part = data[name]
    if not isinstance(part, dict):
        raise TypeError(f"{name} is no object")
    return part


def _text(data: Survey, name: str) -> str:
    text = data[name]
    if not isinstance(text, str):
        raise TypeError(f"{name} is no text")
    return text


def survey(probe: ProbeInput) -> Survey:
    """Look at everything once. Raises InvalidInput where machine or backup cannot be found."""
    site = find_machine(probe, str(probe.given.get("machine", "")))
    iteration = site.iteration(str(probe.given.get("iteration", "")))
    return read_now(probe, site, iteration).to_json()


def read_now(probe: ProbeInput, site: MachineSite, iteration: Iteration) -> RestoreSurvey:
    """Read everything as it is now. The sources hold real secrets until `to_json`."""
    look = look_at_set(probe, site, iteration, check=False)
    hypervisor = hypervisor_of(probe, site)
    sources = read_sources(site, iteration, look, hypervisor)
    own = next((leaf for leaf in look.leaves if leaf.name == iteration.leaf), None)
    return RestoreSurvey(
        machine=site.machine,
        title=site.title,
        dn=site.dn,
        node=site.node.name,
        place=iteration.place,
        plan=site.plan,
        facts=look.facts,
        sources=sources,
        host=look_at_host(
            site.node, site.shell, hypervisor, site.directory, site.machine,
            image_paths(site, look.facts.images, sources),
        ),
        entry_known=site.known,
        leaf_mode=own.mode if own else "",
        domain=look.domain,
    )  # fmt: skip


def read_sources(
    site: MachineSite, iteration: Iteration, look: SetLook, hypervisor: Hypervisor
) -> Sources:
    """The five documents, with their secrets, and what else a comparison needs of the set."""
    documents = look.documents
    return Sources(
        machine=site.machine,
        leaf=iteration.leaf,
        directory_backup=documents.ldif,
        directory_now=ldif_of(list(site.entries)) if site.entries else None,
        xml_backup=documents.xml,
        xml_now=definition(hypervisor, look.domain),
        images=tuple(_set_image(image) for image in look.facts.images),
    ).with_state(documents.header)


def definition(hypervisor: Hypervisor, domain: DomainStatus | None) -> str | None:
    """Today's XML: the persistent definition, else that of the running machine."""
    return None if domain is None else hypervisor.xml(domain.name, inactive=domain.persistent)


def _set_image(image: ImageFacts) -> SetImage:
    has_backing = bool(image.backing)
    return SetImage(image.image, image.format, image.virtual_size, has_backing, image.problem)


def image_paths(site: MachineSite, images: Sequence[ImageFacts], sources: Sources) -> Iterable[str]:
    """Every path at which an image of this machine lies or may come to lie."""
    yield from (image.source for image in images)
    yield from (disk.source for disk in disks_of(site.entries))
    if isinstance(sources.xml_now, str):
        yield from (disk.source for disk in xml_facts(sources.xml_now, "today's XML").images)
