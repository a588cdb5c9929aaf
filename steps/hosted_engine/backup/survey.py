"""What a backup of the engine is planned from: engine, hosts, and what both ends keep already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from config.errors import InvalidInput, Refused
from config.interviews.hosted_engine_backup import KEEP, WITHOUT
from config.questions import Given
from config.site import BackupServer, EngineHost, EngineMachine, Site
from steps.hosted_engine.archive.version import Version
from steps.hosted_engine.backup.failover import Candidate
from steps.hosted_engine.backup.kept import kept_backups
from steps.hosted_engine.backup.look import look_at_hosts
from steps.hosted_engine.backup.record import Summary
from steps.procedure import ProbeInput, Survey
from steps.targets.shell import Shell

SMALLEST: Final = 50 << 20
"""So much room an archive is expected to take where nothing tells more."""
_SHARE: Final = 5
"""A compressed dump against the database's folder: a fifth is on the safe side."""
_SECONDS: Final = 120.0
_PLACES: Final = (
    "/var/lib/pgsql", "/var/opt/rh", "/etc/ovirt-engine", "/etc/pki/ovirt-engine",
    "/var/lib/ovirt-engine",
)  # fmt: skip
_NAME: Final = r"""
sed -n 's/^ENGINE_FQDN=//p' /etc/ovirt-engine/engine.conf.d/*.conf 2>/dev/null | tail -n 1
"""
_VERSION: Final = ("rpm", "-q", "--qf", "%{VERSION}", "ovirt-engine")


@dataclass(frozen=True, slots=True)
class BackupSurvey:
    """The survey as its readers see it. `engine` is the engine's own name, empty where unknown."""

    now: datetime
    engine: str
    version: str
    candidates: tuple[Candidate, ...]
    needed: int
    on_server: tuple[Summary, ...]
    on_machine: tuple[Summary, ...]

    def to_json(self) -> Survey:
        """Plain data."""
        return {
            "now": self.now.isoformat(),
            "engine": self.engine,
            "version": self.version,
            "candidates": [one.to_data() for one in self.candidates],
            "needed": self.needed,
            "on_server": [asdict(one) for one in self.on_server],
            "on_machine": [asdict(one) for one in self.on_machine],
        }

    @classmethod
    def from_json(cls, survey: Survey) -> BackupSurvey:
        """What `to_json` wrote; raises InvalidInput for anything else."""
        data: dict[str, Any] = dict(survey)
        try:
            return cls(
                now=datetime.fromisoformat(data["now"]),
                engine=data["engine"],
                version=data["version"],
                candidates=tuple(Candidate.from_data(one) for one in data["candidates"]),
                needed=data["needed"],
                on_server=tuple(_summary(one) for one in data["on_server"]),
                on_machine=tuple(_summary(one) for one in data["on_machine"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(
                f"The survey of this backup is damaged: {type(error).__name__}: {error}.",
                "Start anew; a run made from it cannot go on.",
            ) from error


def _summary(data: dict[str, Any]) -> Summary:
    return Summary(**{**data, "scopes": tuple(data["scopes"])})


def survey(probe: ProbeInput) -> Survey:
    """Look at everything once. Raises Refused, Unreachable, StepFailed, InvalidInput."""
    given, machine = probe.given, engine_machine(probe.site)
    server = backup_server(probe.site, given)
    shell = probe.targets.shell(machine.name)
    on_server = kept_backups(probe.targets.shell(server.name), server.folder)
    kept = f"{machine.work_folder.rstrip('/')}/engine-backups"
    hosts = () if given.get("failover") == WITHOUT else _hosts(probe)
    return BackupSurvey(
        now=datetime.now(UTC),
        engine=engine_name(shell),
        version=version_of(probe, shell),
        candidates=hosts,
        needed=room_needed(shell, on_server),
        on_server=on_server,
        on_machine=kept_backups(shell, kept) if given.get("machine_copy") == KEEP else (),
    ).to_json()


def _hosts(probe: ProbeInput) -> tuple[Candidate, ...]:
    return look_at_hosts(probe.targets, probe.site.engine_hosts).candidates


def engine_machine(site: Site) -> EngineMachine:
    """The engine's machine; raises Refused where the site does not name it."""
    machine = site.engine.machine if site.engine is not None else None
    if machine is None:
        raise Refused(
            f"The site {site.name} does not say how the engine's machine is reached.",
            "Add `engine: machine:` to the site file; `rekindle site --example` shows how.",
        )
    return machine


def backup_server(site: Site, given: Given) -> BackupServer:
    """The server that was chosen; raises InvalidInput."""
    name = str(given.get("server") or "")
    server = site.backup_server(name)
    if server is None:
        known = ", ".join(one.name for one in site.backup_servers) or "none"
        raise InvalidInput(
            f"The site {site.name} has no backup server {name!r}; it has {known}.",
            "Add it to `backup_servers:` in the site file.",
        )
    return server


def engine_name(shell: Shell) -> str:
    """ENGINE_FQDN of the engine's own configuration; empty where it does not tell."""
    found = shell.run(["/bin/sh", "-c", _NAME], timeout=_SECONDS, check=False)
    return found.out.strip().strip("\"'")


def version_of(probe: ProbeInput, shell: Shell) -> str:
    """The engine's version: by its package, else by its API; empty where neither tells."""
    found = shell.run(list(_VERSION), timeout=_SECONDS, check=False)
    text = found.out.strip() if found.code == 0 else ""
    if not text and probe.given.get("failover") != WITHOUT:
        text = probe.targets.engine().about().version
    return text if parsed(text) is not None else ""


def parsed(text: str) -> Version | None:
    """The version, None where it is none."""
    try:
        return Version.parse(text)
    except InvalidInput:
        return None


def room_needed(shell: Shell, kept: Sequence[Summary]) -> int:
    """Bytes that the next archive is expected to take: half as much again as the largest yet."""
    if kept:
        return max(SMALLEST, max(one.size for one in kept) * 3 // 2)
    told = shell.run(["du", "-skc", "--", *_PLACES], timeout=_SECONDS, check=False).out
    total = told.splitlines()[-1].split()[0] if told.strip() else "0"
    return max(SMALLEST, int(total) * 1024 // _SHARE) if total.isdecimal() else SMALLEST


def watchers(site: Site, chosen: Candidate) -> tuple[EngineHost, ...]:
    """The site's engine hosts in the order in which they are asked: the failover host first."""
    own = (chosen.name.lower(), chosen.address.lower(), chosen.ha_name.lower())
    return tuple(sorted(site.engine_hosts, key=lambda host: host.name.lower() not in own))
