"""What a drill needs of its system: a practice site to build and to score, answers, faults."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from config.questions import Value
from config.secrets import Secret
from config.site import Site
from steps.drill.fault import Fault, Scene
from steps.drill.places import Places
from steps.drill.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of a drill: which procedure, and the scripted operator's answers."""

    procedure: str
    given: dict[str, Value]


class DrillSystem(ABC):
    """One system's practice site. The modules run in processes of their own (child.py)."""

    build: str
    score: str
    untouched: str
    simulated: str = ""
    """What of it is simulated, for the report; empty where all of it is real."""

    @abstractmethod
    def faults(self, scenario: Scenario) -> tuple[type[Fault], ...]:
        """What can go wrong in that drill."""

    def scene(self, places: Places) -> Scene:
        """The site that stands there."""
        return Scene(places)

    @abstractmethod
    def given(self, scenario: Scenario, scene: Scene) -> dict[str, Value]:
        """The scripted operator's answers."""

    def turns(self, scenario: Scenario, scene: Scene) -> tuple[Turn, ...]:
        """The runs of the drill, one after the other."""
        return (Turn(scenario.procedure, self.given(scenario, scene)),)

    @abstractmethod
    def secrets(self, scene: Scene) -> dict[str, Secret]:
        """What the runner asks for."""

    def look(self, site: Site, given: Mapping[str, Value]) -> None:  # noqa: B027 - the survey may do
        """Look as the wizard does while the answers are given; raises Refused for what is wrong."""


def directory_password(places: Places) -> dict[str, Secret]:
    """The secret of a practice site with a directory, as the runner asks for it."""
    return {"directory password": Secret(places.password_file.read_text().strip())}


_PLACES: Final = {
    "machine": "steps.drill.machine_system:SYSTEM",
    "night": "steps.drill.night.drill_system:SYSTEM",
    "lost-engine": "steps.drill.lost_engine.drill_system:SYSTEM",
    "engine-hosts": "steps.drill.practice_hosts.drill_system:SYSTEM",
    "engine-backup": "steps.drill.engine_backup.drill_system:SYSTEM",
}


def system_of(scenario: Scenario) -> DrillSystem:
    """The system that a drill belongs to."""
    module, _, name = _PLACES[scenario.system].partition(":")
    system: DrillSystem = getattr(import_module(module), name)
    return system
