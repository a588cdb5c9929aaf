"""Everything a choice is judged by: the mode, the host, the documents, the images. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from steps.virtual_machine import normalise as n
from steps.virtual_machine import sources as s
from steps.virtual_machine.host_facts import HostFacts, OtherMachine
from steps.virtual_machine.image_header import SetImage
from steps.virtual_machine.machine_devices import Device, Documents
from steps.virtual_machine.machine_fields import Field

WITH_STATE = "with-state"
COLD = "cold"


@dataclass(frozen=True, slots=True)
class Situation:
    """One comparison's surroundings. `fields` are all fields that were read, by id."""

    mode: str
    facts: HostFacts
    sources: s.Sources
    documents: Documents
    devices: tuple[Device, ...]
    fields: Mapping[str, Field]

    @property
    def with_state(self) -> bool:
        """Whether memory is restored, so that the guest's hardware is frozen."""
        return self.mode == WITH_STATE

    @property
    def base(self) -> str | None:
        """The XML the restore starts from: what the state was saved with, else the backup's."""
        for source in (s.XML_STATE, s.XML_BACKUP, s.XML_NOW):
            if source in self.documents.xmls:
                return source
        return None

    @property
    def others(self) -> tuple[OtherMachine, ...]:
        """Machines that are not this one."""
        mine = {n.identity(self.sources.machine)} | {
            seen.key
            for name in ("uuid",)
            if name in self.fields
            for seen in self.fields[name].seen.values()
        }
        return tuple(
            other for other in self.facts.other_machines if n.identity(other.uuid) not in mine
        )

    def set_image(self, device: Device) -> SetImage | None:
        """The image of that disk in the backup set, as far as somebody looked."""
        names = set(self.image_names(device))
        return next((i for i in self.sources.images or () if i.name in names), None)

    def image_names(self, device: Device) -> tuple[str, ...]:
        """File names the disk's image can have in the set, the likeliest first."""
        field = self.fields.get(f"{device.name}.source")
        if field is None:
            return ()
        found = (field.seen.get(x) for x in (s.XML_STATE, s.XML_BACKUP, s.DIRECTORY_BACKUP))
        paths = [seen.key for seen in found if seen is not None and seen.key]
        return tuple(dict.fromkeys(PurePosixPath(path).name for path in paths))

    def holds(self, device: Device, *sources: str) -> bool:
        """Whether any of these sources has the device."""
        return any(source in device.sources() for source in sources)
