"""The twelve machines of the night as data, and what is true of them before it begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from steps.drill import practice_machine as practice
from steps.drill.places import Places
from steps.drill.practice_machine import MIB, PracticeDisk, Shape


class Part(StrEnum):
    """What a machine is there for."""

    SOUND = "sound"
    EXCLUDED = "excluded"
    STUCK = "stuck"
    STOPPED = "stopped"
    NO_RAM_DISK = "no-ram-disk"


_TITLES: Mapping[str, Part] = {
    "web01": Part.SOUND, "web02": Part.SOUND, "web03": Part.SOUND, "app01": Part.SOUND,
    "app02": Part.SOUND, "db01": Part.SOUND, "db02": Part.STUCK, "mail01": Part.NO_RAM_DISK,
    "ldap01": Part.SOUND, "build01": Part.EXCLUDED, "files01": Part.SOUND, "old01": Part.STOPPED,
}  # fmt: skip
_TWO_DISKS = ("db01", "files01")
FAILED_LEAF = "20261103T013000Z"
"""The iteration whose merge failed some nights ago."""
MERGE_FAILED = "11"


@dataclass(frozen=True, slots=True)
class NightMachine:
    """One machine: its shape, its part in the drill."""

    shape: Shape
    part: Part

    @property
    def title(self) -> str:
        """What the operator calls it."""
        return self.shape.title

    @property
    def runs(self) -> bool:
        """Whether it runs when the night begins."""
        return self.part is not Part.STOPPED


def night_machines(ports: tuple[int, ...]) -> tuple[NightMachine, ...]:
    """All of them, in the directory's order; one console port each."""
    return tuple(
        NightMachine(_shape(number, title, port), part)
        for number, ((title, part), port) in enumerate(zip(_TITLES.items(), ports, strict=True), 1)
    )


COUNT = len(_TITLES)


def _shape(number: int, title: str, port: int) -> Shape:
    machine = f"{practice.MACHINE[:-2]}{number + 16:02x}"
    targets = ("vda", "vdb") if title in _TWO_DISKS else ("vda",)
    disks = tuple(
        PracticeDisk(target, f"{machine[-2:]}-{title}-{target}.qcow2", 16 * MIB, 0x40 + number + at)
        for at, target in enumerate(targets)
    )
    return Shape(
        memory=32 * MIB, bridge="none", mac=f"52:54:00:0c:00:{number:02x}",
        address=f"10.1.0.{number + 20}", console_port=port, description=title, disks=disks,
        machine=machine, title=title,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NightTruth:
    """What was true when the night began: the boot of each guest, where disks are, a checksum."""

    node: str
    base: str
    ports: tuple[int, ...]
    boots: Mapping[str, int]
    """Boot identity by machine; none for one that is off."""
    excluded_images: Mapping[str, str]
    """SHA-256 of the images of the excluded machine, by file name."""
    ram_disk_full: bool
    """Whether a file system in memory could be filled, or the RAM disk is just not there."""

    @property
    def machines(self) -> tuple[NightMachine, ...]:
        """The machines of this site."""
        return night_machines(self.ports)

    def one(self, part: Part) -> NightMachine:
        """The machine that plays that part."""
        return next(machine for machine in self.machines if machine.part is part)

    def write(self, path: Path) -> None:
        """Write it for scoring."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> NightTruth:
        """Read what `write` wrote."""
        data = json.loads(path.read_text())
        return cls(**{**data, "ports": tuple(data["ports"])})


def ram_disk(places: Places) -> Path:
    """What the site's backup plan names as RAM disk."""
    return places.folder / "ram"


def full_ram_disk(places: Places) -> Path:
    """What the plan of one machine names: it has no room."""
    return places.folder / "ram-full"
