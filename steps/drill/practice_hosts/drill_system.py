"""The drills of engine hosts: simulated hosts behind real SSH, real shells and real files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from config.errors import Refused
from config.questions import Finding, Value
from config.secrets import Secret
from config.site import Site
from config.site_secrets import resolve_site_secrets
from steps import catalogue
from steps.drill.fault import Fault, Scene
from steps.drill.practice_hosts.answers import answers_of
from steps.drill.practice_hosts.faults import ANSIBLE_FAULTS, CLASSIC_FAULTS
from steps.drill.scenario import Scenario
from steps.drill.systems import DrillSystem
from steps.procedure import ProbeInput
from steps.targets.open import open_targets

PROCEDURE = "hosted_engine.deploy"
SECRETS = {"admin_password": "Practice-admin-1", "root_password": "Practice-root-1"}
"""The scripted operator's passwords for an engine that is none; tests look for them in the run."""
HEEDED = ("mac",)
"""Answers whose warnings the scripted operator does not pass over."""


class EngineHostsSystem(DrillSystem):
    """Practice hosts, and the world behind them."""

    build = "steps.drill.practice_hosts.build"
    score = "steps.drill.practice_hosts.score"
    untouched = "steps.drill.practice_hosts.untouched"
    simulated = (
        "the hosts' programs, storage, network and the engine's machine. Real: SSH, shells, files."
    )

    def faults(self, scenario: Scenario) -> tuple[type[Fault], ...]:
        return CLASSIC_FAULTS if scenario.name == "deploy-classic" else ANSIBLE_FAULTS

    def given(self, scenario: Scenario, scene: Scene) -> dict[str, Value]:
        return answers_of(scenario.name)

    def secrets(self, scene: Scene) -> dict[str, Secret]:
        return {name: Secret(text) for name, text in SECRETS.items()}

    def look(self, site: Site, given: Mapping[str, Value]) -> None:
        refuse_what_is_wrong(PROCEDURE, site, given, HEEDED)


def refuse_what_is_wrong(
    procedure: str, site: Site, given: Mapping[str, Value], heeded: Collection[str] = ()
) -> None:
    """Raise Refused with every error that the interview's probes find; `heeded` names answers
    whose warnings count as well."""
    found = [
        f"{finding.text} {finding.remedy}".strip()
        for name, finding in _findings(procedure, site, given)
        if finding.level == "error" or (finding.level == "warning" and name in heeded)
    ]
    if found:
        raise Refused("; ".join(found))


def _findings(name: str, site: Site, given: Mapping[str, Value]) -> Iterator[tuple[str, Finding]]:
    """What the interview's probes find wrong with these answers, by the answer's name."""
    procedure = catalogue.find(name)
    targets = open_targets(site, resolve_site_secrets(site, _nobody))
    try:
        for question in procedure.interview.asked(given):
            if question.probe and given.get(question.name) not in (None, ""):
                probed = procedure.probes[question.probe](ProbeInput(site, given, targets))
                yield from ((question.name, finding) for finding in probed.findings)
    finally:
        targets.close()


def _nobody(name: str, *_how: object) -> Secret:
    raise Refused(f"Nobody is here to be asked for the {name}.")


SYSTEM = EngineHostsSystem()
