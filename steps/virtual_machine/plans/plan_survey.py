"""What "Change a backup plan" is planned from: the plan as it stands, and the node's files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from config.errors import InvalidInput
from config.interviews.virtual_machine_plan import (
    BACKUP,
    CRON,
    CRON_FOLDER,
    DIRECTORY_ONLY,
    SCHEDULE,
    SITE,
    SYSTEMD_FOLDER,
    TIMER,
    UNINSTALL,
)
from config.questions import Given
from steps.ldif_text import dump_entries, parse_entries
from steps.procedure import ProbeInput, Survey
from steps.targets.directory import Entry
from steps.targets.shell import Shell
from steps.virtual_machine.plans.lookup import Ruled, ruled
from steps.virtual_machine.plans.zone import own_zone, zone_of
from steps.virtual_machine.safe_names import safe_path

_SYSTEMD = "/run/systemd/system"
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """One node: its zone, whether systemd runs there, and the SHA-256 of each file in question
    (empty where there is none)."""

    name: str
    zone: str
    systemd: bool
    files: Mapping[str, str]


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
    name = file_name(given, found)
    folder = safe_path(str(given.get("folder", SYSTEMD_FOLDER)), "folder")
    units, lines = folder, folder
    if given.get("install") == TIMER and folder == SYSTEMD_FOLDER:
        lines = CRON_FOLDER
    if given.get("install") == CRON and folder == CRON_FOLDER:
        units = SYSTEMD_FOLDER
    if given.get("install") == UNINSTALL and folder == SYSTEMD_FOLDER:
        lines = CRON_FOLDER
    return (f"{units}/{name}.service", f"{units}/{name}.timer", f"{lines}/{name}")


def file_name(given: Given, found: Ruled) -> str:
    """rekindle-backup or rekindle-check, with machine or pool; cron takes no dots in a name."""
    job = "backup" if given.get("job", BACKUP) == BACKUP else "check"
    words = ("rekindle", job) if found.scope == SITE else ("rekindle", job, found.name)
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in "-".join(words))


def content_sha(shell: Shell, path: str) -> str:
    """SHA-256 of a small file, empty where there is none; raises InvalidInput for another thing."""
    status = shell.status(path)
    if status is None:
        return ""
    if status.kind != "file" or status.size > _LARGEST:
        raise InvalidInput(f"{path} on {shell.where} is not a small file.", "Look at it by hand.")
    return hashlib.sha256(shell.read(path, limit=_LARGEST)).hexdigest()


def _node(probe: ProbeInput, found: Ruled) -> NodeFiles | None:
    given = probe.given
    if given.get("what") != SCHEDULE or given.get("install", DIRECTORY_ONLY) == DIRECTORY_ONLY:
        return None
    name = str(given.get("node", ""))
    shell = probe.targets.shell(name)
    return NodeFiles(
        name=name,
        zone=zone_of(shell).key,
        systemd=shell.status(_SYSTEMD) is not None,
        files={path: content_sha(shell, path) for path in files_of(given, found)},
    )


def _ldif(entry: Entry | None) -> str:
    return "" if entry is None else dump_entries((entry,))


def _entry(ldif: str, csn: str) -> Entry | None:
    if not ldif:
        return None
    read = parse_entries(ldif.encode(), "the survey")[0]
    return Entry(read.dn, read.attributes, csn)
