"""What was true when the practice machine was backed up, and what it has become since.

Kept as truth.json in the practice folder; the score reads it. It holds no secret.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from steps.drill.practice_machine import PracticeDisk, Shape


@dataclass(frozen=True, slots=True)
class Truth:
    """One practice site's history, as scoring needs it."""

    leaf: str
    node: str
    base: str
    card: str
    boot: int
    ticks: int
    then: Shape
    now: Shape

    def write(self, path: Path) -> None:
        """Write it for scoring."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Truth:
        """Read what `write` wrote."""
        data = json.loads(path.read_text())
        data["then"], data["now"] = _shape(data["then"]), _shape(data["now"])
        return cls(**data)


def _shape(data: dict[str, object]) -> Shape:
    disks = data.pop("disks")
    assert isinstance(disks, list)
    return Shape(disks=tuple(PracticeDisk(**disk) for disk in disks), **data)  # type: ignore[arg-type]
