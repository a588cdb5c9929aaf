"""The drills of a lost engine: simulated hosts and engine, real SSH, files and archives."""

from __future__ import annotations

from config.questions import Value
from config.secrets import Secret
from steps.drill.fault import Fault, Scene
from steps.drill.lost_engine.answers import FAILOVER_DRILL, answers_of
from steps.drill.lost_engine.faults import FAILOVER_FAULTS, NEW_FAULTS
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.scenario import Scenario
from steps.drill.systems import DrillSystem
from steps.targets.open import ENGINE_PASSWORD

ROOT_PASSWORD = "Practice-root-1"  # noqa: S105  (of a machine that is simulated)


class LostEngineSystem(DrillSystem):
    """Practice hosts, their engine, its backup; and what became of them."""

    build = "steps.drill.lost_engine.build"
    score = "steps.drill.lost_engine.score"
    untouched = "steps.drill.lost_engine.untouched"
    simulated = (
        "the hosts' programs, storage, network, the engine and its machine's programs. Real: SSH,"
        " shells, files, the archive and what is read in it."
    )

    def faults(self, scenario: Scenario) -> tuple[type[Fault], ...]:
        return FAILOVER_FAULTS if scenario.name == FAILOVER_DRILL else NEW_FAULTS

    def given(self, scenario: Scenario, scene: Scene) -> dict[str, Value]:
        return answers_of(scenario.name) | {"recovery_target": scenario.target_seconds}

    def secrets(self, scene: Scene) -> dict[str, Secret]:
        password = EnginePlaces(scene.places.folder).password_file.read_text().strip()
        return {
            ENGINE_PASSWORD: Secret(password), "admin_password": Secret(password),
            "root_password": Secret(ROOT_PASSWORD),
        }  # fmt: skip


SYSTEM = LostEngineSystem()
