"""What "Change a backup plan" is planned from: the plan as it stands, and the node's files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from config.errors import InvalidInput
from config.interviews.virtual_machine_plan import BACKUP, DIRECTORY_ONLY, SCHEDULE, SITE
from config.questions import Given
from config.schedules import SYSTEMD_FOLDER
from steps.ldif_text import dump_entries, parse_entries
from steps.procedure import ProbeInput, Survey
from steps.schedules.node_files import NodeFiles, look_at_node, schedule_files, schedule_name
from steps.schedules.zone import own_zone
from steps.targets.directory import Entry
from steps.virtual_machine.plans.lookup import Ruled, ruled
from steps.virtual_machine.safe_names import safe_path


@dataclass(frozen=True, slots=True)
class PlanSurvey:
    """The survey as its readers see it."""

    found: Ruled
    zone: str
    node: NodeFiles | None
    now: datetime

    def to_json(self) -> Survey:
        """Plain data; a plan holds no secret."""
        found, node = self.found, self.node
        return {
            "scope": found.scope, "name": found.name, "title": found.title, "dn": found.dn,
            "own": _ldif(found.own), "own_csn": found.own.entry_csn if found.own else "",
            "winner": _ldif(found.winner), "origin": found.origin, "children": found.children,
            "zone": self.zone, "now": self.now.isoformat(),
            "node": None if node is None else {
                "name": node.name, "zone": node.zone, "systemd": node.systemd,
                "files": dict(node.files),
            },
        }  # fmt: skip

    @classmethod
    def from_json(cls, survey: Survey) -> PlanSurvey:
        """What `to_json` wrote; raises InvalidInput for anything else."""
        data: dict[str, Any] = dict(survey)
        try:
            own = _entry(data["own"], data["own_csn"])
            found = Ruled(
                data["scope"], data["name"], data["title"], data["dn"], own,
                _entry(data["winner"], ""), data["origin"], data["children"],
            )  # fmt: skip
            node = None if data["node"] is None else NodeFiles(**data["node"])
            return cls(found, data["zone"], node, datetime.fromisoformat(data["now"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(
                f"The survey of this plan is damaged: {type(error).__name__}: {error}.",
                "Start anew; a run made from it cannot go on.",
            ) from error


def survey(probe: ProbeInput) -> Survey:
    """Look at everything once; raises InvalidInput where machine, pool or node is not known."""
    scope = str(probe.given.get("scope", ""))
    name = str(probe.given.get(scope, "")) if scope != SITE else ""
    found = ruled(probe.targets.directory(), scope, name)
    node = _node(probe, found)
    zone = node.zone if node else own_zone().key
    return PlanSurvey(found, zone, node, datetime.now(UTC)).to_json()


def files_of(given: Given, found: Ruled) -> tuple[str, ...]:
    """Every file of this schedule: service, timer, crontab line. What is not wanted goes away."""
    folder = safe_path(str(given.get("folder", SYSTEMD_FOLDER)), "folder")
    return schedule_files(file_name(given, found), str(given.get("install")), folder)


def file_name(given: Given, found: Ruled) -> str:
    """rekindle-backup or rekindle-check, with machine or pool; cron takes no dots in a name."""
    job = "backup" if given.get("job", BACKUP) == BACKUP else "check"
    return schedule_name("rekindle", job, *(() if found.scope == SITE else (found.name,)))


def _node(probe: ProbeInput, found: Ruled) -> NodeFiles | None:
    given = probe.given
    if given.get("what") != SCHEDULE or given.get("install", DIRECTORY_ONLY) == DIRECTORY_ONLY:
        return None
    name = str(given.get("node", ""))
    shell = probe.targets.shell(name)
    return look_at_node(shell, name, files_of(given, found))


def _ldif(entry: Entry | None) -> str:
    return "" if entry is None else dump_entries((entry,))


def _entry(ldif: str, csn: str) -> Entry | None:
    if not ldif:
        return None
    read = parse_entries(ldif.encode(), "the survey")[0]
    return Entry(read.dn, read.attributes, csn)
