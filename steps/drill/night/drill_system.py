"""The drill of the nightly backup: its site, and what the scripted operator does in turn."""

from __future__ import annotations

from config.interviews.virtual_machine_repair import REMOVE
from config.questions import Value
from config.secrets import Secret
from steps.drill.fault import Fault, Scene
from steps.drill.night.machines import FAILED_LEAF, NightTruth, Part
from steps.drill.scenario import Scenario
from steps.drill.systems import DrillSystem, Turn, directory_password


class NightSystem(DrillSystem):
    """Twelve machines on one node."""

    build = "steps.drill.night.build"
    score = "steps.drill.night.score"
    untouched = "steps.drill.night.score"

    def faults(self, scenario: Scenario) -> tuple[type[Fault], ...]:
        return ()

    def given(self, scenario: Scenario, scene: Scene) -> dict[str, Value]:
        """Everything, by the site's way: saved through the RAM disk; what cannot be is left out."""
        return {
            "through": "here",
            "machines": ("all",),
            "excluded": "leave-out",
            "faulty": "leave-out",
            "method": "save",
            "ram_disk": True,
            "at_once": 4,
        }

    def turns(self, scenario: Scenario, scene: Scene) -> tuple[Turn, ...]:
        """The night; then what was stuck is repaired, and backed up as well."""
        stuck = NightTruth.read(scene.places.truth).one(Part.STUCK).shape.machine
        night = self.given(scenario, scene)
        repair: dict[str, Value] = {"machine": stuck, "leaf": FAILED_LEAF, "action": REMOVE}
        return (
            Turn(scenario.procedure, night),
            Turn("virtual_machine.repair", repair),
            Turn(scenario.procedure, {**night, "machines": (stuck,)}),
        )

    def secrets(self, scene: Scene) -> dict[str, Secret]:
        return directory_password(scene.places)


SYSTEM = NightSystem()
