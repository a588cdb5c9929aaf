"""The drills there are: what broke, what the operator is asked to do, what a sound outcome is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import InvalidInput
from config.questions import Value
from steps.conflicts import Resolution, Resolutions
from steps.drill import practice_machine as practice
from steps.drill.truth import Truth

NEXT = "next-boot"
LIVE = "take-live"
BACKUP = "keep-backup"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One drill: `story` is told to the operator, the rest is what a scripted operator does."""

    name: str
    procedure: str
    title: str
    story: str
    decisions: Mapping[str, str]
    prompts: Mapping[str, str]
    target_seconds: int

    def given(self, truth: Truth) -> dict[str, Value]:
        """The scripted operator's answers."""
        return {
            "machine": practice.MACHINE,
            "iteration": truth.leaf,
            "mode": "with-state",
            "shutdown_limit": 2,
            "recovery_target": self.target_seconds,
        }

    def resolutions(self) -> Resolutions:
        """The scripted operator's decisions."""
        return {row: Resolution.parse(text) for row, text in self.decisions.items()}


RESTORE_MACHINE = Scenario(
    name="restore-machine",
    procedure="virtual_machine.restore",
    title="Bring a machine back to its backup",
    story="""\
web01 was changed today: twice the memory, another bridge, another MAC, another console port, a
third disk. Then something overwrote both of its first disks. The customer wants it back as it was
at the last backup, with its memory, and wants today's bridge and console port kept.
Bring it back. Nothing you do here touches anything but the practice folder.""",
    decisions={
        "memory": NEXT,
        "net0.mac": BACKUP,
        "net0.bridge": LIVE,
        "spice-port": LIVE,
        "description": LIVE,
        "vdc": NEXT,
    },
    prompts={"shut-down": "destroy", "cleanup": "keep"},
    target_seconds=600,
)

SCENARIOS = (RESTORE_MACHINE,)


def find_scenario(name: str) -> Scenario:
    """The drill of that name; raises InvalidInput."""
    found = next((scenario for scenario in SCENARIOS if scenario.name == name), None)
    if found is None:
        known = ", ".join(scenario.name for scenario in SCENARIOS)
        raise InvalidInput(f"There is no drill {name!r}.", f"There are: {known}.")
    return found
