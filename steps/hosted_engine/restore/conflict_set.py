"""The conflicts of a restore as the screen and plain mode use them; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from config.errors import InvalidInput, Refused
from config.interviews.hosted_engine.conditions import ansible
from config.questions import Given
from config.site import Site
from steps.conflicts import Blocking, Preview, Resolution, Resolutions, Row, Warning_
from steps.hosted_engine.restore.host_risks import host_risks, rows_of_hosts
from steps.hosted_engine.restore.obstacles import cautions, obstacles
from steps.hosted_engine.restore.other_risks import other_risks
from steps.hosted_engine.restore.risk import PREVENT, RENAME, STOP, USE, Risk
from steps.hosted_engine.restore.survey import RestoreSurvey
from steps.procedure import Survey

OPEN = "decide"


class RestoreConflicts:
    """A ConflictSet (see steps/conflicts.py). Immutable."""

    mode = ""

    def __init__(
        self,
        survey: RestoreSurvey,
        risks: Sequence[Risk],
        always: Sequence[Blocking],
        warnings: Sequence[Warning_],
    ) -> None:
        self._survey = survey
        self._risks = {risk.id: risk for risk in risks}
        self._always, self._warnings = tuple(always), tuple(warnings)

    @property
    def title(self) -> str:
        """The engine and the archive."""
        return f"{self._survey.inspection.engine_fqdn or 'engine'} {self._survey.place.name}"

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Hosts, engine, machines, power, storage, scope."""
        return tuple(risk.row() for risk in self._risks.values())

    @property
    def warnings(self) -> Sequence[Warning_]:
        """What the operator should know."""
        return self._warnings

    @property
    def hidden(self) -> Mapping[str, int]:
        """Hosts of the backup that nothing is wrong with."""
        hosts = len(self._survey.inspection.hosts or ())
        clashing = len(self._survey.inspection.conflicts or ())
        return {"hosts without a conflict": hosts - clashing} if hosts > clashing else {}

    def check(self, row_id: str, resolution: Resolution) -> None:
        """Raise InvalidInput or Refused where that row may not be decided so."""
        risk = self._risk(row_id)
        if resolution.decision not in risk.allowed:
            reason = risk.refused.get(resolution.decision, "it is no choice for this row")
            raise Refused(
                f"{risk.title}: {resolution.decision} is refused: {reason}.",
                f"Allowed: {', '.join(risk.allowed)}.",
            )
        if resolution.decision is RENAME:
            risk.check(resolution.value)

    def together(self, row_id: str, resolution: Resolution) -> Resolutions:
        """Nothing is coupled."""
        return {row_id: resolution}

    def result(self, row_id: str, resolutions: Resolutions) -> str:
        """What the decision means ("decide" while open)."""
        risk = self._risk(row_id)
        chosen = decided(risk, resolutions)
        if chosen is None:
            return OPEN
        if chosen.decision is RENAME:
            return f"named {chosen.value}"
        return risk.words[chosen.decision]

    def still_open(self, resolutions: Resolutions) -> Sequence[str]:
        """Ids of rows that must still be decided."""
        return [risk.id for risk in self._risks.values() if decided(risk, resolutions) is None]

    def blocking(self, resolutions: Resolutions) -> Sequence[Blocking]:
        """What no choice settles, and where the operator stops."""
        chosen = ((risk, decided(risk, resolutions)) for risk in self._risks.values())
        stopped = [risk.stopped() for risk, found in chosen if found and found.decision is STOP]
        return (*self._always, *stopped)

    def previews(self, resolutions: Resolutions) -> Sequence[Preview]:
        """No document is written."""
        return ()

    def _risk(self, row_id: str) -> Risk:
        if row_id not in self._risks:
            known = ", ".join(self._risks) or "none"
            raise InvalidInput(f"There is no row {row_id!r}.", f"Rows: {known}.")
        return self._risks[row_id]


def decided(risk: Risk, resolutions: Resolutions) -> Resolution | None:
    """The decision; where only one is allowed it is that."""
    if risk.id in resolutions:
        return resolutions[risk.id]
    return Resolution(risk.allowed[0]) if risk.allowed == (STOP,) else None


def restore_conflicts(site: Site, given: Given, survey: Survey) -> RestoreConflicts:
    """Everything to be settled before this restore."""
    seen = RestoreSurvey.from_json(survey)
    return RestoreConflicts(
        seen,
        all_risks(given, seen),
        tuple(obstacles(site, given, seen)),
        tuple(cautions(given, seen)),
    )


def all_risks(given: Given, survey: RestoreSurvey) -> tuple[Risk, ...]:
    """Every row, in the order of the screen."""
    return (*host_risks(given, survey), *other_risks(given, survey))


def failover_hosts(survey: RestoreSurvey, resolutions: Resolutions) -> tuple[str, ...]:
    """Ids of the backup's hosts that are to be removed in time."""
    clashes = rows_of_hosts(survey)
    chosen = (row for row, found in resolutions.items() if found.decision is USE)
    return tuple(clashes[row].host_id for row in chosen if row in clashes)


def name_in_portal(given: Given, survey: RestoreSurvey, resolutions: Resolutions) -> str:
    """The host's name in the portal, as the decisions want it."""
    typed = [found.value for found in resolutions.values() if found.decision is RENAME]
    if typed:
        return typed[-1].strip()
    if ansible(given):
        hosts = {host.id: host.name for host in survey.inspection.hosts or ()}
        for host in failover_hosts(survey, resolutions):
            return hosts.get(host, "")
    return str(given.get("host_name", ""))


def holds_off_fencing(resolutions: Resolutions) -> bool:
    """Whether power fencing is to be held off after the restored engine starts."""
    return _prevents(resolutions, "power.fence")


def cleans_host(resolutions: Resolutions) -> bool:
    """Whether the host's old configuration is removed first."""
    return _prevents(resolutions, "host.deployed")


def _prevents(resolutions: Resolutions, row: str) -> bool:
    return row in resolutions and resolutions[row].decision is PREVENT
