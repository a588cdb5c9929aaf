"""One set that is to be checked, as plain JSON. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from steps.virtual_machine.places import SetPlace, StoragePlace


@dataclass(frozen=True, slots=True)
class SetJob:
    """One set. `size`: bytes on disk; `last_sound`, `record`: what is known of earlier checks.

    `here`: its node is the host that Rekindle runs on; `has_state`: a memory state can be tried.
    """

    machine: str
    title: str
    node: str
    place: SetPlace
    image_format: str
    size: int
    last_sound: str
    record: str
    here: bool
    has_state: bool
    memory: int = 0

    @property
    def key(self) -> str:
        """What tells it from every other set; stable."""
        return f"{self.machine}.{self.place.leaf}"

    @property
    def words(self) -> str:
        """What an operator calls it: the name of its lane."""
        return f"{self.title} of {self.place.leaf}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SetJob:
        """What `to_json` gave."""
        place = data["place"]
        return cls(
            **{**data, "place": SetPlace(**{**place, "storage": StoragePlace(**place["storage"])})}
        )
