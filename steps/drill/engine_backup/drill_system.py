"""The drill of a backup of the engine: its site, its faults, the scripted operator's answers."""

from __future__ import annotations

from collections.abc import Mapping

from config.interviews.hosted_engine_backup import BEST
from config.questions import Value
from config.secrets import Secret
from config.site import Site
from steps.drill.engine_backup.faults import FAULTS
from steps.drill.fault import Fault, Scene
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.practice_hosts import first_world
from steps.drill.practice_hosts.drill_system import refuse_what_is_wrong
from steps.drill.scenario import Scenario
from steps.drill.systems import DrillSystem
from steps.targets.open import ENGINE_PASSWORD

PROCEDURE = "hosted_engine.backup"


class EngineBackupSystem(DrillSystem):
    """Practice hosts, a practice engine with its machine, a backup server."""

    build = "steps.drill.engine_backup.build"
    score = "steps.drill.engine_backup.score"
    untouched = "steps.drill.engine_backup.untouched"
    simulated = (
        "the engine, its machine's and the hosts' programs. Real: SSH, shells, files, archives, the"
        " engine's API as its own client library speaks it."
    )

    def faults(self, scenario: Scenario) -> tuple[type[Fault], ...]:
        return FAULTS

    def given(self, scenario: Scenario, scene: Scene) -> dict[str, Value]:
        """The failover host is found, not named: every host carries machines."""
        return {
            "failover": BEST, "server": first_world.BACKUP, "scope": ("all",), "retention": 7,
            "wait_minutes": 1,
        }  # fmt: skip

    def secrets(self, scene: Scene) -> dict[str, Secret]:
        password = EnginePlaces(scene.places.folder).password_file.read_text().strip()
        return {ENGINE_PASSWORD: Secret(password)}

    def look(self, site: Site, given: Mapping[str, Value]) -> None:
        refuse_what_is_wrong(PROCEDURE, site, given)


SYSTEM = EngineBackupSystem()
