"""The drills of machines: a directory, an embedded hypervisor, one practice machine."""

from __future__ import annotations

from config.questions import Value
from config.secrets import Secret
from steps.drill import practice_machine as practice
from steps.drill.fault import Fault, Scene
from steps.drill.faults import FAULTS
from steps.drill.places import Places
from steps.drill.scenario import Scenario
from steps.drill.systems import DrillSystem, directory_password
from steps.drill.truth import Truth


class MachineSystem(DrillSystem):
    """One machine, its backup, and what became of it since."""

    build = "steps.drill.build"
    score = "steps.drill.score"
    untouched = "steps.drill.untouched"

    def faults(self, scenario: Scenario) -> tuple[type[Fault], ...]:
        return FAULTS

    def scene(self, places: Places) -> Scene:
        return Scene(places, Truth.read(places.truth))

    def given(self, scenario: Scenario, scene: Scene) -> dict[str, Value]:
        return {
            "machine": practice.MACHINE,
            "iteration": scene.machine.leaf,
            "mode": "with-state",
            "shutdown_limit": 2,
            "recovery_target": scenario.target_seconds,
        }

    def secrets(self, scene: Scene) -> dict[str, Secret]:
        return directory_password(scene.places)


SYSTEM = MachineSystem()
