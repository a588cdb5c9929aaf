"""What one trial of a backup set is given and what it tells, as plain JSON. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

AS_BACKED_UP = "as-backed-up"
COLD = "cold"
WITH_STATE = "with-state"


@dataclass(frozen=True, slots=True)
class TrialDisk:
    """One image of the set: where it lies and what it is."""

    target: str
    path: str
    format: str


@dataclass(frozen=True, slots=True)
class TrialJob:
    """One trial. `state` is empty for a cold boot; `seconds` is how long it is watched.

    `scratch` is removed afterwards with everything in it, `keep` stays: the screen and what the
    guest said on its serial port.
    """

    machine: str
    xml: str
    state: str
    disks: tuple[TrialDisk, ...]
    seconds: float
    scratch: str
    keep: str
    cache: str

    @property
    def root(self) -> Path:
        """The hypervisor's own folder."""
        return Path(self.scratch) / "hypervisor"

    def overlay(self, target: str) -> Path:
        """What the guest writes to in place of that disk."""
        return Path(self.scratch) / f"{target}.qcow2"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TrialJob:
        """What `to_json` gave."""
        return cls(**{**data, "disks": tuple(TrialDisk(**disk) for disk in data["disks"])})


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What was seen. `restored` is seconds until it ran, `processor` those it used meanwhile."""

    restored: float
    watched: float
    processor: float
    screen: str
    notes: tuple[str, ...]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TrialResult:
        """What the trial's process told."""
        return cls(**{**data, "notes": tuple(data["notes"])})
