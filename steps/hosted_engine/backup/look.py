"""Looking at engine and agents side by side; nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from config.errors import RekindleError, StepFailed
from config.site import EngineHost
from steps.hosted_engine.backup.failover import Addresses, Candidate, candidates
from steps.hosted_engine.dialog.vm_status import EngineStatus
from steps.hosted_engine.ha_view import HaView, look_at_agents
from steps.targets import Targets
from steps.targets.engine import Engine
from steps.targets.engine_facts import Host, Machine
from steps.targets.shell import Shell

_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The hosts and machines of the engine, and what the agents say of the same hosts."""

    hosts: tuple[Host, ...]
    machines: tuple[Machine, ...]
    rows: tuple[EngineStatus, ...]
    addresses: Addresses
    told_by: str = ""
    global_maintenance: bool = False
    silent: tuple[str, ...] = field(default=())
    """Why hosts that were asked before did not tell."""

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every host, the best failover host first."""
        return candidates(self.hosts, self.machines, self.rows, self.addresses)

    def host(self, name: str) -> Host | None:
        """The engine's host of that name."""
        return next((host for host in self.hosts if host.name.lower() == name.lower()), None)


def look_at_hosts(targets: Targets, watchers: Sequence[EngineHost]) -> Seen:
    """Ask the engine, and the first of these hosts whose agents tell.

    Raises Unreachable or Refused of the engine, StepFailed where none of the hosts tells.
    """
    engine: Engine = targets.engine()
    hosts, machines = tuple(engine.hosts()), tuple(engine.machines())
    silent: list[str] = []
    for watcher in watchers:
        try:
            shell = targets.shell(watcher.name)
            view = look_at_agents(shell, watcher.command)
        except RekindleError as error:
            silent.append(f"{watcher.name}: {error.message}")
            continue
        if view is None or not view.rows:
            silent.append(f"{watcher.name}: hosted-engine --vm-status tells of no host")
            continue
        addresses = _addresses(shell, view, hosts)
        return Seen(
            hosts, machines, view.rows, addresses, watcher.name, view.global_maintenance,
            tuple(silent),
        )  # fmt: skip
    raise StepFailed(
        "No engine host tells by hosted-engine --vm-status which host is which."
        + "".join(f" {one}." for one in silent),
        "Name hosted-engine hosts under `engine_hosts:` in the site file; one must answer.",
        seen="; ".join(silent) or "no engine host in the site file",
        expected="the hosts by name, id and score",
    )


def _addresses(shell: Shell, view: HaView, hosts: Sequence[Host]) -> Addresses:
    """What the agents' names resolve to, where the engine does not have the host by its name."""
    by_name = {host.address.lower() for host in hosts}
    found: dict[str, frozenset[str]] = {}
    for row in view.rows:
        if row.host and row.host.lower() not in by_name:
            looked = shell.run(["getent", "ahosts", "--", row.host], timeout=_SECONDS, check=False)
            words = [line.split() for line in looked.out.splitlines()]
            found[row.host] = frozenset(line[0].lower() for line in words if line)
    return found
